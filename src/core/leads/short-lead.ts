import type { LeadWire } from './lead.schema.ts';
import { LEAD_COLUMNS, type LeadRow, toLead } from './lead.ts';

/** Characters of a lead's notes that a list shows, and of the JSON of its metadata, which is shown whole or not at all. */
const NOTES_SHOWN = 500;
const METADATA_SHOWN = 2_000;

/** A lead `l` for a list. Cut by the database: read whole, 200 leads are 24 MB, for every caller who asks. */
export const SHORT_LEAD_COLUMNS = LEAD_COLUMNS.replace(
  'l.notes',
  `substr(l.notes, 1, ${NOTES_SHOWN + 1}) AS notes`,
).replace(
  'l.metadata',
  `CASE WHEN length(l.metadata) > ${METADATA_SHOWN} THEN '' ELSE l.metadata END AS metadata`,
);

/** What was cut is named by `shortened`; `leads.get` shows all. */
export function toShortLead(row: LeadRow): LeadWire {
  const isLong = { notes: (row.notes?.length ?? 0) > NOTES_SHOWN, metadata: row.metadata === '' };
  if (!isLong.notes && !isLong.metadata) return toLead(row);
  // Not within a character that takes two places.
  const notes = row.notes?.slice(0, NOTES_SHOWN - 1).replace(/[\ud800-\udbff]$/, '');
  return {
    ...toLead({
      ...row,
      notes: isLong.notes ? `${notes}…` : row.notes,
      metadata: isLong.metadata ? '{}' : row.metadata,
    }),
    shortened: (['notes', 'metadata'] as const).filter((field) => isLong[field]),
  };
}
