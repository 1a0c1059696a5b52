import type { Transaction } from '../../ledger/ledger.ts';
import {
  addToReceiptTotals,
  countsOf,
  RECEIPT_TOTALS,
  type ReceiptRow,
  type ReceiptTotals,
  STAMPS,
  type Stamp,
  writeReceipts,
} from '../deliveries/receipt.store.ts';
import type { EventType } from './event.ts';
import type { UnfoldedRow } from './fold.store.ts';

/** What an event leaves at the delivery that it is about. */
export const STAMP_OF: Partial<Record<EventType, Stamp>> = {
  accepted: 'accepted_at',
  delivered: 'delivered_at',
  read: 'read_at',
  failed: 'bounced_at',
  bounced: 'bounced_at',
  complained: 'complained_at',
  replied: 'replied_at',
  unsubscribed: 'unsubscribed_at',
  opted_out: 'unsubscribed_at',
  // "Yes" to an offer reads like that, too.
  opted_in: 'replied_at',
  clicked: 'clicked_at',
};

/**
 * Stamps what events say beside their deliveries, and moves the totals with it. The earliest time that is told for a stamp
 * is the one that stays: whatever order events come in, they leave the same.
 */
export async function foldReceipts(tx: Transaction, rows: readonly UnfoldedRow[]): Promise<void> {
  const before = new Map<string, ReceiptRow>();
  const after = new Map<string, ReceiptRow>();
  for (const row of rows) {
    // What scans mail is kept, and no reader.
    const stamp = row.type === 'clicked' && row.code === 'machine' ? undefined : STAMP_OF[row.type];
    if (row.send_seq === null || row.position === null || stamp === undefined) continue;
    const key = `${row.send_seq}.${row.position}`;
    if (!before.has(key)) before.set(key, receiptOf(row));
    after.set(key, stamped(after.get(key) ?? before.get(key)!, row, stamp));
  }
  const changed = [...after].filter(([key, receipt]) => differ(before.get(key)!, receipt));
  await writeReceipts(
    tx,
    changed.map(([, receipt]) => receipt),
  );
  const totals = new Map<number, ReceiptTotals>();
  for (const [key, receipt] of changed) {
    const [was, is] = [countsOf(before.get(key)!), countsOf(receipt)];
    const sum = totals.get(receipt.send_seq) ?? countsOf(NOTHING);
    for (const name of RECEIPT_TOTALS) sum[name] += is[name] - was[name];
    totals.set(receipt.send_seq, sum);
  }
  for (const [sendSeq, moved] of totals)
    if (RECEIPT_TOTALS.some((name) => moved[name] !== 0)) await addToReceiptTotals(tx, sendSeq, moved);
}

const NOTHING = Object.fromEntries(STAMPS.map((stamp) => [stamp, null])) as Record<Stamp, null>;

function receiptOf(row: UnfoldedRow): ReceiptRow {
  const stamps = Object.fromEntries(STAMPS.map((stamp) => [stamp, row[stamp]])) as Record<
    Stamp,
    number | null
  >;
  return {
    ...stamps,
    send_seq: row.send_seq!,
    position: row.position!,
    attempt: row.told_attempt ?? 0,
    code: row.told_code,
  };
}

function stamped(receipt: ReceiptRow, row: UnfoldedRow, stamp: Stamp): ReceiptRow {
  const known = receipt[stamp];
  const isEarlier = known === null || row.occurred_at < known;
  const isFirstCode =
    stamp === 'bounced_at' &&
    (isEarlier || (row.occurred_at === known && (row.code ?? '') < (receipt.code ?? '')));
  return {
    ...receipt,
    attempt: Math.max(receipt.attempt, row.attempt ?? 0),
    ...(isEarlier && { [stamp]: row.occurred_at }),
    ...(isFirstCode && { code: row.code }),
  };
}

function differ(one: ReceiptRow, other: ReceiptRow): boolean {
  return (
    one.attempt !== other.attempt ||
    one.code !== other.code ||
    STAMPS.some((stamp) => one[stamp] !== other[stamp])
  );
}
