import type { ConversationRow } from './conversation.store.ts';

const WINDOW_MS = 24 * 60 * 60_000;
/** What is about to close may be closed when the message arrives. */
const MARGIN_MS = 5 * 60_000;

/** Whom marketing was held back for after this gets none yet: another try only prolongs it. */
export function heldBackSince(nowMs: number): number {
  return nowMs - WINDOW_MS;
}

/** Whoever wrote after this is inside of the window. */
export function openSince(nowMs: number): number {
  return nowMs - WINDOW_MS + MARGIN_MS;
}

/** Milliseconds since 1970 until when any text may be sent to whoever wrote last at that time; null: not at all. */
export function windowClosesAt(
  row: Pick<ConversationRow, 'last_inbound_at' | 'refused_at'> | undefined,
): number | null {
  const wroteAt = row?.last_inbound_at ?? null;
  if (wroteAt === null || (row?.refused_at ?? 0) >= wroteAt) return null;
  return wroteAt + WINDOW_MS - MARGIN_MS;
}
