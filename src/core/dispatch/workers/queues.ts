import { CHANNEL_NAMES } from '../../channel.ts';

export const FREEZE_QUEUE = 'make-rows';
export const START_QUEUE = 'start-scheduled';

export function deliverQueue(channel: string, mode: string): string {
  return `deliver-${channel}-${mode}`;
}

/** Every queue that there can be, whatever this process is configured for. */
export function allQueues(): string[] {
  const delivering = CHANNEL_NAMES.flatMap((channel) =>
    ['live', 'sandbox'].map((mode) => deliverQueue(channel, mode)),
  );
  return [FREEZE_QUEUE, START_QUEUE, ...delivering];
}
