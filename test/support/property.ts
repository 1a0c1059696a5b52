import fc from 'fast-check';

/**
 * fast-check with a seed that is the same in every run, so that a change is judged by what it changed; SEED=N tries
 * others, and `npm run fuzz` always does.
 */
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 20_261_126) });

export default fc;
