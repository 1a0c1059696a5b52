import type { ChannelName } from '../../core/channel.ts';
import { type Outcome, type Sender, STALLED } from '../../core/deliveries/sender.ts';
import type { MergeValues } from '../../core/leads/lead.ts';
import { renderMergeText, type Slot, takeApart } from '../../core/messages/merge-text.ts';
import { type EmailMessage, messageFor, type TextMessage } from '../../core/messages/message.ts';
import { textPart } from '../../core/messages/text-part.ts';
import { refuseLongText, renderText } from '../whatsapp/text-limit.ts';

/** What all messages of a send have in common. */
export interface OutboxText {
  readonly channel: ChannelName;
  /** Display name asked for by the caller; null for none, and always on WhatsApp. */
  readonly from: string | null;
  /** Plain text; of an HTML email, the text made from it. A number: here stands that value of the recipient. */
  readonly parts: readonly (string | number)[];
}

/** A message as it would have arrived. */
export interface OutboxEntry {
  readonly deliveryId: string;
  readonly attemptId: string;
  readonly to: string;
  readonly subject: string | null;
  readonly values: readonly string[];
  /** ISO 8601, in UTC. */
  readonly recordedAt: string;
}

/**
 * Keeps what the sandbox would have sent. Returns, or resolves, once the entry is safe. It is made when its turn has
 * come: however many wait, few are in memory.
 */
export interface Outbox {
  record(text: OutboxText, make: () => OutboxEntry): Promise<void> | void;
}

/**
 * Messages that reach nobody: everything a send does, but for the last step, which writes to
 * a local outbox. It keeps the limits of the real sender, so that what works here is not refused there.
 */
export function createSandboxSender(channel: ChannelName, outbox: Outbox): Sender {
  return {
    about: {
      id: `sandbox:${channel}`,
      channel,
      provider: 'sandbox',
      mode: 'sandbox',
      ratePerSecond: null,
      windowSize: 256,
    },
    prepare(given) {
      const ours = messageFor(channel, given);
      const message = ours.channel === 'email' ? compileEmail(ours) : compileText(ours);
      return {
        async deliver({ contact, values }, { deliveryId, attemptId, mayLeave }) {
          const refusal = message.refusal(values);
          if (refusal) return refusal;
          const make = (): OutboxEntry => ({
            deliveryId,
            attemptId,
            to: contact,
            subject: message.subject(values),
            values: message.slots.map((slot) => slot.render(values, String)),
            recordedAt: new Date().toISOString(),
          });
          if (!mayLeave()) return STALLED;
          try {
            await outbox.record(message.shared, make);
          } catch {
            return OUTBOX_UNAVAILABLE;
          }
          return { type: 'accepted', providerMessageId: `sandbox-${deliveryId}` };
        },
        preview: ({ contact, values }) => ({
          from: message.shared.from,
          to: contact,
          subject: message.subject(values),
          text: message.text(values),
        }),
      };
    },
    async close() {},
  };
}

const OUTBOX_UNAVAILABLE: Outcome = {
  type: 'transient',
  scope: 'sender',
  code: 'outbox_unavailable',
  message: 'The sandbox outbox cannot be written; check that the data folder is writable and not full.',
};

interface CompiledMessage {
  readonly shared: OutboxText;
  /** Whose values an entry holds, in their order. */
  readonly slots: readonly Slot[];
  subject(values: MergeValues): string | null;
  text(values: MergeValues): string;
  /** Why this recipient cannot get it; null: nothing stands in the way. */
  refusal(values: MergeValues): Outcome | null;
}

function compileText({ body }: TextMessage): CompiledMessage {
  refuseLongText(body);
  const { parts, slots } = takeApart(body);
  return {
    shared: { channel: 'whatsapp', from: null, parts },
    slots,
    subject: () => null,
    text: (values) => renderMergeText(body, values),
    refusal(values) {
      const rendered = renderText(body, values);
      return 'refusal' in rendered ? rendered.refusal : null;
    },
  };
}

function compileEmail(message: EmailMessage): CompiledMessage {
  const { format, body, subject, fromName } = message;
  // The same text part as every email sender makes: a value is never read as HTML.
  const plain = format === 'html' ? (message.textPart ?? textPart(body)) : body;
  const { parts, slots } = takeApart(plain);
  return {
    shared: { channel: 'email', from: fromName, parts },
    slots,
    subject: (values) =>
      renderMergeText(subject, values, (value) => value.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')),
    text: (values) => renderMergeText(plain, values),
    refusal: () => null,
  };
}
