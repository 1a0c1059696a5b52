import type { Reader } from '../../ledger/ledger.ts';
import type { AudienceRow } from '../audiences/audience.store.ts';
import type { NumberedRows } from '../leads/filter/node.ts';
import type { LeadRow } from '../leads/lead.ts';
import { SHORT_LEAD_COLUMNS } from '../leads/short-lead.ts';

/** For filters by what became of a send. */
export const DELIVERIES: NumberedRows = { table: 'deliveries', by: 'send_seq' };

export interface MemberRow extends LeadRow {
  place: number;
  send_status: string | null;
  send_error: string | null;
}

/** A page costs the same wherever it lies: members are numbered without gaps. */
export function listMembers(
  reader: Reader,
  audience: AudienceRow,
  sendSeq: number,
  first: number,
  last: number,
): Promise<MemberRow[]> {
  return reader.all<MemberRow>(
    `SELECT ${SHORT_LEAD_COLUMNS}, m.position AS place, d.status AS send_status, coalesce(d.error, d.error_code) AS send_error
     FROM audience_members m
     JOIN leads l ON l.seq = m.lead_seq
     LEFT JOIN deliveries d ON d.send_seq = ? AND d.position = m.position
     WHERE m.audience_seq = ? AND m.position BETWEEN ? AND ? ORDER BY m.position`,
    sendSeq,
    audience.seq,
    first,
    last,
  );
}
