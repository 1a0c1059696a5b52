import type { Reader } from '../../src/ledger/ledger.ts';
import type { AcceptedMessage } from '../support/cloud-api-server.ts';
import type { ReceivedMessage } from '../support/smtp-server.ts';

/** What the providers recorded, laid beside what the ledger says. A delivery is named `campaign channel contact`. */
export interface Audit {
  readonly sends: number;
  readonly deliveries: number;
  readonly accepted: number;
  /** Accepted more than once. */
  readonly duplicates: readonly string[];
  /** Never accepted, and the ledger does not say "unknown". */
  readonly lost: readonly string[];
  /** The ledger says something that is not so: sent but never accepted, pending or failed though accepted, … */
  readonly wrong: readonly string[];
  readonly unknown: number;
  /** Of those that are unknown: how many had been accepted. */
  readonly unknownArrived: number;
  /** The same by WhatsApp alone, whose provider may tell of them. */
  readonly unknownArrivedByWhatsApp: number;
}

export async function audit(
  reader: Reader,
  emails: readonly ReceivedMessage[],
  whatsapps: readonly AcceptedMessage[],
): Promise<Audit> {
  const accepted = new Map<string, number>();
  const note = (key: string) => accepted.set(key, (accepted.get(key) ?? 0) + 1);
  for (const { raw, to } of emails) note(`${/^Subject: (\S+)/m.exec(raw)?.[1]} email ${to.join()}`);
  for (const { body, to } of whatsapps) note(`${body.split(' ')[0]} whatsapp ${to}`);

  const rows = await reader.all<{
    campaign: string;
    channel: string;
    contact: string;
    status: string;
    error_code: string | null;
  }>(
    `SELECT s.campaign, s.channel, d.contact, d.status, d.error_code
     FROM deliveries d JOIN sends s ON s.seq = d.send_seq`,
  );
  const lost: string[] = [];
  const wrong: string[] = [];
  let unknown = 0;
  let unknownArrived = 0;
  let unknownArrivedByWhatsApp = 0;
  const strangers = new Set(accepted.keys());
  for (const { campaign, channel, contact, status, error_code } of rows) {
    const key = `${campaign} ${channel} ${contact}`;
    strangers.delete(key);
    const hasArrived = accepted.has(key);
    if (status === 'failed' && error_code === 'outcome_unknown') {
      unknown += 1;
      if (hasArrived) unknownArrived += 1;
      if (hasArrived && channel === 'whatsapp') unknownArrivedByWhatsApp += 1;
    } else if (status !== 'sent') wrong.push(`${key} is ${status} ${error_code ?? ''}`);
    else if (!hasArrived) lost.push(key);
  }
  for (const key of strangers) wrong.push(`${key} has no row`);
  const { sends, missing } = (await reader.get<{ sends: number; missing: number }>(
    `SELECT count(*) AS sends,
       CAST(sum(total - (SELECT count(*) FROM deliveries d WHERE d.send_seq = s.seq)) AS BIGINT) AS missing
     FROM sends s`,
  ))!;
  if (missing !== 0) lost.push(`${missing} members without a row`);
  return {
    sends,
    deliveries: rows.length,
    accepted: emails.length + whatsapps.length,
    duplicates: [...accepted].filter(([, count]) => count > 1).map(([key, count]) => `${key} × ${count}`),
    lost,
    wrong,
    unknown,
    unknownArrived,
    unknownArrivedByWhatsApp,
  };
}
