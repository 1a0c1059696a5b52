import type { ChannelName } from '../../core/channel.ts';
import type { Sender } from '../../core/deliveries/sender.ts';
import { TidingsError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';

const SANDBOX = 'sandbox';

/**
 * The sender that a caller has asked for: by its id, or by the word "sandbox", which each channel has. Without a word it
 * is the channel's first, the one that is configured.
 * @throws TidingsError `invalid_argument`
 */
export function chooseSender(
  senders: readonly Sender[],
  channel: ChannelName,
  wanted: string | undefined,
): Sender {
  const here = senders.filter(({ about }) => about.channel === channel);
  const found =
    wanted === undefined
      ? here[0]
      : here.find(({ about }) => (wanted === SANDBOX ? about.mode === 'sandbox' : about.id === wanted));
  if (found) return found;
  const known = here.map(({ about }) => (about.mode === 'sandbox' ? SANDBOX : about.id));
  const near = nearest(wanted!, known);
  throw new TidingsError(
    'invalid_argument',
    (words) =>
      `${words.argument('sender')} is "${wanted}", which is not a sender of ${channel}` +
      `${near === null ? '.' : `; did you mean ${near}?`}`,
    { fix: `Leave it out for the one that is configured, or give one of: ${known.join(', ')}.` },
  );
}
