import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../log/log.ts';
import type { Sender } from '../deliveries/sender.ts';
import type { SenderLoop } from './sender-loop.ts';

/** How long a stop waits for the answers that are out. */
export const DRAIN_MS = 20_000;
/** For what an abandoned attempt is to be written down as. */
export const GIVE_UP_MS = 2_000;

/**
 * Stops loops and waits for what is in flight, at most `maxMs`. Then the lines are cut: what had not left yet is
 * pending again, and only the rest is unknown.
 * @returns how many outcomes nobody knows because of it.
 */
export async function drain(
  senders: readonly { readonly sender: Sender; readonly loop: SenderLoop }[],
  sending: Promise<unknown>,
  maxMs: number,
  log: Log,
): Promise<number> {
  const sum = (count: (loop: SenderLoop) => number) =>
    senders.reduce((all, { loop }) => all + count(loop), 0);
  const inFlight = () => sum((loop) => loop.inFlight);
  for (const { loop } of senders) loop.stop();
  await within(sending, maxMs);
  if (inFlight() === 0) return 0;
  const before = sum((loop) => loop.uncertain);
  for (const { sender } of senders) {
    sender.close(0).catch((error: unknown) => {
      log.error({ err: error, sender: sender.about.id }, 'a sender could not be closed');
    });
  }
  await within(sending, GIVE_UP_MS);
  for (const { loop } of senders) loop.abandon();
  await within(sending, GIVE_UP_MS);
  return inFlight() + sum((loop) => loop.uncertain) - before;
}

export async function within(work: Promise<unknown>, maxMs: number): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(maxMs, undefined, { signal: over.signal }).catch(() => {})]);
  over.abort();
}
