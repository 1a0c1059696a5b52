/** What a lead is filtered by stands in columns of its own, so that no filter reads the JSON of every lead. */
export const FILTERED_KEYS = ['segment_id', 'campaign_id', 'assignee_id'] as const;

export type MetadataColumns = { metadata: string } & Record<(typeof FILTERED_KEYS)[number], string | null>;

/** Half a character (a lone surrogate) or NUL, as JSON writes it. */
const UNFIT = /\\u(d[89a-f]|0000)/;
/** A filter has no more characters than this: longer values are never asked for. */
const LONGEST_FILTER = 200;

/**
 * Free-form values as they are stored. The doors have looked at them, and a file has not been through a door: what
 * PostgreSQL, a provider or another reader of JSON would choke on is mended here for all of them.
 */
export function metadataColumns(given: Readonly<Record<string, unknown>>): MetadataColumns {
  const text = JSON.stringify(given);
  const isFit = !UNFIT.test(text);
  const metadata = isFit ? given : (mended(given) as Record<string, unknown>);
  return {
    metadata: isFit ? text : JSON.stringify(metadata),
    segment_id: filterText(metadata['segment_id']),
    campaign_id: filterText(metadata['campaign_id']),
    assignee_id: filterText(metadata['assignee_id']),
  };
}

/** A number or truth value is found by how it is written; lists and objects are not found. */
function filterText(value: unknown): string | null {
  if (!['string', 'number', 'boolean'].includes(typeof value)) return null;
  const text = String(value);
  return text.length <= LONGEST_FILTER ? text : null;
}

function mended(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '');
  if (Array.isArray(value)) return value.map(mended);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [mended(key), mended(inner)]));
}
