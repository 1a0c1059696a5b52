import type { Role } from './role.ts';

/**
 * Who calls.
 *
 * - `machine`: whoever runs programs here with the data folder or the database at hand: the command line, MCP over stdio
 * - `open`: anybody on this machine, while nobody has made a key or a person
 * - `admin_key`: who has `TIDINGS_API_KEY`
 * - `key`: who has a key with a name
 * - `user`: a person who has signed in
 * - `token`: a program that somebody let in elsewhere, at the issuer of access tokens
 * - `app`: a program that a person has connected here
 */
export interface Principal {
  readonly kind: 'machine' | 'open' | 'admin_key' | 'key' | 'user' | 'token' | 'app';
  /** Of the key or the person; of a token the `sub`, of an app what its person allowed; null for others. */
  readonly id: string | null;
  readonly name: string | null;
  readonly role: Role;
  /** Its role is less than it was made with, since this process changes nothing for anybody (`TIDINGS_READ_ONLY`). */
  readonly isReadOnly?: true;
}
