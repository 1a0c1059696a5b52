const NUMBER = /^[+-]?\d{1,30}(\.\d{1,30})?$/;
const TIME = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** A number, or a text that is one; null: it is none. */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.length > 100) return null;
  const text = value.trim();
  return NUMBER.test(text) ? Number(text) : null;
}

/** Milliseconds of an ISO 8601 date (its beginning in UTC) or time (UTC where it names no zone); null: it is none. */
export function timeOf(value: unknown): number | null {
  if (typeof value !== 'string' || value.length > 100) return null;
  const text = value.trim();
  const zone = TIME.exec(text);
  if (!zone) return null;
  const day = text.slice(0, 10);
  // The thirtieth of February is no date, and would be read as one in March.
  const midnight = Date.parse(day);
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return null;
  const withZone = zone[1] === undefined || zone[4] !== undefined ? text : `${text}Z`;
  const ms = Date.parse(
    withZone.replace(' ', 'T').replace(/([+-]\d\d)(\d\d)$/, zone[1] === undefined ? '$&' : '$1:$2'),
  );
  return Number.isNaN(ms) ? null : ms;
}
