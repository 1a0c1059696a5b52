import { createHash } from 'node:crypto';
import type { Ledger, Transaction } from '../../../ledger/ledger.ts';
import { newId } from '../../new-id.ts';
import type { Access } from '../access.ts';
import { insertAudit } from '../audit.store.ts';
import type { Principal } from '../principal.ts';
import { lowerOf, type Role } from '../role.ts';
import { hashSecret, newSecret } from '../secret.ts';
import { ACCESS_PREFIX } from './access-prefix.ts';
import {
  findClient,
  findGrant,
  findGrantByCode,
  findToken,
  type GrantRow,
  insertClient,
  insertGrant,
  insertToken,
  noteConnected,
  noteTokenUse,
  revokeGrant,
} from './oauth.store.ts';
import { hostOf } from './redirect.ts';

/** Of a token that calls. Apps get the next one by themselves. */
export const ACCESS_MS = 60 * 60_000;
/** Of one that gets the next: so long an app may be left alone. */
const REFRESH_MS = 30 * 24 * 60 * 60_000;
/** A browser takes it from one page to the next. */
const CODE_MS = 60_000;
const REFRESH_PREFIX = 'tdr_';
const VERIFIER = /^[\w.~-]{43,128}$/;

/** An app, as it says of itself. */
export interface OAuthClient {
  readonly id: string;
  readonly name: string;
  readonly redirectUris: readonly string[];
}

/** What a person says yes to. */
export interface Consent {
  readonly client: OAuthClient;
  readonly redirectUri: string;
  /** PKCE, S256. */
  readonly challenge: string;
  readonly resource: string;
  readonly role: Role;
}

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly role: Role;
}

/**
 * Lets apps act for a person who has said so:
 *
 * ```
 * registered ─▶ allowed (a code, 60 s, once) ─▶ connected ─▶ revoked
 *                                                 └─ access 1 h, refresh 30 days: each refresh gives both anew
 * ```
 *
 * A code or a refresh that comes a second time was copied: nobody can know by whom, so the whole grant ends.
 */
export class OAuthServer {
  readonly #ledger: Ledger;
  readonly #access: Access;

  constructor(ledger: Ledger, access: Access) {
    this.#ledger = ledger;
    this.#access = access;
  }

  async register({ name, redirectUris }: Omit<OAuthClient, 'id'>): Promise<OAuthClient> {
    const id = newId();
    const created_at = Date.now();
    const row = { id, name, redirect_uris: JSON.stringify(redirectUris), created_at };
    await this.#ledger.write((tx) => insertClient(tx, row));
    return { id, name, redirectUris };
  }

  /** null: it has not registered here, or nobody let it in and it made room. */
  async client(id: string): Promise<OAuthClient | null> {
    const row = await findClient(this.#ledger, id);
    return row
      ? { id: row.id, name: row.name, redirectUris: JSON.parse(row.redirect_uris) as string[] }
      : null;
  }

  /** @returns the code, which the browser takes to the app */
  async allow(consent: Consent, person: Principal, browser: string | null): Promise<string> {
    const code = newSecret();
    const { client, redirectUri, challenge, resource, role } = consent;
    await this.#ledger.write(async (tx) => {
      const nowMs = Date.now();
      const id = newId();
      await insertGrant(tx, {
        ...{ id, client_id: client.id, client_name: client.name, client_host: hostOf(redirectUri) },
        ...{ user_id: person.id!, role, resource, redirect_uri: redirectUri, challenge },
        ...{ code_hash: hashSecret(code), code_expires_at: nowMs + CODE_MS, created_at: nowMs },
      });
      await note(tx, `person ${person.name}`, person.id!, 'apps.allow', id, browser);
    });
    return code;
  }

  /** The tokens for a code; null: it is none, is over or used, or was given to somebody or for something else. */
  redeem(given: {
    readonly code: string;
    readonly verifier: string;
    readonly clientId: string;
    readonly redirectUri: string;
    readonly resource: string;
  }): Promise<Tokens | null> {
    return this.#ledger.write(async (tx) => {
      const nowMs = Date.now();
      const grant = await findGrantByCode(tx, hashSecret(given.code));
      if (!grant || grant.revoked_at !== null) return null;
      if (grant.connected_at !== null) return this.#endCopied(tx, grant, nowMs);
      const isRight =
        grant.code_expires_at > nowMs &&
        grant.client_id === given.clientId &&
        grant.redirect_uri === given.redirectUri &&
        grant.resource === given.resource &&
        VERIFIER.test(given.verifier) &&
        challengeOf(given.verifier) === grant.challenge;
      if (!isRight) return null;
      await noteConnected(tx, grant.id, nowMs);
      return issue(tx, grant, lowerOf(grant.role, grant.user_role), nowMs);
    });
  }

  /** The next tokens; null: this gives none, or none any more. */
  refresh(given: {
    readonly token: string;
    readonly clientId: string;
    readonly resource: string;
  }): Promise<Tokens | null> {
    return this.#ledger.write(async (tx) => {
      const nowMs = Date.now();
      const hash = hashSecret(given.token);
      const token = await findToken(tx, hash);
      const grant = token?.kind === 'refresh' ? await findGrant(tx, token.grant_id) : undefined;
      if (!token || !grant || grant.revoked_at !== null) return null;
      if (grant.client_id !== given.clientId || grant.resource !== given.resource) return null;
      if (token.expires_at <= nowMs) return null;
      if (token.used_at !== null) return this.#endCopied(tx, grant, nowMs);
      await noteTokenUse(tx, hash, nowMs);
      return issue(tx, grant, lowerOf(grant.role, grant.user_role), nowMs);
    });
  }

  /** Ends what a token belongs to, whichever of its tokens it is. Of another client, or none: nothing happens. */
  async revokeToken(given: string, clientId: string): Promise<void> {
    await this.#ledger.write(async (tx) => {
      const token = await findToken(tx, hashSecret(given));
      const grant = token && (await findGrant(tx, token.grant_id));
      if (!grant || grant.client_id !== clientId) return;
      await revokeGrant(tx, grant.id, Date.now());
      await note(tx, `app ${grant.client_name} of ${grant.user_name}`, grant.id, 'apps.revoke', grant.id);
    });
    this.#access.forget();
  }

  async #endCopied(
    tx: Transaction,
    grant: GrantRow & { readonly user_name: string },
    nowMs: number,
  ): Promise<null> {
    await revokeGrant(tx, grant.id, nowMs);
    const who = `app ${grant.client_name} of ${grant.user_name}`;
    await note(tx, who, grant.id, 'apps.revoke', grant.id, null, 'unauthorized');
    this.#access.forget();
    return null;
  }
}

/** PKCE (RFC 7636), S256. */
export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

async function issue(tx: Transaction, { id }: GrantRow, role: Role, nowMs: number): Promise<Tokens> {
  const access = newSecret(ACCESS_PREFIX);
  const refresh = newSecret(REFRESH_PREFIX);
  const made = [
    ['access', access, ACCESS_MS],
    ['refresh', refresh, REFRESH_MS],
  ] as const;
  for (const [kind, secret, ms] of made)
    await insertToken(tx, { hash: hashSecret(secret), grant_id: id, kind, expires_at: nowMs + ms }, nowMs);
  return { access, refresh, role };
}

async function note(
  tx: Transaction,
  who: string,
  who_id: string,
  operation: string,
  subject: string,
  client: string | null = null,
  answer = 'done',
): Promise<void> {
  await insertAudit(tx, { at: Date.now(), who, who_id, door: 'http', client, operation, subject, answer });
}
