import type { Sender } from '../deliveries/sender.ts';
import type { Heir } from '../sends/orphan.store.ts';

/** The usual sender of each channel and mode: it takes over what a sender that is gone has left. */
export function heirsOf(senders: readonly Sender[]): Heir[] {
  const heirs = new Map<string, Heir>();
  for (const { about } of senders) {
    const { id: sender, channel, mode } = about;
    const key = `${channel}/${mode}`;
    if (!heirs.has(key)) heirs.set(key, { sender, channel, mode });
  }
  return [...heirs.values()];
}
