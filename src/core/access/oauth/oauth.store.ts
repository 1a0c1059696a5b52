import type { Reader, Transaction } from '../../../ledger/ledger.ts';
import type { Role } from '../role.ts';

export interface ClientRow {
  readonly id: string;
  readonly name: string;
  /** JSON. */
  readonly redirect_uris: string;
  /** Milliseconds since 1970. */
  readonly created_at: number;
  readonly allowed_at: number | null;
}

export interface GrantRow {
  readonly id: string;
  readonly client_id: string;
  readonly client_name: string;
  readonly client_host: string;
  readonly user_id: string;
  readonly role: Role;
  readonly resource: string;
  readonly redirect_uri: string;
  readonly challenge: string;
  readonly code_hash: string;
  /** Milliseconds since 1970, as the times below. */
  readonly code_expires_at: number;
  readonly created_at: number;
  readonly connected_at: number | null;
  readonly used_at: number | null;
  readonly revoked_at: number | null;
}

export interface TokenRow {
  readonly hash: string;
  readonly grant_id: string;
  readonly kind: 'access' | 'refresh';
  readonly expires_at: number;
  readonly used_at: number | null;
}

/** A grant with the person who gave it, as that person is now. */
export type OwnedGrant = GrantRow & { readonly user_name: string; readonly user_role: Role };

/** Clients that nobody has let in: whoever registers may do it without being known. */
const UNUSED_MAX = 1_000;
const OWNED = `SELECT g.*, u.name AS user_name, u.role AS user_role
  FROM oauth_grants g JOIN users u ON u.id = g.user_id AND u.removed_at IS NULL`;

/** Where there are too many that nobody has let in, the oldest of those go. */
export async function insertClient(tx: Transaction, client: Omit<ClientRow, 'allowed_at'>): Promise<void> {
  await tx.run(
    `DELETE FROM oauth_clients WHERE id IN (SELECT id FROM oauth_clients WHERE allowed_at IS NULL
     ORDER BY created_at DESC, id DESC LIMIT 1000000 OFFSET ?)`,
    UNUSED_MAX - 1,
  );
  await tx.run(
    'INSERT INTO oauth_clients (id, name, redirect_uris, created_at) VALUES (?, ?, ?, ?)',
    ...[client.id, client.name, client.redirect_uris, client.created_at],
  );
}

export function findClient(reader: Reader, id: string): Promise<ClientRow | undefined> {
  return reader.get<ClientRow>('SELECT * FROM oauth_clients WHERE id = ?', id);
}

/** With a code that is not used yet; those whose code is over go. */
export async function insertGrant(
  tx: Transaction,
  grant: Omit<GrantRow, 'connected_at' | 'used_at' | 'revoked_at'>,
): Promise<void> {
  await tx.run(
    'DELETE FROM oauth_grants WHERE connected_at IS NULL AND code_expires_at < ?',
    grant.created_at,
  );
  await tx.run('UPDATE oauth_clients SET allowed_at = ? WHERE id = ?', grant.created_at, grant.client_id);
  const columns = Object.keys(grant);
  await tx.run(
    `INSERT INTO oauth_grants (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    ...Object.values(grant),
  );
}

export function findGrant(reader: Reader, id: string): Promise<OwnedGrant | undefined> {
  return reader.get<OwnedGrant>(`${OWNED} WHERE g.id = ?`, id);
}

/** By a token that calls, whether it is over or not. */
export function findGrantByToken(
  reader: Reader,
  hash: string,
): Promise<(OwnedGrant & { readonly expires_at: number }) | undefined> {
  return reader.get(
    `SELECT g.*, u.name AS user_name, u.role AS user_role, t.expires_at
     FROM oauth_tokens t JOIN oauth_grants g ON g.id = t.grant_id
       JOIN users u ON u.id = g.user_id AND u.removed_at IS NULL
     WHERE t.hash = ? AND t.kind = 'access'`,
    hash,
  );
}

export function findGrantByCode(reader: Reader, hash: string): Promise<OwnedGrant | undefined> {
  return reader.get<OwnedGrant>(`${OWNED} WHERE g.code_hash = ?`, hash);
}

/** Those that were used, oldest first; of one person, or of all. */
export function listGrants(
  reader: Reader,
  of: { readonly userId: string | null; readonly afterId: string; readonly limit: number },
): Promise<OwnedGrant[]> {
  return reader.all<OwnedGrant>(
    `${OWNED} WHERE g.id > ? AND g.connected_at IS NOT NULL AND (g.user_id = ? OR ? = 1) ORDER BY g.id LIMIT ?`,
    ...[of.afterId, of.userId ?? '', of.userId === null ? 1 : 0, of.limit],
  );
}

export async function noteConnected(tx: Transaction, id: string, nowMs: number): Promise<void> {
  await tx.run('UPDATE oauth_grants SET connected_at = ? WHERE id = ?', nowMs, id);
}

export async function noteGrantUse(tx: Transaction, id: string, nowMs: number): Promise<void> {
  await tx.run('UPDATE oauth_grants SET used_at = ? WHERE id = ?', nowMs, id);
}

/** With all its tokens: none of them opens anything from then on. */
export async function revokeGrant(tx: Transaction, id: string, nowMs: number): Promise<void> {
  await tx.run('UPDATE oauth_grants SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL', nowMs, id);
  await tx.run('DELETE FROM oauth_tokens WHERE grant_id = ?', id);
}

/** Those that are over go with it: nothing else has to clean up. */
export async function insertToken(
  tx: Transaction,
  token: Omit<TokenRow, 'used_at'>,
  nowMs: number,
): Promise<void> {
  await tx.run('DELETE FROM oauth_tokens WHERE expires_at < ?', nowMs);
  await tx.run(
    'INSERT INTO oauth_tokens (hash, grant_id, kind, expires_at) VALUES (?, ?, ?, ?)',
    ...[token.hash, token.grant_id, token.kind, token.expires_at],
  );
}

/** Whatever became of it, and of its grant. */
export function findToken(reader: Reader, hash: string): Promise<TokenRow | undefined> {
  return reader.get<TokenRow>('SELECT * FROM oauth_tokens WHERE hash = ?', hash);
}

export async function noteTokenUse(tx: Transaction, hash: string, nowMs: number): Promise<void> {
  await tx.run('UPDATE oauth_tokens SET used_at = ? WHERE hash = ?', nowMs, hash);
}
