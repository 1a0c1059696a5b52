import { byDialect, type Reader, type Transaction } from '../../ledger/ledger.ts';
import type { ImportFacts, RowKind } from './import-record.ts';

export type ImportState = 'running' | 'completed' | 'stopped' | 'undone';

export interface ImportRow {
  readonly seq: number;
  readonly id: string;
  readonly kind: ImportFacts['kind'];
  readonly file: string | null;
  readonly tags: string | null;
  readonly origin: string | null;
  readonly country: string | null;
  readonly state: ImportState;
  readonly header: string | null;
  readonly report: string;
  readonly undo: string | null;
  readonly holder: string;
  readonly beat_at: number;
  readonly created_at: string;
  readonly ended_at: string | null;
}

export async function insertImport(
  tx: Transaction,
  made: ImportFacts & {
    readonly id: string;
    readonly header: readonly string[] | null;
    readonly holder: string;
    readonly beatAt: number;
  },
): Promise<number> {
  const row = await tx.get<{ seq: number }>(
    `INSERT INTO imports (id, kind, file, tags, origin, country, state, header, report, holder, beat_at, created_at)
     VALUES (?, ?, ?, ?, ?, ?, 'running', ?, '{}', ?, ?, ?) RETURNING seq`,
    made.id,
    made.kind,
    made.file,
    made.tags === null ? null : JSON.stringify(made.tags),
    made.origin,
    made.country,
    made.header === null ? null : JSON.stringify(made.header),
    made.holder,
    made.beatAt,
    new Date(made.beatAt).toISOString(),
  );
  return row!.seq;
}

/** @returns false: it does not run any more. */
export async function moveImport(
  tx: Transaction,
  seq: number,
  state: 'running' | 'completed' | 'stopped',
  report: object,
  nowMs: number,
): Promise<boolean> {
  const moved = await tx.run(
    "UPDATE imports SET state = ?, report = ?, beat_at = ?, ended_at = ? WHERE seq = ? AND state = 'running' AND undo IS NULL",
    state,
    JSON.stringify(report),
    nowMs,
    state === 'running' ? null : new Date(nowMs).toISOString(),
    seq,
  );
  return moved > 0;
}

/** How far it was taken back; whoever still reads it stores nothing any more. */
export async function moveUndo(tx: Transaction, seq: number, undo: object): Promise<void> {
  await tx.run(
    "UPDATE imports SET undo = ?, state = CASE WHEN state = 'running' THEN 'stopped' ELSE state END WHERE seq = ?",
    JSON.stringify(undo),
    seq,
  );
}

export async function endUndo(tx: Transaction, seq: number, undo: object): Promise<void> {
  await tx.run(
    "UPDATE imports SET undo = ?, state = 'undone', ended_at = coalesce(ended_at, ?) WHERE seq = ?",
    JSON.stringify(undo),
    new Date().toISOString(),
    seq,
  );
}

const KEEP_LEADS = byDialect({
  sqlite: `INSERT INTO import_leads (import_seq, lead_seq, former)
    SELECT ?, json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?) WHERE true`,
  postgres: `INSERT INTO import_leads (import_seq, lead_seq, former)
    SELECT ?, v.lead, v.former FROM unnest(CAST(? AS BIGINT[]), CAST(? AS TEXT[])) AS v (lead, former)`,
});

/** Many by one statement. */
export async function keepImportLeads(
  tx: Transaction,
  seq: number,
  leads: ReadonlyMap<number, string | null>,
): Promise<void> {
  const entries = [...leads];
  const given =
    tx.dialect === 'sqlite'
      ? [JSON.stringify(entries)]
      : [entries.map(([lead]) => lead), entries.map(([, former]) => former)];
  await tx.run(
    `${KEEP_LEADS(tx)} ON CONFLICT (import_seq, lead_seq)
       DO UPDATE SET former = coalesce(excluded.former, import_leads.former)`,
    seq,
    ...given,
  );
}

export async function findFormer(reader: Reader, seq: number, leadSeq: number): Promise<string | null> {
  const row = await reader.get<{ former: string | null }>(
    'SELECT former FROM import_leads WHERE import_seq = ? AND lead_seq = ?',
    seq,
    leadSeq,
  );
  return row?.former ?? null;
}

/** What imports remember of a lead, the latest one last. */
export async function formersOf(
  reader: Reader,
  leadSeq: number,
): Promise<{ import_seq: number; former: string | null }[]> {
  return reader.all(
    'SELECT import_seq, former FROM import_leads WHERE lead_seq = ? ORDER BY import_seq',
    leadSeq,
  );
}

export async function setFormer(
  tx: Transaction,
  seq: number,
  leadSeq: number,
  former: string,
): Promise<void> {
  await tx.run(
    'UPDATE import_leads SET former = ? WHERE import_seq = ? AND lead_seq = ?',
    former,
    seq,
    leadSeq,
  );
}

export async function forgetImportLead(tx: Transaction, seq: number, leadSeq: number): Promise<void> {
  await tx.run('DELETE FROM import_leads WHERE import_seq = ? AND lead_seq = ?', seq, leadSeq);
}

export interface ImportRowKept {
  readonly number: number;
  readonly line: number;
  readonly reason: string;
  readonly record: string | null;
}

const KEEP_ROWS = byDialect({
  sqlite: `INSERT INTO import_rows (import_seq, kind, number, line, reason, record)
    SELECT ?, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
      json_extract(value, '$[3]'), json_extract(value, '$[4]') FROM json_each(?)`,
  postgres: `INSERT INTO import_rows (import_seq, kind, number, line, reason, record)
    SELECT ?, v.kind, v.number, v.line, v.reason, v.record
    FROM unnest(CAST(? AS TEXT[]), CAST(? AS BIGINT[]), CAST(? AS BIGINT[]), CAST(? AS TEXT[]), CAST(? AS TEXT[]))
      AS v (kind, number, line, reason, record)`,
});

export async function keepImportRows(
  tx: Transaction,
  seq: number,
  rows: readonly {
    readonly kind: RowKind;
    readonly number: number;
    readonly line: number;
    readonly reason: string;
    readonly record: readonly string[] | null;
  }[],
): Promise<void> {
  // What neither database takes as text.
  const asText = (text: string) => text.toWellFormed().replaceAll('\0', '');
  const cells = rows.map(
    ({ kind, number, line, reason, record }) =>
      [
        kind,
        number,
        line,
        asText(reason),
        record === null ? null : JSON.stringify(record.map(asText)),
      ] as const,
  );
  const column = <At extends 0 | 1 | 2 | 3 | 4>(at: At) => cells.map((row) => row[at]);
  const given =
    tx.dialect === 'sqlite'
      ? [JSON.stringify(cells)]
      : [column(0), column(1), column(2), column(3), column(4)];
  await tx.run(KEEP_ROWS(tx), seq, ...given);
}

export function findImport(reader: Reader, id: string): Promise<ImportRow | undefined> {
  return reader.get<ImportRow>('SELECT * FROM imports WHERE id = ?', id);
}

/** Newest first. */
export function listImports(reader: Reader, beforeSeq: number, limit: number): Promise<ImportRow[]> {
  return reader.all<ImportRow>(
    'SELECT * FROM imports WHERE seq < ? ORDER BY seq DESC LIMIT ?',
    beforeSeq,
    limit,
  );
}

/** The imports that a lead stands in, newest first: `made` 1 where it was made by it. */
export function importsOfLead(
  reader: Reader,
  { seq, import_seq }: { readonly seq: number; readonly import_seq: number | null },
): Promise<{ id: string; file: string | null; created_at: string; made: number }[]> {
  return reader.all(
    `SELECT i.id, i.file, i.created_at, CASE WHEN i.seq = ? THEN 1 ELSE 0 END AS made FROM imports i
     WHERE i.seq IN (SELECT CAST(? AS BIGINT) UNION SELECT import_seq FROM (
       SELECT import_seq FROM import_leads WHERE lead_seq = ? ORDER BY import_seq DESC LIMIT ${IMPORTS_SHOWN}) m)
     ORDER BY i.seq DESC LIMIT ${IMPORTS_SHOWN}`,
    import_seq ?? 0,
    import_seq ?? 0,
    seq,
  );
}

const IMPORTS_SHOWN = 20;

export function listImportRows(
  reader: Reader,
  seq: number,
  kind: RowKind,
  after: number,
  limit: number,
): Promise<ImportRowKept[]> {
  return reader.all<ImportRowKept>(
    `SELECT number, line, reason, record FROM import_rows
     WHERE import_seq = ? AND kind = ? AND number > ? ORDER BY number LIMIT ?`,
    seq,
    kind,
    after,
    limit,
  );
}
