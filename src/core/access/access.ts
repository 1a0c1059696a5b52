import { timingSafeEqual } from 'node:crypto';
import type { Ledger } from '../../ledger/ledger.ts';
import { findKeyByHash, hasCallers, type KeyRow, noteKeyUse } from './key.store.ts';
import { ACCESS_PREFIX } from './oauth/access-prefix.ts';
import { findGrantByToken, noteGrantUse } from './oauth/oauth.store.ts';
import type { Principal } from './principal.ts';
import { lowerOf, type Role } from './role.ts';
import { hashSecret, KEY_PREFIX } from './secret.ts';
import { findSession, noteSeen, type SessionRow } from './session.store.ts';
import { findUser } from './user.store.ts';

/** So long what is known of a caller is believed: what was revoked, here or in another process, stops within it. */
const FRESH_MS = 1_000;
/** Longer than a busy database takes, shorter than those wait who ask whether it works. */
const ANSWER_MS = 1_000;
const NOTE_EVERY_MS = 60_000;
const CACHED_MAX = 1_000;
/** Longer ones are none of ours, and not worth a hash. */
export const SECRET_MAX = 512;

export interface AccessOptions {
  readonly ledger: Ledger;
  /** `TIDINGS_API_KEY`; null: there is none. */
  readonly apiKey: string | null;
  /** `TIDINGS_READ_ONLY`: whoever calls is a viewer. */
  readonly isReadOnly?: boolean;
}

/** Who an access token says it is for. */
export interface TokenOwner {
  /** As the issuer calls that person or program, for good. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
}

/**
 * Says who calls. Doors ask it and nobody else; what that caller may do is looked at by `runOperation`.
 * Hashes are compared, and those in constant time.
 */
export class Access {
  readonly #ledger: Ledger;
  readonly #adminHash: string | null;
  readonly #cached = new Map<string, { readonly at: number; readonly value: Promise<unknown> }>();
  readonly #noted = new Map<string, number>();
  readonly #isReadOnly: boolean;
  #isClosed = false;
  #wasOpen = false;
  #noting: Promise<unknown> = Promise.resolve();

  constructor({ ledger, apiKey, isReadOnly = false }: AccessOptions) {
    this.#isReadOnly = isReadOnly;
    this.#ledger = ledger;
    this.#adminHash = apiKey === null ? null : hashSecret(apiKey);
  }

  /** Whoever runs programs on this machine, with its data at hand. */
  machine(): Principal {
    return this.#may({ kind: 'machine', id: null, name: null, role: 'admin' });
  }

  /** Whoever has `TIDINGS_API_KEY`. */
  admin(): Principal {
    return this.#may({ kind: 'admin_key', id: null, name: null, role: 'admin' });
  }

  /** Whoever says nothing of who it is; null: it has to. Open until the first key or person is made, and never again. */
  async open(): Promise<Principal | null> {
    if (this.#adminHash !== null || this.#isClosed) return null;
    const asked = this.#fresh('open', () => hasCallers(this.#ledger)).catch(() => null);
    const hasAny = await within(ANSWER_MS, asked);
    if (hasAny === true) {
      this.#isClosed = true;
      return null;
    }
    // A database that does not answer takes no keys either: as it was. Whoever runs this still sees that it hangs.
    if (hasAny === null && !this.#wasOpen) return null;
    this.#wasOpen = true;
    return this.#may({ kind: 'open', id: null, name: null, role: 'admin' });
  }

  /** Whoever was let in elsewhere; whoever asks has looked at the token. */
  byToken({ id, name, role }: TokenOwner): Principal {
    return this.#may({ kind: 'token', id, name, role });
  }

  /** Who has this key; null: nobody, or it was revoked or is over. */
  async byKey(given: string): Promise<Principal | null> {
    if (given.length > SECRET_MAX) return null;
    const hash = hashSecret(given);
    if (this.#adminHash !== null && isSame(hash, this.#adminHash)) return this.admin();
    return given.startsWith(KEY_PREFIX) ? this.#byKeyHash(hash) : null;
  }

  /**
   * The app that has this token for that address, as long as its person is there: it may what it was allowed and that person
   * still may. null: nobody, or it is over.
   */
  async byApp(given: string, resource: string): Promise<Principal | null> {
    if (given.length > SECRET_MAX || !given.startsWith(ACCESS_PREFIX)) return null;
    const hash = hashSecret(given);
    const grant = await this.#fresh(`app ${hash}`, () => findGrantByToken(this.#ledger, hash));
    if (!grant || grant.revoked_at !== null || grant.resource !== resource) return null;
    if (grant.expires_at <= Date.now()) return null;
    if ((grant.used_at ?? 0) < Date.now() - NOTE_EVERY_MS)
      this.#note(`app ${grant.id}`, (nowMs) => this.#ledger.write((tx) => noteGrantUse(tx, grant.id, nowMs)));
    const name = `${grant.client_name} of ${grant.user_name}`;
    return this.#may({ kind: 'app', id: grant.id, name, role: lowerOf(grant.role, grant.user_role) });
  }

  /** Who signed in and was given this; null: nobody, or the session is over. */
  async bySession(token: string): Promise<Principal | null> {
    if (token.length > SECRET_MAX) return null;
    const hash = hashSecret(token);
    const session = await this.#fresh(`session ${hash}`, () => findSession(this.#ledger, hash, Date.now()));
    if (!session || !isSame(session.hash, hash)) return null;
    const principal = await this.#ofSession(session);
    if (principal && session.seen_at < Date.now() - NOTE_EVERY_MS)
      this.#note(`session ${hash}`, (nowMs) => this.#ledger.write((tx) => noteSeen(tx, hash, nowMs)));
    return principal;
  }

  /** What was changed by this process holds at once here. */
  forget(): void {
    this.#cached.clear();
  }

  /** Waits for what is still to be noted. */
  async close(): Promise<void> {
    await this.#noting;
  }

  async #ofSession({ user_id, key_hash }: SessionRow): Promise<Principal | null> {
    if (key_hash !== null) {
      if (this.#adminHash !== null && isSame(key_hash, this.#adminHash)) return this.admin();
      return this.#byKeyHash(key_hash);
    }
    const user = await this.#fresh(`user ${user_id}`, () => findUser(this.#ledger, user_id!));
    return user ? this.#may({ kind: 'user', id: user.id, name: user.name, role: user.role }) : null;
  }

  async #byKeyHash(hash: string): Promise<Principal | null> {
    const key = await this.#fresh(`key ${hash}`, () => findKeyByHash(this.#ledger, hash));
    if (!key || !isSame(key.hash, hash) || !holds(key, Date.now())) return null;
    if ((key.used_at ?? 0) < Date.now() - NOTE_EVERY_MS)
      this.#note(`key ${hash}`, (nowMs) => this.#ledger.write((tx) => noteKeyUse(tx, key.id, nowMs)));
    return this.#may({ kind: 'key', id: key.id, name: key.name, role: key.role });
  }

  /** The one place that a caller comes from: where nothing may be changed, none of them may. */
  #may(principal: Principal): Principal {
    return this.#isReadOnly ? { ...principal, role: 'viewer', isReadOnly: true } : principal;
  }

  /** Only what is there is kept: what is not can be made at any moment, and there is no end of it. */
  async #fresh<T>(name: string, read: () => Promise<T>): Promise<T> {
    const now = performance.now();
    const known = this.#cached.get(name);
    if (known && now - known.at < FRESH_MS) return known.value as Promise<T>;
    if (this.#cached.size >= CACHED_MAX) this.#cached.clear();
    const value = read();
    const kept = { at: now, value };
    this.#cached.set(name, kept);
    const drop = () => {
      if (this.#cached.get(name) === kept) this.#cached.delete(name);
    };
    value.then((found) => found === undefined && drop(), drop);
    return value;
  }

  /** Nobody waits for it, and what cannot be noted is not worth an error. */
  #note(name: string, write: (nowMs: number) => Promise<unknown>): void {
    const nowMs = Date.now();
    if (nowMs - (this.#noted.get(name) ?? 0) < NOTE_EVERY_MS) return;
    if (this.#noted.size >= CACHED_MAX) this.#noted.clear();
    this.#noted.set(name, nowMs);
    this.#noting = this.#noting.then(() => write(nowMs)).catch(() => {});
  }
}

export function holds({ revoked_at, expires_at }: KeyRow, nowMs: number): boolean {
  return revoked_at === null && (expires_at === null || expires_at > nowMs);
}

/** Both are hashes in hexadecimal. */
export function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ms, null);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
