import type { Caller } from './operation.ts';

/** Whose a token or a form is, and who has asked. */
export function callerName({ principal: { kind, name } }: Pick<Caller, 'principal'>): string {
  if (kind === 'key') return `key ${name}`;
  if (kind === 'app') return `app ${name}`;
  if (kind === 'user') return `person ${name}`;
  if (kind === 'token') return `token of ${name}`;
  return kind === 'admin_key' ? 'TIDINGS_API_KEY' : 'this machine';
}

/** Somebody who signed in, or sits at the command line of the machine, and no program that came by another door. */
export function isPerson({ principal: { kind }, door }: Pick<Caller, 'principal' | 'door'>): boolean {
  return kind === 'user' || (kind === 'machine' && door === 'cli');
}
