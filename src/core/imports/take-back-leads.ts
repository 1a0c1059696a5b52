import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { type Former, isOfImports } from '../leads/former.ts';
import { forgetImportLead, formersOf } from '../leads/import.store.ts';
import { removeLeads } from '../leads/lead.store.ts';
import type { UndoCounts } from './undo-import.ts';

interface Made {
  readonly seq: number;
  readonly created_at: string;
  readonly updated_at: string;
  /** A later import that has this person as well. */
  readonly other: number | null;
}

/** @returns whether none is left. */
export async function takeBackLeads(
  tx: Transaction,
  importSeq: number,
  progress: UndoCounts & { after: number },
  limit: number,
): Promise<boolean> {
  const leads = await tx.all<Made>(
    `SELECT l.seq, l.created_at, l.updated_at, (SELECT max(o.import_seq) FROM import_leads o WHERE o.lead_seq = l.seq
       AND o.import_seq <> l.import_seq) AS other
     FROM leads l INDEXED BY leads_by_import WHERE l.import_seq = ? AND l.seq > ? AND l.deleted_at IS NULL
     ORDER BY l.seq LIMIT ?`,
    importSeq,
    progress.after,
    limit,
  );
  const messaged = await messagedAmong(tx, leads);
  const gone: number[] = [];
  for (const { seq, created_at, updated_at, other } of leads) {
    if (other !== null) {
      await handOver(tx, seq, { created_at, updated_at }, other);
      progress.kept_other_import += 1;
    } else if (messaged.has(seq)) progress.kept_messaged += 1;
    else if (updated_at !== created_at) progress.kept_changed += 1;
    else gone.push(seq);
  }
  await removeLeads(tx, gone, new Date().toISOString());
  progress.leads_removed += gone.length;
  progress.after = leads.at(-1)?.seq ?? progress.after;
  return leads.length < limit;
}

/** As if that import had made it: taking that one back as well removes it. */
async function handOver(
  tx: Transaction,
  seq: number,
  { created_at, updated_at }: Pick<Made, 'created_at' | 'updated_at'>,
  importSeq: number,
): Promise<void> {
  const formers = (await formersOf(tx, seq)).flatMap(({ former }) =>
    former === null ? [] : [JSON.parse(former) as Former],
  );
  await tx.run(
    'UPDATE leads SET import_seq = ?, updated_at = ? WHERE seq = ?',
    importSeq,
    isOfImports(created_at, updated_at, formers) ? created_at : updated_at,
    seq,
  );
  await forgetImportLead(tx, importSeq, seq);
}

const LEAD_AT = `SELECT lead_seq FROM deliveries WHERE send_seq = ? AND position = ?`;

/** Those whom a send has messaged, or may have. */
async function messagedAmong(tx: Transaction, leads: readonly { seq: number }[]): Promise<Set<number>> {
  const messaged = new Set<number>();
  const [first, last] = [leads.at(0)?.seq, leads.at(-1)?.seq];
  if (first === undefined || last === undefined) return messaged;
  const wanted = new Set(leads.map(({ seq }) => seq));
  const sends = await tx.all<{ seq: number; frozen_through: number }>(
    'SELECT s.seq, s.frozen_through FROM sends s JOIN audiences a ON a.seq = s.audience_seq WHERE a.through_seq >= ? ORDER BY s.seq',
    first,
  );
  for (const send of sends) {
    for (let position = await firstFrom(tx, send, first); ; ) {
      const rows = await tx.all<{ position: number; lead_seq: number; status: string }>(
        'SELECT position, lead_seq, status FROM deliveries WHERE send_seq = ? AND position >= ? ORDER BY position LIMIT 500',
        send.seq,
        position,
      );
      for (const { lead_seq, status } of rows)
        if (wanted.has(lead_seq) && status !== 'pending' && status !== 'skipped') messaged.add(lead_seq);
      const end = rows.at(-1);
      if (rows.length < 500 || end === undefined || end.lead_seq > last) break;
      position = end.position + 1;
    }
  }
  return messaged;
}

/** The first position of a send whose lead is `leadSeq` or a later one: some twenty steps in a million. */
async function firstFrom(
  reader: Reader,
  send: { seq: number; frozen_through: number },
  leadSeq: number,
): Promise<number> {
  let [low, high] = [1, send.frozen_through + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = await reader.get<{ lead_seq: number }>(LEAD_AT, send.seq, middle);
    if (row !== undefined && row.lead_seq < leadSeq) low = middle + 1;
    else high = middle;
  }
  return low;
}
