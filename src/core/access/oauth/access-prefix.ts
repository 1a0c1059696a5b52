/** Of tokens by which apps call: they are found by it where they got lost. */
export const ACCESS_PREFIX = 'tda_';
