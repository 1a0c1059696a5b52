import { createHmac, timingSafeEqual } from 'node:crypto';
import type { EventSource, RawRequest, Received } from '../../../../core/events/event-source.ts';
import { isSame } from '../../../is-same.ts';
import { type Hidden, hide } from '../../../redact-secrets.ts';
import { readWebhook } from './read-webhook.ts';

export interface WebhookOptions {
  /** `WHATSAPP_APP_SECRET`; null: nobody can tell what comes from Meta, and the webhook is closed. */
  readonly appSecret: string | null;
  /** `WHATSAPP_VERIFY_TOKEN`; null: Meta cannot be told that the webhook is ours. */
  readonly verifyToken: string | null;
  /** `WHATSAPP_ACCESS_TOKEN`, which no event may bring back; null: there is none. */
  readonly accessToken: string | null;
}

/** `GET` and `POST /webhooks/whatsapp`, as Meta calls them. */
export function createWhatsAppEvents(options: WebhookOptions): EventSource {
  const { appSecret, accessToken } = options;
  const hidden = [appSecret, accessToken].flatMap((one): Hidden[] =>
    one === null ? [] : [hide(one, '<secret>')],
  );
  return {
    path: 'whatsapp',
    receive(request) {
      if (request.method === 'GET') return answerChallenge(request, options.verifyToken);
      if (appSecret === null) {
        return {
          refuse: 'forbidden',
          error: 'This webhook is closed: without the secret of the Meta app nobody can tell who calls it.',
          fix: 'Set WHATSAPP_APP_SECRET to the App Secret (Meta app, Settings, Basic) and start again.',
        };
      }
      if (!isSigned(request, appSecret)) {
        return {
          refuse: 'unauthorized',
          error: 'The signature is not that of the Meta app that this server knows.',
          fix: 'WHATSAPP_APP_SECRET has to be the secret of the app whose webhook this is; nothing on the way may change the body.',
        };
      }
      return { events: readWebhook(parse(request.rawBody), { receivedAt: Date.now(), hidden }) };
    },
  };
}

/** Meta asks once whether the address is ours: the word that both know, and its challenge back as it is. */
function answerChallenge({ url }: RawRequest, verifyToken: string | null): Received {
  const query = new URL(url, 'http://localhost').searchParams;
  if (verifyToken === null) {
    return {
      refuse: 'forbidden',
      error: 'This webhook has no verify token.',
      fix: 'Set WHATSAPP_VERIFY_TOKEN to a word of your own, start again, and give the same word to Meta.',
    };
  }
  if (query.get('hub.mode') !== 'subscribe' || !isSame(query.get('hub.verify_token') ?? '', verifyToken)) {
    return {
      refuse: 'forbidden',
      error: 'The verify token is not the one that this server knows.',
      fix: 'Give Meta the value of WHATSAPP_VERIFY_TOKEN.',
    };
  }
  return { events: [], reply: { contentType: 'text/plain', body: query.get('hub.challenge') ?? '' } };
}

/** Of the bytes as they came (Meta: "Validating payloads"); Meta escapes what is not ASCII before it signs. */
function isSigned({ headers, rawBody }: RawRequest, secret: string): boolean {
  const given = /^sha256=([0-9a-f]{64})$/i.exec(headers['x-hub-signature-256'] ?? '')?.[1];
  if (given === undefined) return false;
  const own = createHmac('sha256', secret).update(rawBody).digest();
  return timingSafeEqual(Buffer.from(given, 'hex'), own);
}

/** Genuine, and yet no JSON: kept as something unknown. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
