import type { ChannelName } from '../../core/channel.ts';
import {
  type Outcome,
  type Recipient,
  type SendAbout,
  type Sender,
  type SenderAbout,
  STALLED,
} from '../../core/deliveries/sender.ts';
import type { MergeValues } from '../../core/leads/lead.ts';
import { withInlineImages } from '../../core/messages/attachment.ts';
import { isUnsubscribeUrl, UNSUBSCRIBE_URL } from '../../core/messages/field-values.ts';
import { isChoice, renderMergeText, takeApart } from '../../core/messages/merge-text.ts';
import { type EmailMessage, messageFor, type TextMessage } from '../../core/messages/message.ts';
import { makeField } from '../../core/messages/parse-merge-text.ts';
import {
  type FilledSlot,
  fillSlot,
  type TemplateMessage,
  templateText,
} from '../../core/messages/template-message.ts';
import { escapeHtml } from '../email/message/escape-html.ts';
import { withFooter } from '../email/message/footer.ts';
import {
  type EmailIdentity,
  listHeaders,
  NO_IDENTITY,
  refuseMissingLink,
  withLink,
} from '../email/message/identity.ts';
import { lintEmail } from '../email/message/lint.ts';
import type { FromAddress } from '../email/smtp/settings.ts';
import { refuseLongTemplate } from '../whatsapp/template-limit.ts';
import { refuseLongText, renderText } from '../whatsapp/text-limit.ts';
import type { SandboxNumber } from './sandbox-number.ts';

/** What all messages of a send have in common. */
export interface OutboxText {
  readonly channel: ChannelName;
  /** Display name asked for by the caller; null for none, and always on WhatsApp. */
  readonly from: string | null;
  /** Plain text; of an HTML email, the text made from it. A number: here stands that value of the recipient. */
  readonly parts: readonly (string | number)[];
  /** Header lines that say who sends and how to leave. */
  readonly headers?: readonly { readonly name: string; readonly parts: readonly (string | number)[] }[];
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

/** What the emails of the real sender say of who sends them, as far as it is known. */
export interface SandboxIdentity {
  readonly identity: EmailIdentity;
  readonly from: FromAddress | null;
}

/** By which name a sandbox is asked for, and how fast it goes: as fast as the disk, unless it says so. */
export type SandboxPace = Pick<SenderAbout, 'id' | 'ratePerSecond'>;

/**
 * Messages that reach nobody: everything a send does, but for the last step, which writes to
 * a local outbox. It keeps the limits of the real sender, so that what works here is not refused there.
 */
export function createSandboxSender(
  channel: ChannelName,
  outbox: Outbox,
  email: SandboxIdentity = { identity: NO_IDENTITY, from: null },
  number: SandboxNumber | null = null,
  own: SandboxPace = { id: `sandbox:${channel}`, ratePerSecond: null },
): Sender {
  return {
    ...(number && { account: number.account }),
    about: {
      ...own,
      channel,
      provider: 'sandbox',
      mode: 'sandbox',
      windowSize: 256,
    },
    prepare(given, send) {
      const ours = messageFor(channel, given);
      const text = ours.channel === 'email' ? compileEmail(ours, email, send) : compileText(ours);
      const links = channel === 'email' ? email.identity.links : null;
      const template = ours.channel === 'whatsapp' && ours.template ? compileTemplate(ours.template) : null;
      const of = ({ byTemplate }: Recipient) => (byTemplate && template ? template : text);
      return {
        async deliver(recipient, { deliveryId, attemptId, mayLeave }) {
          const message = of(recipient);
          const { contact, values } = withLink(recipient, links, links?.of(attemptId));
          const refusal = message.refusal(values);
          if (refusal) return refusal;
          const make = (): OutboxEntry => ({
            deliveryId,
            attemptId,
            to: contact,
            subject: message.subject(values),
            values: message.fill(values),
            recordedAt: new Date().toISOString(),
          });
          if (!mayLeave()) return STALLED;
          try {
            await outbox.record(message.shared, make);
          } catch {
            return OUTBOX_UNAVAILABLE;
          }
          number?.take(attemptId, contact);
          return { type: 'accepted', providerMessageId: `sandbox-${deliveryId}` };
        },
        warnings: () => text.warnings?.() ?? [],
        preview(recipient) {
          const message = of(recipient);
          const { contact, values } = withLink(recipient, links);
          return {
            from: message.shared.from,
            to: contact,
            subject: message.subject(values),
            text: message.text(values),
            ...(message.html && { html: message.html(values) }),
          };
        },
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
  /** What of an entry's own it holds, in the order of `parts`. */
  fill(values: MergeValues): string[];
  subject(values: MergeValues): string | null;
  text(values: MergeValues): string;
  /** Of an HTML email. */
  readonly html?: (values: MergeValues) => string;
  /** What filters punish. */
  readonly warnings?: () => string[];
  /** Why this recipient cannot get it; null: nothing stands in the way. */
  refusal(values: MergeValues): Outcome | null;
}

/** Header, body and footer, as its reader sees them. */
function compileTemplate(template: TemplateMessage): CompiledMessage {
  const { header, body, footer } = template.content;
  const parts: (string | number)[] = [];
  const add = (wording: string, where: FilledSlot['slot']['in']) => {
    let from = 0;
    for (const { 0: written, 1: name, index } of wording.matchAll(SLOT)) {
      parts.push(wording.slice(from, index));
      from = index + written.length;
      const at = template.slots.findIndex(({ slot }) => slot.in === where && slot.name === name);
      if (at >= 0) parts.push(at);
    }
    parts.push(wording.slice(from));
  };
  if (header?.kind === 'text') add(`${header.text}\n\n`, 'header');
  add(body, 'body');
  if (footer !== null) parts.push(`\n\n${footer}`);
  return {
    shared: { channel: 'whatsapp', from: null, parts },
    fill: (values) => template.slots.map((slot) => fillSlot(slot, values)),
    subject: () => null,
    text: (values) => templateText(template, values),
    refusal: (values) => refuseLongTemplate(template, values),
  };
}

const SLOT = /\{\{\s*(\w+)\s*\}\}/gu;

function compileText({ body }: TextMessage): CompiledMessage {
  refuseLongText(body);
  const { parts, slots } = takeApart(body);
  return {
    shared: { channel: 'whatsapp', from: null, parts },
    fill: (values) => slots.map((slot) => slot.render(values, String)),
    subject: () => null,
    text: (values) => renderMergeText(body, values),
    refusal(values) {
      const rendered = renderText(body, values);
      return 'refusal' in rendered ? rendered.refusal : null;
    },
  };
}

function compileEmail(
  given: EmailMessage,
  { identity, from }: SandboxIdentity,
  send: SendAbout | undefined,
): CompiledMessage {
  refuseMissingLink(given, identity);
  // The same text part as every email sender makes: a value is never read as HTML.
  const whole = withFooter(withInlineImages(given), identity);
  const { format, body, subject, fromName, textPart } = whole;
  const { parts, slots } = takeApart(textPart);
  const link = slots.findIndex((slot) => !isChoice(slot) && isUnsubscribeUrl(slot.path));
  const { fixed, leave } = listHeaders(identity, from, send);
  const at = link < 0 ? slots.length : link;
  const filled = link < 0 && identity.links ? [...slots, LINK_FIELD] : slots;
  return {
    shared: {
      channel: 'email',
      from: fromName,
      parts,
      headers: entriesOf(leave(LINK) + fixed).map(([name, value]) => ({
        name,
        parts: value.split(LINK).flatMap((text, index) => (index === 0 ? [text] : [at, text])),
      })),
    },
    fill: (values) => filled.map((slot) => slot.render(values, String)),
    subject: (values) =>
      renderMergeText(subject, values, (value) => value.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')),
    text: (values) => renderMergeText(textPart, values),
    ...(format === 'html' && { html: (values) => renderMergeText(body, values, escapeHtml) }),
    warnings: () => lintEmail(whole),
    refusal: () => null,
  };
}

/** Stands where the link of each message comes. */
const LINK = '\uE000';
const LINK_FIELD = makeField([UNSUBSCRIBE_URL], []);

/** Header lines as names and values, unfolded. */
function entriesOf(lines: string): [name: string, value: string][] {
  return lines
    .replaceAll(/\r\n(?=[ \t])/g, '')
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
}
