/**
 * What calling an operation can do to the world: reading, changing what is stored, messaging people, saying yes for a
 * person, or deciding who may do which of these. To stop is another
 * thing: whoever may call at all may.
 */
export type Effect = 'read' | 'write' | 'send' | 'approve' | 'administer' | 'stop';

/** From who may least to who may most. */
export const ROLES = ['viewer', 'author', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** The lowest role for each effect: roles are effects, and nothing else. */
const NEEDED: Readonly<Record<Effect, Role>> = {
  read: 'viewer',
  write: 'author',
  send: 'operator',
  approve: 'operator',
  administer: 'admin',
  stop: 'viewer',
};

export function roleFor(effect: Effect): Role {
  return NEEDED[effect];
}

export function allows(role: Role, effect: Effect): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(NEEDED[effect]);
}

export function effectsOf(role: Role): Effect[] {
  return (Object.keys(NEEDED) as Effect[]).filter((effect) => allows(role, effect));
}

export function lowerOf(one: Role, other: Role): Role {
  return ROLES[Math.min(ROLES.indexOf(one), ROLES.indexOf(other))]!;
}

/** Roles that a token can give: who decides over people and keys is a person, or has a key. Highest first. */
export const SCOPES = ['operator', 'author', 'viewer'] as const satisfies readonly Role[];
