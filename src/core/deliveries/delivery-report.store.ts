import type { Reader } from '../../ledger/ledger.ts';

export interface ReportedRow {
  position: number;
  lead_id: string;
  name: string | null;
  contact: string | null;
  status: string;
  attempts: number;
  error_code: string | null;
  error: string | null;
  provider_said: string | null;
  provider_message_id: string | null;
  sent_at: number | null;
}

/** Rows looked at for one page of a reason that is rare among others. */
const LOOKED_FOR_CODE = 5_000;

/**
 * In the order of the audience, after `afterPosition`.
 * @returns `next`: the position after which there is more; null: that was all
 */
export async function listDeliveries(
  reader: Reader,
  sendSeq: number,
  { status, code }: { status: keyof typeof LISTED | null; code: string | null },
  afterPosition: number,
  limit: number,
): Promise<{ rows: ReportedRow[]; next: number | null }> {
  const condition = status === null ? '' : `AND d.status ${LISTED[status]}`;
  const order = `WHERE d.send_seq = ? AND d.position > ? ${condition} ORDER BY d.position LIMIT ?`;
  if (code === null) {
    const rows = await reader.all<ReportedRow>(`${REPORTED} ${order}`, sendSeq, afterPosition, limit + 1);
    const shown = rows.slice(0, limit);
    return { rows: shown, next: rows.length > limit ? shown.at(-1)!.position : null };
  }
  const told = status === null ? 'AND d.error_code IS NOT NULL' : '';
  const looked = await reader.all<{ position: number; error_code: string | null }>(
    `SELECT d.position, d.error_code FROM deliveries d ${order.replace('ORDER', `${told} ORDER`)}`,
    sendSeq,
    afterPosition,
    LOOKED_FOR_CODE,
  );
  const found = looked.filter((row) => row.error_code === code).map(({ position }) => position);
  const shown = found.slice(0, limit);
  const rows =
    shown.length === 0
      ? []
      : await reader.all<ReportedRow>(
          `${REPORTED} WHERE d.send_seq = ? AND d.position IN (${shown.map(() => '?').join(', ')})
           ORDER BY d.position`,
          sendSeq,
          ...shown,
        );
  if (found.length > limit) return { rows, next: shown.at(-1)! };
  return { rows, next: looked.length === LOOKED_FOR_CODE ? looked.at(-1)!.position : null };
}

const LISTED = {
  pending: "IN ('pending', 'sending')",
  sent: "= 'sent'",
  failed: "= 'failed' AND d.error_code IS NOT NULL",
  skipped: "= 'skipped' AND d.error_code IS NOT NULL",
};
const REPORTED = `SELECT d.position, l.id AS lead_id, l.name, d.contact, d.status, d.attempts, d.error_code, d.error,
    d.provider_said, d.provider_message_id, d.sent_at
  FROM deliveries d JOIN leads l ON l.seq = d.lead_seq`;

export type TopError = {
  code: string;
  message: string | null;
  /** Of one of them. */
  provider_said: string | null;
  status: 'pending' | 'sent' | 'failed' | 'skipped';
  count: number;
};

type Counted = Pick<TopError, 'code' | 'status' | 'count'>;
type Words = Pick<TopError, 'message' | 'provider_said'>;

/** The ten most frequent reasons of what failed, was skipped, or waits for another try: by counts that are kept. */
export async function topErrors(reader: Reader, sendSeq: number): Promise<TopError[]> {
  const counted = await reader.all<Counted>(
    `SELECT code, status, CAST(sum(count) AS BIGINT) AS count FROM delivery_errors WHERE send_seq = ?
     GROUP BY code, status HAVING sum(count) > 0 ORDER BY sum(count) DESC, code, status LIMIT 10`,
    sendSeq,
  );
  return Promise.all(counted.map(async (one) => ({ ...one, ...(await wordsOf(reader, sendSeq, one)) })));
}

/** Rows looked at for one that still tells this. */
const LOOKED_AT = 1_000;
const SHOWN = {
  pending: 'd.retry_at IS NOT NULL',
  failed: "d.status = 'failed'",
  skipped: "d.status = 'skipped'",
  sent: "d.status = 'sent'",
};

/** The words are those of one row, and are nowhere but there: who is erased takes them along. */
async function wordsOf(reader: Reader, sendSeq: number, { code, status }: Counted): Promise<Words> {
  const words = await reader.get<Words>(
    `SELECT d.error AS message, d.provider_said FROM delivery_errors e
     JOIN deliveries d ON d.send_seq = e.send_seq AND d.position = e.sample_position
     WHERE e.send_seq = ? AND e.code = ? AND e.status = ? AND e.count > 0 AND d.error_code = e.code
       AND ${SHOWN[status]} LIMIT 1`,
    sendSeq,
    code,
    status,
  );
  if (words) return words;
  const other = await reader.get<Words>(
    `SELECT message, provider_said FROM (
       SELECT d.error_code, d.error AS message, d.provider_said FROM deliveries d
       WHERE d.send_seq = ? AND d.error_code IS NOT NULL AND ${SHOWN[status]} LIMIT ${LOOKED_AT}) looked
     WHERE error_code = ? LIMIT 1`,
    sendSeq,
    code,
  );
  return other ?? { message: null, provider_said: null };
}
