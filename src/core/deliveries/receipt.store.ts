import { byDialect, type Reader, type Transaction } from '../../ledger/ledger.ts';

/** What was told of a delivery, each at the earliest time that was told for it. */
export const STAMPS = [
  'accepted_at',
  'delivered_at',
  'read_at',
  'bounced_at',
  'complained_at',
  'replied_at',
  'unsubscribed_at',
  'clicked_at',
] as const;
export type Stamp = (typeof STAMPS)[number];

/** Milliseconds since 1970 by the clock of the provider; null: not told. */
export type Stamps = Readonly<Record<Stamp, number | null>>;

export interface ReceiptRow extends Stamps {
  readonly send_seq: number;
  readonly position: number;
  /** The latest of which something was told. */
  readonly attempt: number;
  /** Why it did not arrive; null: nothing was told of that. */
  readonly code: string | null;
}

/** For whoever joins receipts as `r`. */
export const RECEIPT_COLUMNS = STAMPS.map((stamp) => `r.${stamp}`).join(', ');

const KEY = ['send_seq', 'position', 'attempt'] as const;
const NUMBERS = [...KEY, ...STAMPS];
const COLUMNS = [...NUMBERS, 'code'] as const;
const GIVEN = byDialect({
  sqlite: `SELECT ${COLUMNS.map((_, at) => `json_extract(value, '$[${at}]')`).join(', ')} FROM json_each(?) WHERE true`,
  postgres: `SELECT * FROM unnest(${NUMBERS.map(() => 'CAST(? AS BIGINT[])').join(', ')}, CAST(? AS TEXT[]))`,
});

/** As they are now, in one statement: whoever writes them has read them in the same transaction, and is the only one. */
export async function writeReceipts(tx: Transaction, receipts: readonly ReceiptRow[]): Promise<void> {
  if (receipts.length === 0) return;
  const cells = receipts.map((receipt) => COLUMNS.map((column) => receipt[column]));
  const given =
    tx.dialect === 'sqlite' ? [JSON.stringify(cells)] : COLUMNS.map((_, at) => cells.map((row) => row[at]!));
  const changed = COLUMNS.filter((column) => column !== 'send_seq' && column !== 'position');
  await tx.run(
    `INSERT INTO receipts (${COLUMNS.join(', ')}) ${GIVEN(tx)} ON CONFLICT (send_seq, position) DO UPDATE SET
       ${changed.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    ...given,
  );
}

/** How many of a send were delivered and so on; they are no part of the five totals. */
export const RECEIPT_TOTALS = [
  'delivered',
  'read',
  'bounced',
  'complained',
  'replied',
  'unsubscribed',
  'clicked',
] as const;
export type ReceiptTotals = Record<(typeof RECEIPT_TOTALS)[number], number>;

/** What one delivery counts for: a message that was read was delivered, whether that was told or not. */
export function countsOf(stamps: Stamps): ReceiptTotals {
  const one = (stamp: number | null) => (stamp === null ? 0 : 1);
  return {
    delivered: one(stamps.delivered_at ?? stamps.read_at),
    read: one(stamps.read_at),
    bounced: one(stamps.bounced_at),
    complained: one(stamps.complained_at),
    replied: one(stamps.replied_at),
    unsubscribed: one(stamps.unsubscribed_at),
    clicked: one(stamps.clicked_at),
  };
}

export async function addToReceiptTotals(
  tx: Transaction,
  sendSeq: number,
  moved: ReceiptTotals,
): Promise<void> {
  await tx.run(
    `INSERT INTO receipt_totals (send_seq, ${RECEIPT_TOTALS.join(', ')}) VALUES (?, ${RECEIPT_TOTALS.map(() => '?').join(', ')})
     ON CONFLICT (send_seq) DO UPDATE SET
       ${RECEIPT_TOTALS.map((name) => `${name} = receipt_totals.${name} + excluded.${name}`).join(', ')}`,
    sendSeq,
    ...RECEIPT_TOTALS.map((name) => moved[name]),
  );
}

/** null: nothing was told of this send yet. */
export async function findReceiptTotals(reader: Reader, sendSeq: number): Promise<ReceiptTotals | null> {
  const row = await reader.get<ReceiptTotals>(
    `SELECT ${RECEIPT_TOTALS.join(', ')} FROM receipt_totals WHERE send_seq = ?`,
    sendSeq,
  );
  return row ?? null;
}

/** What a provider told of one attempt, apart from its answer. */
export interface Told {
  readonly position: number;
  readonly attempt: number;
  /** By the clock of the provider, milliseconds since 1970. */
  readonly at: number;
  /** The provider's id of the message; null: not told. */
  readonly messageId: string | null;
  /** It did not arrive; null: the provider had it. */
  readonly failed: { readonly code: string; readonly error: string; readonly said: string | null } | null;
}

/** Where nothing else says why. */
export const DID_NOT_ARRIVE = 'The provider told later that the message did not arrive.';

/** What the receipts say of these attempts. */
export async function toldOf(
  reader: Reader,
  sendSeq: number,
  rows: readonly { readonly position: number; readonly attempts: number }[],
): Promise<Told[]> {
  const told: Told[] = [];
  for (const { position, attempts } of rows) {
    const receipt = await reader.get<ReceiptRow>(
      'SELECT * FROM receipts WHERE send_seq = ? AND position = ? AND attempt = ?',
      sendSeq,
      position,
      attempts,
    );
    if (!receipt) continue;
    const times = STAMPS.flatMap((stamp) => receipt[stamp] ?? []);
    const failed =
      receipt.bounced_at === null
        ? null
        : { code: receipt.code ?? 'bounced', error: DID_NOT_ARRIVE, said: null };
    told.push({ position, attempt: attempts, at: Math.min(...times), messageId: null, failed });
  }
  return told;
}
