import type { LeadWire } from './lead.schema.ts';
import { type LeadRow, toLead } from './lead.ts';

/** Characters of a lead's notes, and of the JSON of its metadata, that a list shows. */
const NOTES_SHOWN = 500;
const METADATA_SHOWN = 2_000;

/** A lead as lists show it: what is long is cut, and `shortened` names it. `leads.get` shows all. */
export function toShortLead(row: LeadRow): LeadWire {
  const isLong = {
    notes: (row.notes?.length ?? 0) > NOTES_SHOWN,
    metadata: row.metadata.length > METADATA_SHOWN,
  };
  if (!isLong.notes && !isLong.metadata) return toLead(row);
  const lead = toLead(row);
  return {
    ...lead,
    ...(isLong.notes && { notes: cut(row.notes!, NOTES_SHOWN) }),
    ...(isLong.metadata && { metadata: shortMetadata(lead.metadata) }),
    shortened: (['notes', 'metadata'] as const).filter((field) => isLong[field]),
  };
}

/** The values that fit, in their order: a long one is left out, or cut when it is text. */
function shortMetadata(metadata: LeadWire['metadata']): LeadWire['metadata'] {
  const shown: LeadWire['metadata'] = {};
  let left = METADATA_SHOWN;
  for (const [key, value] of Object.entries(metadata)) {
    const short = typeof value === 'string' ? cut(value, NOTES_SHOWN) : value;
    const size = JSON.stringify(key).length + JSON.stringify(short).length + 2;
    if (size > left) continue;
    left -= size;
    Object.defineProperty(shown, key, { value: short, enumerable: true, configurable: true, writable: true });
  }
  return shown;
}

/** Not within a character that takes two places. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
