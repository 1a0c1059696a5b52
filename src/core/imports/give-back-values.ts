import type { Transaction } from '../../ledger/ledger.ts';
import { type Former, handOn, restored } from '../leads/former.ts';
import { forgetImportLead, formersOf, setFormer } from '../leads/import.store.ts';
import { findLeadByEmail, updateLead } from '../leads/lead.store.ts';
import { LEAD_COLUMNS, type LeadRow } from '../leads/lead.ts';
import { metadataColumns } from '../leads/metadata.ts';
import { erasedAmong } from '../suppressions/erased-contact.ts';
import type { UndoCounts } from './undo-import.ts';

type Known = LeadRow & { readonly former: string | null };

/** Known leads get what the import changed of them, where nobody changed it since. @returns whether none is left. */
export async function giveBackValues(
  tx: Transaction,
  importSeq: number,
  progress: UndoCounts & { after: number },
  limit: number,
): Promise<boolean> {
  const rows = await tx.all<Known>(
    `SELECT ${LEAD_COLUMNS}, i.former FROM import_leads i JOIN leads l ON l.seq = i.lead_seq
     WHERE i.import_seq = ? AND i.lead_seq > ? ORDER BY i.lead_seq LIMIT ?`,
    importSeq,
    progress.after,
    limit,
  );
  for (const { former, ...row } of rows) {
    if (former !== null && row.deleted_at === null)
      await giveBack(tx, importSeq, row, JSON.parse(former) as Former, progress);
    await forgetImportLead(tx, importSeq, row.seq);
  }
  progress.after = rows.at(-1)?.seq ?? progress.after;
  return rows.length < limit;
}

async function giveBack(
  tx: Transaction,
  importSeq: number,
  row: LeadRow,
  former: Former,
  progress: UndoCounts,
): Promise<void> {
  const blocked = await takenSince(tx, row, former);
  const { values, kept } = restored(row, former, (column) => !blocked.has(column));
  const isUntouched = row.updated_at === former.written_at;
  const next: LeadRow = {
    ...row,
    ...values,
    ...metadataColumns(JSON.parse(values.metadata) as Record<string, unknown>),
    // As if nothing had happened, so that an import that came before can be taken back as well.
    updated_at: kept === 0 && isUntouched ? former.updated_at : row.updated_at,
  };
  await updateLead(tx, row.seq, next);
  progress.leads_restored += 1;
  progress.values_kept += kept;
  if (kept === 0 && isUntouched) return;
  for (const { import_seq, former: theirs } of await formersOf(tx, row.seq)) {
    if (theirs === null || import_seq === importSeq) continue;
    await setFormer(tx, import_seq, row.seq, JSON.stringify(handOn(JSON.parse(theirs) as Former, former)));
  }
}

/** Contacts that the lead had: another lead has the address now, or it was erased. */
async function takenSince(tx: Transaction, row: LeadRow, { columns }: Former): Promise<Set<string>> {
  const email = (columns.email_key?.[0] as string | null | undefined) ?? null;
  const phone = (columns.phone_key?.[0] as string | null | undefined) ?? null;
  const erased = await erasedAmong(
    tx,
    [email, phone].filter((contact) => contact !== null),
  );
  const other = email === null ? undefined : await findLeadByEmail(tx, email);
  const taken = new Set<string>();
  if (email !== null && (erased.has(email) || (other && other.seq !== row.seq)))
    for (const column of ['email', 'email_key']) taken.add(column);
  if (phone !== null && erased.has(phone)) for (const column of ['phone', 'phone_key']) taken.add(column);
  return taken;
}
