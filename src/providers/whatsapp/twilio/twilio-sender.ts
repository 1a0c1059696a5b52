import { type Sender, STALLED } from '../../../core/deliveries/sender.ts';
import type { MergeValues } from '../../../core/leads/lead.ts';
import { renderMergeText } from '../../../core/messages/merge-text.ts';
import { messageFor } from '../../../core/messages/message.ts';
import { fillSlot, type TemplateMessage, templateText } from '../../../core/messages/template-message.ts';
import { exchange, openPool } from '../../exchange.ts';
import { refuseContact } from '../refuse-contact.ts';
import { refuseLongTemplate } from '../template-limit.ts';
import { refuseLongText, renderText } from '../text-limit.ts';
import { windowFor } from '../window-size.ts';
import { classifyTwilioAnswer } from './answer.ts';
import { withTemplate } from './by-template.ts';
import { contentEndpoint, parseTwilio, type TwilioOptions, twilioSenderId } from './settings.ts';
import { numberSlots } from './slot-numbers.ts';
import { TemplateSids } from './template-sids.ts';
import { createTwilioRegistry } from './twilio-registry.ts';

/** A hundred templates, each as long as it may be and with all of its letters escaped. */
const LONGEST_LIST_BYTES = 4 * 1024 * 1024;
/** Characters in `Body` (Messages resource). */
const MAX_BODY = 1_600;

/**
 * WhatsApp over Twilio's Messages API. Opens no connection before the first message.
 * @throws TidingsError `configuration` when an option cannot be used.
 */
export function createTwilioSender(options: TwilioOptions): Sender {
  const endpoint = parseTwilio(options);
  const windowSize = windowFor(options.ratePerSecond);
  // One connection for each message in flight: none waits in line for another's answer.
  const pool = openPool(endpoint, windowSize);
  const content = contentEndpoint(endpoint, options.contentUrl);
  // Apart from the messages: none of them waits behind a list.
  const management = openPool(content, 2, LONGEST_LIST_BYTES);
  const registry = createTwilioRegistry(management, content);
  const sids = new TemplateSids(registry);
  return {
    about: {
      id: twilioSenderId(options),
      channel: 'whatsapp',
      provider: 'whatsapp-twilio',
      mode: 'live',
      ratePerSecond: options.ratePerSecond,
      windowSize,
    },
    account: {
      id: options.accountSid,
      templates: registry,
      // Twilio tells neither the limit of the number nor its quality.
      limits: async () => ({ ok: true, value: { peoplePerDay: null, quality: null } }),
    },
    prepare(message) {
      const { body, template } = messageFor('whatsapp', message);
      refuseLongText(body, MAX_BODY);
      return {
        async deliver({ contact, values, byTemplate = false }, { attemptId, mayLeave }) {
          const refusal = refuseContact(contact);
          if (refusal) return refusal;
          const form = formOf(options, contact, attemptId);
          if (byTemplate && template) {
            const tooLong = refuseLongTemplate(template, values);
            if (tooLong) return tooLong;
            const found = await sids.find(template.name, template.content);
            if ('refusal' in found) return found.refusal;
            form.set('ContentSid', found.sid);
            const variables = contentVariables(template, values);
            // Without them real people would get the samples; with none to give Twilio refuses the field.
            if (variables !== null) form.set('ContentVariables', JSON.stringify(variables));
          } else {
            const rendered = renderText(body, values, MAX_BODY);
            if ('refusal' in rendered) return rendered.refusal;
            form.set('Body', rendered.text);
          }
          const reply = await exchange(pool, endpoint, {
            method: 'POST',
            path: `${endpoint.path}/Messages.json`,
            body: form.toString(),
            contentType: 'application/x-www-form-urlencoded',
            mayLeave,
          });
          if (reply.type === 'not_sent' && reply.code === STALLED.code) return STALLED;
          const outcome = classifyTwilioAnswer(reply, endpoint.hidden);
          if (!template) return outcome;
          const told = withTemplate(outcome, byTemplate);
          if (told.type === 'template_off') sids.forget();
          return told;
        },
        preview: ({ contact, values, byTemplate }) => ({
          from: options.from,
          to: contact,
          subject: null,
          text: byTemplate && template ? templateText(template, values) : renderMergeText(body, values),
        }),
      };
    },
    async close(waitMs) {
      if (pool.closed || pool.destroyed) return;
      void management.destroy();
      const limit = waitMs === undefined ? undefined : setTimeout(() => void pool.destroy(), waitMs);
      await pool.close();
      clearTimeout(limit);
    },
  };
}

/** By the number of each slot; null: the template has none. */
function contentVariables(template: TemplateMessage, values: MergeValues): Record<string, string> | null {
  const filled = new Map(template.slots.map((one) => [one.slot.key, fillSlot(one, values)]));
  const variables = numberSlots(template.content).flatMap(({ slot, number }) =>
    number === null ? [] : [[number, filled.get(slot.key) ?? ''] as const],
  );
  return variables.length === 0 ? null : Object.fromEntries(variables);
}

/** All of a message but what it says. Twilio gives the query of the callback back as it is: it names the attempt. */
function formOf(options: TwilioOptions, contact: string, attemptId: string): URLSearchParams {
  const form = new URLSearchParams({ To: `whatsapp:${contact}` });
  if (options.messagingServiceSid !== null) form.set('MessagingServiceSid', options.messagingServiceSid);
  if (options.from !== null) form.set('From', `whatsapp:${options.from}`);
  if (options.statusUrl !== null)
    form.set('StatusCallback', `${options.statusUrl}?attempt=${encodeURIComponent(attemptId)}`);
  return form;
}
