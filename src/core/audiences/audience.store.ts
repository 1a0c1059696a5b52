import { TidingsError } from '../../errors.ts';
import type { Ledger, Reader, Transaction } from '../../ledger/ledger.ts';
import { nextLead } from '../leads/filter/next-lead.ts';
import type { NumberedRows } from '../leads/filter/node.ts';
import type { Selection } from '../leads/filter/selection.ts';
import { keptSelection } from '../leads/lead-filters.ts';
import { type SpanSize, spanEnd } from '../leads/scan.ts';

export interface AudienceRow {
  seq: number;
  id: string;
  name: string;
  description: string | null;
  filters: string;
  max_leads: number | null;
  page_size: number;
  status: 'building' | 'ready' | 'error';
  total_count: number;
  scanned_seq: number;
  through_seq: number;
  created_at: string;
  deleted_at: string | null;
  /** Why its status is `error`. */
  error: string | null;
}

/** For filters by who is in an audience. */
export const MEMBERS: NumberedRows = { table: 'audience_members', by: 'audience_seq' };

export function findAudience(reader: Reader, id: string): Promise<AudienceRow | undefined> {
  return reader.get<AudienceRow>('SELECT * FROM audiences WHERE id = ? AND deleted_at IS NULL', id);
}

/** Newest first. */
export function listAudiences(reader: Reader, beforeSeq: number, limit: number): Promise<AudienceRow[]> {
  return reader.all<AudienceRow>(
    'SELECT * FROM audiences WHERE deleted_at IS NULL AND seq < ? ORDER BY seq DESC LIMIT ?',
    beforeSeq,
    limit,
  );
}

/** PostgreSQL does not know the type of a parameter in a list that it selects. */
const TEXT = 'CAST(? AS TEXT)';
const NUMBER = 'CAST(? AS BIGINT)';

export async function insertAudience(
  tx: Transaction,
  audience: Pick<
    AudienceRow,
    'id' | 'name' | 'description' | 'filters' | 'max_leads' | 'page_size' | 'created_at'
  >,
): Promise<void> {
  await tx.run(
    `INSERT INTO audiences (id, name, description, filters, max_leads, page_size, status, total_count, scanned_seq,
       through_seq, created_at)
     SELECT ${TEXT}, ${TEXT}, ${TEXT}, ${TEXT}, ${NUMBER}, ${NUMBER}, 'building', 0, 0, coalesce(max(seq), 0), ${TEXT}
     FROM leads`,
    audience.id,
    audience.name,
    audience.description,
    audience.filters,
    audience.max_leads,
    audience.page_size,
    audience.created_at,
  );
}

/**
 * Looks at the next leads, at most as many as `size` says, and adds those that match. The place reached is kept by the
 * same transaction, so that a killed build goes on where it was, and two builders of one audience do no harm.
 */
export function buildChunk(ledger: Ledger, seq: number, size: SpanSize): Promise<'building' | 'ready'> {
  return ledger.write(async (tx) => {
    const startedAt = performance.now();
    const audience = await tx.get<AudienceRow>('SELECT * FROM audiences WHERE seq = ?', seq);
    // Whoever deletes it drops its members, and nobody drops what would be added afterwards.
    if (audience?.status !== 'building' || audience.deleted_at !== null) return 'ready';
    const selection = keptSelection(audience.filters);
    for (const seq of selection.rowsOf(MEMBERS)) await refuseIfDeleted(tx, seq);
    const first = (await nextLead(tx, selection, audience.scanned_seq)) ?? Number.MAX_SAFE_INTEGER;
    const after = Math.min(first - 1, audience.through_seq);
    const through = await spanEnd(tx, after, audience.through_seq, size.rows);
    const room = (audience.max_leads ?? Number.MAX_SAFE_INTEGER) - audience.total_count;
    const added = await addMembers(tx, audience, selection, after, through, room);
    size.took(performance.now() - startedAt, through - after);
    const status = through === audience.through_seq || added === room ? 'ready' : 'building';
    await tx.run(
      'UPDATE audiences SET total_count = total_count + ?, scanned_seq = ?, status = ? WHERE seq = ?',
      added,
      through,
      status,
      seq,
    );
    return status;
  });
}

/** Without its members, whoever was to be left out would be let in. */
async function refuseIfDeleted(tx: Transaction, seq: number): Promise<void> {
  const row = await tx.get('SELECT 1 AS found FROM audiences WHERE seq = ? AND deleted_at IS NULL', seq);
  if (!row) throw new TidingsError('conflict', 'An audience that it is chosen by was deleted meanwhile.');
}

async function addMembers(
  tx: Transaction,
  { seq, total_count }: AudienceRow,
  selection: Selection,
  after: number,
  through: number,
  room: number,
): Promise<number> {
  const insert = `INSERT INTO audience_members (audience_seq, position, lead_seq)
    SELECT CAST(? AS BIGINT), CAST(? AS BIGINT) + row_number() OVER (ORDER BY q.seq), q.seq FROM`;
  if (selection.isTold) {
    const { from, parameters, holds } = await selection.statement(tx, after, through);
    const sql = `${insert} ${from} WHERE ${holds} ORDER BY q.seq LIMIT ?`;
    return tx.run(sql, seq, total_count, ...parameters, room);
  }
  const seqs = (await selection.seqs(tx, after, through)).slice(0, room);
  const given =
    tx.dialect === 'postgres'
      ? '(SELECT CAST(value AS BIGINT) AS seq FROM json_array_elements_text(CAST(? AS JSON))) q'
      : '(SELECT value AS seq FROM json_each(?)) q';
  return tx.run(`${insert} ${given} ORDER BY q.seq`, seq, total_count, JSON.stringify(seqs));
}

/** It cannot be built, and trying again would not help. */
export async function markFailed(tx: Transaction, seq: number, why: string): Promise<void> {
  await tx.run(
    "UPDATE audiences SET status = 'error', error = ? WHERE seq = ? AND status = 'building'",
    why,
    seq,
  );
}

export function listBuilding(reader: Reader): Promise<{ seq: number; id: string }[]> {
  return reader.all<{ seq: number; id: string }>(
    "SELECT seq, id FROM audiences WHERE status = 'building' AND deleted_at IS NULL",
  );
}

export async function markDeleted(tx: Transaction, seq: number): Promise<void> {
  await tx.run('UPDATE audiences SET deleted_at = ? WHERE seq = ?', new Date().toISOString(), seq);
}

/** Of an audience that is marked deleted; sends that were made keep their own rows. */
export async function dropMembers(ledger: Ledger, seq: number): Promise<void> {
  const dropChunk = (tx: Transaction) =>
    tx.run(
      `DELETE FROM audience_members WHERE audience_seq = ? AND position IN
         (SELECT position FROM audience_members WHERE audience_seq = ? ORDER BY position LIMIT 10000)`,
      seq,
      seq,
    );
  while ((await ledger.write(dropChunk)) > 0) await new Promise(setImmediate);
}
