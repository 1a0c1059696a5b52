import { TidingsError } from '../../errors.ts';
import type { Ledger, Reader, Transaction } from '../../ledger/ledger.ts';
import { newId } from '../new-id.ts';
import type { Access } from './access.ts';
import { COSTS, hashPassword, isPassword, type PasswordCosts, refusePassword } from './password.ts';
import { hashSecret, newSecret } from './secret.ts';
import { deleteSession, deleteSessionsOf, insertSession } from './session.store.ts';
import {
  countUsers,
  findLink,
  findUser,
  insertLink,
  insertUser,
  setPassword,
  type UserRow,
  useLink,
} from './user.store.ts';

const LINK_MS = 24 * 60 * 60_000;
const NAME_MAX = 80;

/** Signing in and out. What a session begins with is a secret that only the browser's cookie holds. */
export class SignIn {
  readonly #ledger: Ledger;
  readonly #access: Access;
  readonly #costs: PasswordCosts;

  constructor(ledger: Ledger, access: Access, costs = COSTS) {
    this.#ledger = ledger;
    this.#access = access;
    this.#costs = costs;
  }

  async hasUsers(): Promise<boolean> {
    return (await countUsers(this.#ledger)) > 0;
  }

  /** For a start without anybody who could sign in: the secret of a link that makes the first person; null: there is somebody. */
  firstLink(): Promise<string | null> {
    return this.#ledger.write(async (tx) =>
      (await countUsers(tx)) > 0 ? null : makeLink(tx, null, Date.now()),
    );
  }

  /**
   * Whom a link is for, without using it; null: it makes the first person, who chooses a name.
   * @throws TidingsError `unauthorized` when it does not hold
   */
  async ownerOf(link: string): Promise<string | null> {
    return (await ownerOf(this.#ledger, link, Date.now()))?.name ?? null;
  }

  /**
   * Sets the password of whoever was given the link, ends their older sessions, and begins one.
   * @returns the secret of the session
   * @throws TidingsError `unauthorized` for a link that does not hold, `invalid_argument` for a name or password that cannot be
   */
  async byLink(given: { link: string; name?: string | undefined; password: string }): Promise<string> {
    refusePassword(given.password);
    if ((await this.ownerOf(given.link)) === null) readName(given.name);
    const password = await hashPassword(given.password, this.#costs);
    const token = newSecret();
    await this.#ledger.write(async (tx) => {
      const nowMs = Date.now();
      // Twice at once, one of them finds it gone.
      const user = await ownerOf(tx, given.link, nowMs);
      await useLink(tx, hashSecret(given.link));
      const id = user?.id ?? newId();
      if (!user) await insertUser(tx, { id, name: readName(given.name), role: 'admin', created_at: nowMs });
      await setPassword(tx, id, password);
      await deleteSessionsOf(tx, id);
      await insertSession(tx, { hash: hashSecret(token), user_id: id, key_hash: null, created_at: nowMs });
    });
    this.#access.forget();
    return token;
  }

  /** @returns the secret of the session; null: there is nobody with this name and password */
  async byPassword({ name, password }: { name: string; password: string }): Promise<string | null> {
    const user = await findUser(this.#ledger, name);
    if (!(await isPassword(password, user?.password ?? null, this.#costs))) return null;
    const token = newSecret();
    return this.#ledger.write(async (tx) => {
      // Removed, or with another password, while this one was looked at.
      if ((await findUser(tx, user!.id))?.password !== user!.password) return null;
      const session = { hash: hashSecret(token), user_id: user!.id, key_hash: null, created_at: Date.now() };
      await insertSession(tx, session);
      return token;
    });
  }

  /** A session that may what the key may, for as long as the key holds. @returns its secret; null: the key does not hold */
  async byKey(key: string): Promise<string | null> {
    if ((await this.#access.byKey(key)) === null) return null;
    const token = newSecret();
    const session = {
      hash: hashSecret(token),
      user_id: null,
      key_hash: hashSecret(key),
      created_at: Date.now(),
    };
    await this.#ledger.write((tx) => insertSession(tx, session));
    return token;
  }

  async out(token: string): Promise<void> {
    await this.#ledger.write((tx) => deleteSession(tx, hashSecret(token)));
    this.#access.forget();
  }
}

/** A new way in for a person, once, within 24 hours; null: for whoever is the first. @returns the secret of the link */
export async function makeLink(tx: Transaction, userId: string | null, nowMs: number): Promise<string> {
  const secret = newSecret();
  await insertLink(tx, { hash: hashSecret(secret), user_id: userId, expires_at: nowMs + LINK_MS });
  return secret;
}

/** null: it makes the first person. */
async function ownerOf(reader: Reader, link: string, nowMs: number): Promise<UserRow | null> {
  const found = await findLink(reader, hashSecret(link), nowMs);
  const user = found?.user_id ? await findUser(reader, found.user_id) : undefined;
  if (user) return user;
  if (found?.user_id === null && (await countUsers(reader)) === 0) return null;
  throw new TidingsError('unauthorized', 'This link was used, has been replaced or is older than 24 hours.', {
    fix: 'Ask for a new one: tidings users link NAME makes it.',
  });
}

/** @throws TidingsError `invalid_argument` */
export function readName(given: string | undefined): string {
  const name = given?.trim().normalize('NFC') ?? '';
  if (name !== '' && name.length <= NAME_MAX && !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(name)) return name;
  throw new TidingsError('invalid_argument', `A name has 1 to ${NAME_MAX} characters, in one line.`, {
    fix: 'Give it as name.',
  });
}
