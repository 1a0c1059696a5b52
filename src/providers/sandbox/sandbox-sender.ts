import type { ChannelName } from '../../core/channel.ts';
import type { Channel, Outcome } from '../../core/deliveries/sender.ts';
import type { MergeValues } from '../../core/leads/lead.ts';
import { renderMergeText, type Template } from '../../core/messages/merge-text.ts';
import type { MessageContent } from '../../core/messages/message.ts';
import { TidingsError } from '../../errors.ts';
import { textSegments } from '../email/message/text-part.ts';
import { refuseLongText, renderText } from '../whatsapp/text-limit.ts';

/** A message as it would have arrived. */
export interface OutboxEntry {
  readonly channel: ChannelName;
  readonly deliveryId: string;
  readonly attemptId: string;
  readonly to: string;
  /** Display name asked for by the caller; null for none, and always on WhatsApp. */
  readonly from: string | null;
  readonly subject: string | null;
  /** Plain text; of an HTML email, the text made from it. */
  readonly text: string;
  /** ISO 8601, in UTC. */
  readonly recordedAt: string;
}

/** Keeps what the sandbox would have sent. Returns, or resolves, once the entry is safe. */
export interface Outbox {
  record(entry: OutboxEntry): Promise<void> | void;
}

/**
 * The channel in use while no provider is configured: everything a send does, but for the last step, which writes to
 * a local outbox. It keeps the limits of the real channel, so that what works here is not refused there.
 */
export function createSandboxSender(name: ChannelName, outbox: Outbox): Channel {
  return {
    name,
    provider: 'sandbox',
    sender: { id: `sandbox:${name}`, ratePerSecond: null, windowSize: 256 },
    prepare(content) {
      const message = name === 'whatsapp' ? compileWhatsApp(content) : compileEmail(content);
      return {
        async deliver({ contact, values }, { deliveryId, attemptId }) {
          const rendered = message.render(values);
          if ('refusal' in rendered) return rendered.refusal;
          const { from, subject } = message;
          const entry: OutboxEntry = {
            channel: name,
            deliveryId,
            attemptId,
            to: contact,
            from,
            subject: subject(values),
            text: rendered.text,
            recordedAt: new Date().toISOString(),
          };
          try {
            await outbox.record(entry);
          } catch {
            return OUTBOX_UNAVAILABLE;
          }
          return { type: 'accepted', providerMessageId: `sandbox-${deliveryId}` };
        },
        preview: ({ contact, values }) => ({
          from: message.from,
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
  readonly from: string | null;
  subject(values: MergeValues): string | null;
  text(values: MergeValues): string;
  render(values: MergeValues): ReturnType<typeof renderText>;
}

function compileWhatsApp({ body }: MessageContent): CompiledMessage {
  refuseLongText(body);
  return {
    from: null,
    subject: () => null,
    text: (values) => renderMergeText(body, values),
    render: (values) => renderText(body, values),
  };
}

function compileEmail({ format, body, subject, fromName }: MessageContent): CompiledMessage {
  if (subject === null) {
    throw new TidingsError('invalid_argument', 'An email needs a subject.', {
      fix: 'Give "subject" when "channel" is "email".',
    });
  }
  // The same text part as the real email channel makes: a value is never read as HTML.
  const template: Template = format === 'html' ? { source: body.source, segments: textSegments(body) } : body;
  const text = (values: MergeValues) => renderMergeText(template, values);
  return {
    from: fromName,
    subject: (values) =>
      renderMergeText(subject, values, (value) => value.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')),
    text,
    render: (values) => ({ text: text(values) }),
  };
}
