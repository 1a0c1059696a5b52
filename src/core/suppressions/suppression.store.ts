import { byDialect, type Reader, type Transaction } from '../../ledger/ledger.ts';
import { erasedAmong, findErased } from './erased-contact.ts';
import type { SuppressionReason, SuppressionScope } from './suppression.ts';

export interface SuppressionRow {
  readonly channel: SuppressionScope;
  readonly contact: string;
  readonly reason: SuppressionReason;
  readonly created_at: string;
  /** Where it comes from, such as a column of a file. */
  readonly source: string | null;
  /** The import that alone says so; null: it was said in another way. */
  readonly import_seq: number | null;
}

/** A suppression that no longer holds: who lifted it and when, or what took its place. */
export interface PastSuppressionRow extends Omit<SuppressionRow, 'import_seq'> {
  readonly seq: number;
  readonly ended_at: string;
  readonly ended_by: string;
}

/** The later one weighs more: what a person said counts for more than what a mailbox did. */
const WEIGHTS: Readonly<Record<string, number>> = {
  not_opted_in: 0,
  bounced: 1,
  unsubscribed: 2,
  opted_out: 3,
  complained: 4,
};

/** By which import; null: said in another way. */
type ImportSeq = number | null;
const ANOTHER_WAY = 0;

/**
 * Keeps a contact from being messaged. One that is suppressed already stays so, for the weightier reason; the other one
 * becomes history. Where one of the two comes from an import, the other is kept as a ground: it holds when the import is
 * taken back. Of a person who was erased only the hash is written.
 * @returns whether the contact was free before
 */
export async function suppress(
  tx: Transaction,
  channel: SuppressionScope,
  given: string,
  reason: string,
  source: string | null = null,
  importSeq: ImportSeq = null,
  createdAt = new Date().toISOString(),
): Promise<boolean> {
  const contact = (await findErased(tx, given)) ?? given;
  const before = await tx.get<SuppressionRow>(
    'SELECT * FROM suppressions WHERE channel = ? AND contact = ?',
    channel,
    contact,
  );
  const row = { channel, contact, reason, created_at: createdAt, source, import_seq: importSeq };
  const isOfAnother = before !== undefined && before.import_seq !== importSeq;
  if (before && weightOf(reason) <= weightOf(before.reason)) {
    if (isOfAnother && before.import_seq !== null) await addGround(tx, row);
    return false;
  }
  if (before) {
    await moveToHistory(tx, before, reason);
    if (isOfAnother && importSeq !== null) await addGround(tx, before);
  }
  await insert(tx, row);
  return before === undefined;
}

function weightOf(reason: string): number {
  return WEIGHTS[reason] ?? 0;
}

type NewRow = Omit<SuppressionRow, 'reason'> & { readonly reason: string };

async function insert(tx: Transaction, row: NewRow): Promise<void> {
  await tx.run(
    'INSERT INTO suppressions (channel, contact, reason, created_at, source, import_seq) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    row.channel,
    row.contact,
    row.reason,
    row.created_at,
    row.source,
    row.import_seq,
  );
}

export interface Refusal {
  readonly channel: SuppressionScope;
  readonly contact: string;
  readonly reason: SuppressionReason;
  readonly created_at: string;
  readonly source: string | null;
}

const COLUMNS = 'channel, contact, reason, created_at, source';
/** A row of texts for each refusal, behind the number of the import. */
const GIVEN = byDialect({
  sqlite: `SELECT ${[0, 1, 2, 3, 4].map((at) => `json_extract(value, '$[${at}]')`).join(', ')}, ? FROM json_each(?)`,
  postgres: `SELECT ${COLUMNS}, CAST(? AS BIGINT)
    FROM unnest(${[0, 1, 2, 3, 4].map(() => 'CAST(? AS TEXT[])').join(', ')}) AS v (${COLUMNS})`,
});
const KNOWN = byDialect({
  sqlite: `SELECT x.* FROM json_each(?) v
    JOIN suppressions x ON x.channel = json_extract(v.value, '$[0]') AND x.contact = json_extract(v.value, '$[1]')`,
  postgres: `SELECT x.* FROM unnest(CAST(? AS TEXT[]), CAST(? AS TEXT[])) AS v (channel, contact)
    JOIN suppressions x ON x.channel = v.channel AND x.contact = v.contact`,
});

/** Which of these contacts are suppressed on a channel. */
export async function suppressedAmong(
  reader: Reader,
  channel: SuppressionScope,
  contacts: readonly string[],
): Promise<Set<string>> {
  const given =
    reader.dialect === 'postgres'
      ? [contacts.map(() => channel), contacts]
      : [JSON.stringify(contacts.map((contact) => [channel, contact]))];
  const rows = await reader.all<SuppressionRow>(KNOWN(reader), ...given);
  return new Set(rows.map(({ contact }) => contact));
}

/**
 * {@link suppress} for the rows of a list, in a few statements however many they are. Erased people are known by their hash.
 * @returns how many contacts were free before
 */
export async function suppressMany(
  tx: Transaction,
  refusals: readonly Refusal[],
  importSeq: number,
): Promise<number> {
  const erased = await erasedAmong(tx, [...new Set(refusals.map(({ contact }) => contact))]);
  const weightiest = new Map<string, Refusal>();
  for (const refusal of refusals) {
    const hash = erased.get(refusal.contact);
    const one = hash === undefined ? refusal : { ...refusal, contact: hash, source: null };
    const key = `${one.channel} ${one.contact}`;
    const before = weightiest.get(key);
    if (!before || weightOf(one.reason) > weightOf(before.reason)) weightiest.set(key, one);
  }
  const rows = [...weightiest.values()];
  const keys = rows.map(({ channel, contact }) => [channel, contact] as const);
  const found = await tx.all<SuppressionRow>(
    KNOWN(tx),
    ...(tx.dialect === 'sqlite'
      ? [JSON.stringify(keys)]
      : [keys.map(([channel]) => channel), keys.map(([, contact]) => contact)]),
  );
  const known = new Map(found.map((row) => [`${row.channel} ${row.contact}`, row]));
  const fresh: Refusal[] = [];
  const grounds: Refusal[] = [];
  for (const [key, row] of weightiest) {
    const before = known.get(key);
    if (!before) fresh.push(row);
    else if (weightOf(row.reason) > weightOf(before.reason))
      await suppress(tx, row.channel, row.contact, row.reason, row.source, importSeq, row.created_at);
    else if (before.import_seq !== null && before.import_seq !== importSeq) grounds.push(row);
  }
  await insertMany(tx, 'suppressions', fresh, importSeq);
  await insertMany(tx, 'suppression_grounds', grounds, importSeq);
  return fresh.length;
}

async function insertMany(
  tx: Transaction,
  table: 'suppressions' | 'suppression_grounds',
  rows: readonly Refusal[],
  importSeq: number,
): Promise<void> {
  if (rows.length === 0) return;
  const cells = rows.map((row) => [row.channel, row.contact, row.reason, row.created_at, row.source]);
  const given =
    tx.dialect === 'sqlite'
      ? [JSON.stringify(cells)]
      : [0, 1, 2, 3, 4].map((at) => cells.map((row) => row[at]!));
  // WHERE: SQLite would take ON for a join.
  const where = tx.dialect === 'sqlite' ? ' WHERE true' : '';
  await tx.run(
    `INSERT INTO ${table} (${COLUMNS}, import_seq) ${GIVEN(tx)}${where} ON CONFLICT DO NOTHING`,
    importSeq,
    ...given,
  );
}

/** For an export: those of whom the contact is still known. */
export function listForExport(
  reader: Reader,
  after: Pick<SuppressionRow, 'channel' | 'contact'>,
  channel: SuppressionScope | null,
  limit: number,
): Promise<SuppressionRow[]> {
  return reader.all<SuppressionRow>(
    `SELECT * FROM suppressions WHERE (channel, contact) > (?, ?) AND channel = coalesce(CAST(? AS TEXT), channel)
     ORDER BY channel, contact LIMIT ?`,
    after.channel,
    after.contact,
    channel,
    limit,
  );
}

/** Of two things that one import says of a contact, the weightier one. */
async function addGround(tx: Transaction, row: NewRow): Promise<void> {
  const importSeq = row.import_seq ?? ANOTHER_WAY;
  const key = [row.channel, row.contact, importSeq] as const;
  const known = await tx.get<{ reason: string }>(
    'SELECT reason FROM suppression_grounds WHERE channel = ? AND contact = ? AND import_seq = ?',
    ...key,
  );
  if (known && weightOf(row.reason) <= weightOf(known.reason)) return;
  await tx.run(
    `INSERT INTO suppression_grounds (channel, contact, import_seq, reason, created_at, source) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (channel, contact, import_seq) DO UPDATE SET reason = excluded.reason, created_at = excluded.created_at, source = excluded.source`,
    ...key,
    row.reason,
    row.created_at,
    row.source,
  );
}

/** The suppression of a contact, also of a person who was erased. */
export async function findSuppression(
  reader: Reader,
  channel: SuppressionScope,
  contact: string,
): Promise<SuppressionRow | undefined> {
  const select = 'SELECT * FROM suppressions WHERE channel = ? AND contact = ?';
  const found = await reader.get<SuppressionRow>(select, channel, contact);
  if (found) return found;
  const hash = await findErased(reader, contact);
  return hash === null ? undefined : reader.get<SuppressionRow>(select, channel, hash);
}

/** Never just deleted: what held, until when and by whom stays. No other ground keeps it up. */
export async function endSuppression(tx: Transaction, row: SuppressionRow, by: string): Promise<void> {
  await moveToHistory(tx, row, by);
  await tx.run('DELETE FROM suppression_grounds WHERE channel = ? AND contact = ?', row.channel, row.contact);
}

async function moveToHistory(tx: Transaction, row: SuppressionRow, by: string): Promise<void> {
  await tx.run('DELETE FROM suppressions WHERE channel = ? AND contact = ?', row.channel, row.contact);
  await tx.run(
    `INSERT INTO suppression_history (channel, contact, reason, created_at, ended_at, ended_by, source)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    row.channel,
    row.contact,
    row.reason,
    row.created_at,
    new Date().toISOString(),
    by,
    row.source,
  );
}

/** What an import says, the weightiest reasons of which may be left to somebody else. */
export function listOfImport(
  reader: Reader,
  importSeq: number,
  after: Pick<SuppressionRow, 'channel' | 'contact'>,
  limit: number,
): Promise<SuppressionRow[]> {
  return reader.all<SuppressionRow>(
    `SELECT * FROM suppressions WHERE import_seq = ? AND (channel, contact) > (?, ?) ORDER BY channel, contact LIMIT ?`,
    importSeq,
    after.channel,
    after.contact,
    limit,
  );
}

/** Of one import, some at a time. @returns how many were forgotten. */
export function forgetGrounds(tx: Transaction, importSeq: number, limit: number): Promise<number> {
  return tx.run(
    `DELETE FROM suppression_grounds WHERE import_seq = ? AND (channel, contact) IN (
       SELECT channel, contact FROM suppression_grounds WHERE import_seq = ? LIMIT ?)`,
    importSeq,
    importSeq,
    limit,
  );
}

/**
 * Ends a suppression that an import made; whoever else said no meanwhile is heard from here on.
 * @returns whether the contact is free now
 */
export async function takeBackSuppression(
  tx: Transaction,
  row: SuppressionRow,
  by: string,
): Promise<boolean> {
  await moveToHistory(tx, row, by);
  const grounds = await tx.all<NewRow & { import_seq: number }>(
    'SELECT * FROM suppression_grounds WHERE channel = ? AND contact = ? ORDER BY import_seq',
    row.channel,
    row.contact,
  );
  const [first] = grounds.toSorted((one, other) => weightOf(other.reason) - weightOf(one.reason));
  if (first === undefined) return true;
  await tx.run(
    'DELETE FROM suppression_grounds WHERE channel = ? AND contact = ? AND import_seq = ?',
    row.channel,
    row.contact,
    first.import_seq,
  );
  await insert(tx, { ...first, import_seq: first.import_seq === ANOTHER_WAY ? null : first.import_seq });
  return false;
}

/** Newest first. */
export function listHistory(
  reader: Reader,
  contacts: readonly string[],
  beforeSeq: number,
  limit: number,
): Promise<PastSuppressionRow[]> {
  const only = contacts.length === 0 ? '' : `AND contact IN (${contacts.map(() => '?').join(', ')})`;
  return reader.all<PastSuppressionRow>(
    `SELECT * FROM suppression_history WHERE seq < ? ${only} ORDER BY seq DESC LIMIT ?`,
    beforeSeq,
    ...contacts,
    limit,
  );
}
