import type { Reader, Value } from '../../ledger/ledger.ts';

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

/** In the order of the audience, after `afterPosition`. */
export function listDeliveries(
  reader: Reader,
  sendSeq: number,
  status: 'pending' | 'sent' | 'failed' | 'skipped' | null,
  afterPosition: number,
  limit: number,
): Promise<ReportedRow[]> {
  const wanted = {
    pending: "IN ('pending', 'sending')",
    sent: "= 'sent'",
    failed: "= 'failed' AND d.error_code IS NOT NULL",
    skipped: "= 'skipped' AND d.error_code IS NOT NULL",
  };
  const condition = status === null ? '' : `AND d.status ${wanted[status]}`;
  const parameters: Value[] = [sendSeq, afterPosition, limit];
  return reader.all<ReportedRow>(
    `SELECT d.position, l.id AS lead_id, l.name, d.contact, d.status, d.attempts, d.error_code, d.error, d.provider_said,
       d.provider_message_id, d.sent_at
     FROM deliveries d JOIN leads l ON l.seq = d.lead_seq
     WHERE d.send_seq = ? AND d.position > ? ${condition} ORDER BY d.position LIMIT ?`,
    ...parameters,
  );
}

export type TopError = {
  code: string;
  message: string | null;
  /** Of one of them. */
  provider_said: string | null;
  status: 'pending' | 'sent' | 'failed' | 'skipped';
  count: number;
};

/** The ten most frequent reasons of what failed, was skipped, or waits for another try. */
export async function topErrors(reader: Reader, sendSeq: number): Promise<TopError[]> {
  const grouped = (condition: string) =>
    reader.all<TopError>(
      `SELECT error_code AS code, max(error) AS message, max(provider_said) AS provider_said, status, count(*) AS count FROM deliveries
       WHERE send_seq = ? AND error_code IS NOT NULL AND ${condition}
       GROUP BY error_code, status ORDER BY count DESC LIMIT 10`,
      sendSeq,
    );
  const groups = await Promise.all([
    grouped("status = 'failed'"),
    grouped("status = 'skipped'"),
    grouped('retry_at IS NOT NULL'),
  ]);
  return groups
    .flat()
    .sort((one, other) => other.count - one.count)
    .slice(0, 10);
}
