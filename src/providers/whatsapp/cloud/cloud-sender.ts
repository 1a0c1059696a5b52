import { type Outcome, type Sender, STALLED } from '../../../core/deliveries/sender.ts';
import type { MergeValues } from '../../../core/leads/lead.ts';
import { renderMergeText } from '../../../core/messages/merge-text.ts';
import { messageFor } from '../../../core/messages/message.ts';
import { fillSlot, type TemplateMessage, templateText } from '../../../core/messages/template-message.ts';
import { MEDIA_KINDS } from '../../../core/templates/template.ts';
import type { RegistryProblem } from '../../../core/templates/template-registry.ts';
import { exchange, openPool } from '../../exchange.ts';
import { refuseContact } from '../refuse-contact.ts';
import { refuseLongTemplate } from '../template-limit.ts';
import { refuseLongText, renderText } from '../text-limit.ts';
import { windowFor } from '../window-size.ts';
import { classifyExchange } from './answer.ts';
import { withTemplate } from './by-template.ts';
import { createCloudAccount } from './cloud-account.ts';
import { MediaStore } from './media-store.ts';
import { parseEndpoint, type WhatsAppOptions } from './settings.ts';
import { templatePayload } from './template-payload.ts';

export { checkWhatsApp } from './check-whatsapp.ts';
export type { WhatsAppOptions } from './settings.ts';

/** A hundred templates, each as long as it may be and with all of its letters escaped. */
const LONGEST_LIST_BYTES = 4 * 1024 * 1024;

/**
 * WhatsApp over Meta's Cloud API. Opens no connection before the first message.
 * @throws TidingsError `configuration` when an option cannot be used.
 */
export function createCloudSender(options: WhatsAppOptions): Sender {
  const endpoint = parseEndpoint(options);
  const windowSize = windowFor(options.ratePerSecond);
  // One connection for each message in flight: none waits in line for another's answer.
  const pool = openPool(endpoint, windowSize);
  // Apart from the messages: none of them waits behind a list.
  const management = options.businessAccountId ? openPool(endpoint, 2, LONGEST_LIST_BYTES) : null;
  const media = new MediaStore(management ?? pool, endpoint);
  const account =
    management && createCloudAccount(management, endpoint, options.businessAccountId!, options.appId ?? null);
  return {
    about: {
      id: `whatsapp:${options.phoneNumberId}`,
      channel: 'whatsapp',
      provider: 'whatsapp-cloud',
      mode: 'live',
      ratePerSecond: options.ratePerSecond,
      windowSize,
    },
    ...(account && { account }),
    prepare(message) {
      const { body, template } = messageFor('whatsapp', message);
      refuseLongText(body);
      return {
        async deliver({ contact, values, byTemplate = false }, { attemptId, mayLeave }) {
          const refusal = refuseContact(contact);
          if (refusal) return refusal;
          const content =
            byTemplate && template
              ? await renderTemplate(template, values, media)
              : textContent(renderText(body, values));
          if ('refusal' in content) return content.refusal;
          const reply = await exchange(pool, endpoint, {
            method: 'POST',
            path: `${endpoint.path}/messages`,
            body: envelope(contact, content, attemptId),
            mayLeave,
          });
          if (reply.type === 'not_sent' && reply.code === STALLED.code) return STALLED;
          const outcome = classifyExchange(reply, endpoint.hidden);
          return template ? withTemplate(outcome, byTemplate) : outcome;
        },
        // The number behind the id is known to Meta only; `checkWhatsApp` asks for it.
        preview: ({ contact, values, byTemplate }) => ({
          from: null,
          to: contact,
          subject: null,
          text: byTemplate && template ? templateText(template, values) : renderMergeText(body, values),
        }),
      };
    },
    async close(waitMs) {
      if (pool.closed || pool.destroyed) return;
      void management?.destroy();
      const limit = waitMs === undefined ? undefined : setTimeout(() => void pool.destroy(), waitMs);
      await pool.close();
      clearTimeout(limit);
    },
  };
}

type Content =
  | { readonly type: 'text'; readonly text: object }
  | { readonly type: 'template'; readonly template: object };

function textContent(rendered: ReturnType<typeof renderText>): Content | { readonly refusal: Outcome } {
  if ('refusal' in rendered) return rendered;
  return { type: 'text', text: { preview_url: false, body: rendered.text } };
}

async function renderTemplate(
  template: TemplateMessage,
  values: MergeValues,
  media: MediaStore,
): Promise<Content | { readonly refusal: Outcome }> {
  const refusal = refuseLongTemplate(template, values);
  if (refusal) return { refusal };
  const slot = template.slots.find(({ slot: { takes } }) => MEDIA_KINDS.some((kind) => kind === takes));
  const place = slot ? fillSlot(slot, values) : null;
  // An id at WhatsApp is taken as it is.
  if (place === null || /^\d+$/.test(place))
    return {
      type: 'template',
      template: templatePayload(template, values, place === null ? null : { id: place }),
    };
  const file = await media.idOf(place);
  if (!file.ok) return { refusal: withoutFile(file.problem) };
  return { type: 'template', template: templatePayload(template, values, { id: file.value }) };
}

/** Nobody gets the message without the file: it is about all of them. */
function withoutFile({ kind, code, message, said }: RegistryProblem): Outcome {
  const told = { code, message: `The file of the header: ${message}`, ...(said !== undefined && { said }) };
  if (kind === 'later') return { type: 'transient', scope: 'recipient', ...told };
  return { type: kind === 'account' ? 'account' : 'stop_send', ...told };
}

/** Cloud API reference, "Messages". */
function envelope(to: string, content: Content, attemptId: string): string {
  return JSON.stringify({
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to,
    ...content,
    // Comes back with every status, and so tells the fate of an attempt whose answer was lost.
    biz_opaque_callback_data: attemptId,
  });
}
