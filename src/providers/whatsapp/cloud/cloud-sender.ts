import { type Outcome, type Sender, STALLED } from '../../../core/deliveries/sender.ts';
import { renderMergeText } from '../../../core/messages/merge-text.ts';
import { messageFor } from '../../../core/messages/message.ts';
import { refuseLongText, renderText } from '../text-limit.ts';
import { classifyExchange } from './answer.ts';
import { exchange, openPool } from './exchange.ts';
import { parseEndpoint, type WhatsAppOptions } from './settings.ts';

export { checkWhatsApp } from './check-whatsapp.ts';
export type { WhatsAppOptions } from './settings.ts';

/** Enough to keep the rate while an answer takes a second; few enough to settle by hand after a kill. */
const SMALLEST_WINDOW = 16;
const LARGEST_WINDOW = 256;

const INVALID_PHONE: Outcome = {
  type: 'skipped',
  code: 'invalid_phone',
  message: 'This is not a phone number in international form.',
};

/**
 * WhatsApp over Meta's Cloud API. Opens no connection before the first message.
 * @throws TidingsError `configuration` when an option cannot be used.
 */
export function createCloudSender(options: WhatsAppOptions): Sender {
  const endpoint = parseEndpoint(options);
  const windowSize = windowFor(options.ratePerSecond);
  // One connection for each message in flight: none waits in line for another's answer.
  const pool = openPool(endpoint, windowSize);
  return {
    about: {
      id: `whatsapp:${options.phoneNumberId}`,
      channel: 'whatsapp',
      provider: 'whatsapp-cloud',
      mode: 'live',
      ratePerSecond: options.ratePerSecond,
      windowSize,
    },
    prepare(message) {
      const { body } = messageFor('whatsapp', message);
      refuseLongText(body);
      return {
        async deliver({ contact, values }, { attemptId, mayLeave }) {
          if (!/^\+\d{5,15}$/.test(contact)) return INVALID_PHONE;
          const rendered = renderText(body, values);
          if ('refusal' in rendered) return rendered.refusal;
          const reply = await exchange(pool, endpoint, {
            method: 'POST',
            path: `${endpoint.path}/messages`,
            body: textMessage(contact, rendered.text, attemptId),
            mayLeave,
          });
          if (reply.type === 'not_sent' && reply.code === STALLED.code) return STALLED;
          return classifyExchange(reply, endpoint.hidden);
        },
        // The number behind the id is known to Meta only; `checkWhatsApp` asks for it.
        preview: ({ contact, values }) => ({
          from: null,
          to: contact,
          subject: null,
          text: renderMergeText(body, values),
        }),
      };
    },
    async close(waitMs) {
      if (pool.closed || pool.destroyed) return;
      const limit = waitMs === undefined ? undefined : setTimeout(() => void pool.destroy(), waitMs);
      await pool.close();
      clearTimeout(limit);
    },
  };
}

/** Cloud API reference, "Text messages". */
function textMessage(to: string, body: string, attemptId: string): string {
  return JSON.stringify({
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to,
    type: 'text',
    text: { preview_url: false, body },
    // Comes back with every status, and so tells the fate of an attempt whose answer was lost.
    biz_opaque_callback_data: attemptId,
  });
}

function windowFor(ratePerSecond: number | null): number {
  if (ratePerSecond === null) return LARGEST_WINDOW;
  return Math.min(Math.max(Math.ceil(ratePerSecond), SMALLEST_WINDOW), LARGEST_WINDOW);
}
