import { createHmac, randomBytes } from 'node:crypto';
import { TidingsError } from '../../errors.ts';
import type { Reader, Transaction } from '../../ledger/ledger.ts';

/** As long as clients try again, and a person remembers what was asked for. */
const KEPT_MS = 24 * 3_600_000;
/** Forgotten with each that is remembered: more than come in, and few enough for one transaction. */
const FORGOTTEN = 100;
/** In `marks`. Arguments are of people: what is kept of them says nothing without it. */
const KEY = 'creation_hash_key';

export interface Creation {
  readonly seq: number;
  readonly made_id: string;
  readonly made_at: number;
}

/** A call that makes something. */
export interface Creating {
  readonly operation: string;
  /** As they were checked: what differs in spelling only is the same. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly idempotencyKey: string | undefined;
}

/**
 * What an earlier call with the same key made.
 * @throws TidingsError `conflict` when that call had other arguments
 */
export async function findRepeated(reader: Reader, call: Creating, nowMs: number): Promise<Creation | null> {
  const secret = call.idempotencyKey === undefined ? null : await findSecret(reader);
  if (secret === null) return null;
  const { asked, key } = hashesOf(secret, call);
  const row = await reader.get<Creation & { asked: string }>(
    'SELECT seq, asked, made_id, made_at FROM creations WHERE idempotency_key = ? AND made_at >= ?',
    key,
    nowMs - KEPT_MS,
  );
  if (!row) return null;
  if (row.asked === asked) return row;
  throw new TidingsError(
    'conflict',
    (words) =>
      `${words.argument('idempotency_key')} ${JSON.stringify(call.idempotencyKey)} was used for another call at ${timeOf(row)}, which made ${row.made_id}.`,
    { fix: 'Repeat that call as it was, or give this one a key of its own.' },
  );
}

/** The latest call with the same arguments, before the one that is given. */
export async function findEarlier(
  reader: Reader,
  call: Creating,
  nowMs: number,
  before = Number.MAX_SAFE_INTEGER,
): Promise<Creation | null> {
  const secret = await findSecret(reader);
  if (secret === null) return null;
  const row = await reader.get<Creation>(
    'SELECT seq, made_id, made_at FROM creations WHERE asked = ? AND seq < ? AND made_at >= ? ORDER BY seq DESC LIMIT 1',
    hashesOf(secret, call).asked,
    before,
    nowMs - KEPT_MS,
  );
  return row ?? null;
}

/** Within the transaction that makes it, which has found nothing by its key. */
export async function rememberCreation(
  tx: Transaction,
  call: Creating,
  madeId: string,
  nowMs: number,
): Promise<void> {
  const { asked, key } = hashesOf(await secretOf(tx), call);
  await tx.run(
    'DELETE FROM creations WHERE seq IN (SELECT seq FROM creations WHERE made_at < ? ORDER BY made_at LIMIT ?)',
    nowMs - KEPT_MS,
    FORGOTTEN,
  );
  await tx.run('DELETE FROM creations WHERE idempotency_key = ? AND made_at < ?', key, nowMs - KEPT_MS);
  await tx.run(
    'INSERT INTO creations (asked, idempotency_key, made_id, made_at) VALUES (?, ?, ?, ?)',
    asked,
    key,
    madeId,
    nowMs,
  );
}

export function timeOf({ made_at }: Creation): string {
  return new Date(made_at).toISOString();
}

async function findSecret(reader: Reader): Promise<string | null> {
  return (await reader.get<{ value: string }>('SELECT value FROM marks WHERE name = ?', KEY))?.value ?? null;
}

async function secretOf(tx: Transaction): Promise<string> {
  const kept = await findSecret(tx);
  if (kept !== null) return kept;
  const secret = randomBytes(32).toString('base64url');
  await tx.run('INSERT INTO marks (name, value) VALUES (?, ?)', KEY, secret);
  return secret;
}

function hashesOf(secret: string, { operation, input, idempotencyKey }: Creating) {
  const hash = (value: unknown) =>
    createHmac('sha256', Buffer.from(secret, 'base64url'))
      .update(JSON.stringify([operation, value], inOrder))
      .digest('base64url');
  return { asked: hash(input), key: idempotencyKey === undefined ? null : hash(idempotencyKey) };
}

/** The order of names says nothing. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
