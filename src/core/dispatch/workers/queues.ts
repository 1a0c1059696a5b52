import { createHash } from 'node:crypto';

export const FREEZE_QUEUE = 'make-rows';
export const START_QUEUE = 'start-scheduled';

/** Every sender has one. An id may hold what the name of a queue must not: a hash tells apart what then looks the same. */
export function deliverQueue(sender: string): string {
  const hash = createHash('sha256').update(sender).digest('hex').slice(0, 12);
  return `deliver-${sender.replace(/[^\w-]+/g, '-').slice(0, 60)}-${hash}`;
}
