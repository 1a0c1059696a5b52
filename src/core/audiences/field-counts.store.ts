import { setTimeout as sleep } from 'node:timers/promises';
import type { Reader } from '../../ledger/ledger.ts';

/** Leads that are looked at: all of them up to this number, of more a part that is taken from all over. */
export const MOST_LEADS = 50_000;
const FIRST_ROWS = 50;
const MOST_ROWS = 500;
/** Of metadata in one turn; a lead may have 100 KB of it. */
const TURN_CHARACTERS = 500_000;

/** What a lead has that a message can name. */
export interface FieldsRow {
  readonly name: string | null;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly has_email: number;
  readonly has_phone: number;
  readonly has_position: number;
  readonly has_company: number;
  readonly has_notes: number;
  readonly metadata: string;
}

export interface Looked {
  readonly looked: number;
  /** Whether that was everybody. */
  readonly isComplete: boolean;
}

const has = (column: string) =>
  `CASE WHEN l.${column} IS NULL OR trim(l.${column}) = '' THEN 0 ELSE 1 END AS has_${column}`;
const COLUMNS = `${['email', 'phone', 'position', 'company', 'notes'].map(has).join(', ')},
  l.name, l.first_name, l.last_name, l.metadata`;
const OF_AUDIENCE = `SELECT ${COLUMNS} FROM audience_members m JOIN leads l ON l.seq = m.lead_seq
  WHERE m.audience_seq = ? AND m.position BETWEEN ? AND ? AND l.deleted_at IS NULL`;
const OF_ALL = `SELECT ${COLUMNS} FROM leads l WHERE l.seq BETWEEN ? AND ? AND l.deleted_at IS NULL`;

/**
 * Looks at the leads of an audience (null: at all leads), a few at a time and resting as long as that took, until `look`
 * answers false. However many there are, the work has a bound.
 */
export async function lookThrough(
  reader: Reader,
  audience: { readonly seq: number; readonly total_count: number } | null,
  look: (rows: readonly FieldsRow[]) => boolean,
  mostLeads = MOST_LEADS,
): Promise<Looked> {
  const total = audience?.total_count ?? (await newest(reader));
  const isComplete = total <= mostLeads;
  // Between two looks as many are left out as bring the last look to the end.
  const step = isComplete ? 1 : total / mostLeads;
  // Of few, too, they are taken from all over.
  const mostRows = Math.min(MOST_ROWS, Math.max(FIRST_ROWS, mostLeads / 20));
  let looked = 0;
  let rows = FIRST_ROWS;
  for (let first = 1; first <= total; ) {
    const startedAt = performance.now();
    const last = Math.min(first + rows - 1, total);
    const part = audience
      ? await reader.all<FieldsRow>(OF_AUDIENCE, audience.seq, first, last)
      : await reader.all<FieldsRow>(OF_ALL, first, last);
    looked += part.length;
    if (!look(part)) return { looked, isComplete };
    first = Math.max(last + 1, Math.floor(first + rows * step));
    const characters = part.reduce((sum, { metadata }) => sum + metadata.length, 0);
    rows = characters > TURN_CHARACTERS ? Math.max(1, rows >> 1) : Math.min(mostRows, rows * 2);
    if (first <= total) await sleep(performance.now() - startedAt);
  }
  return { looked, isComplete };
}

async function newest(reader: Reader): Promise<number> {
  return (await reader.get<{ seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM leads'))!.seq;
}
