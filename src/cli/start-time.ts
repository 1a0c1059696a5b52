/** How long until `at` (ISO 8601), for people: `in 3 h 20 min`. Two units are enough to see a slip of a day or a zone. */
export function untilThen(at: string, nowMs: number): string {
  const seconds = Math.round((Date.parse(at) - nowMs) / 1_000);
  if (seconds <= 0) return 'due now';
  if (seconds < 60) return `in ${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `in ${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `in ${hours} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`;
  return `in ${Math.floor(hours / 24)} days${hours % 24 ? ` ${hours % 24} h` : ''}`;
}

/** `2026-08-01T09:00:00Z (in 3 h 20 min)`; the plain moment once nothing waits for it. */
export function showStart(send: { [field: string]: unknown }, nowMs = Date.now()): string | undefined {
  const at = send['scheduled_at'];
  if (typeof at !== 'string') return undefined;
  const moment = at.replace('.000Z', 'Z');
  return send['state'] === 'scheduled' ? `${moment} (${untilThen(at, nowMs)})` : moment;
}
