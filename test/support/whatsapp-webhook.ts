import { createHmac } from 'node:crypto';
import type { ProviderEvent } from '../../src/core/events/event.ts';
import { createWhatsAppEvents } from '../../src/providers/whatsapp/cloud/webhook/webhook-source.ts';

export const APP_SECRET = 'test_app_secret';
export const NUMBER = '2001';
const metadata = { display_phone_number: '15550001', phone_number_id: NUMBER };

export function signed(body: Buffer | string, secret = APP_SECRET): Record<string, string> {
  return { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
}

/** A webhook of Meta's with these changes. */
export function envelope(...changes: object[]): object {
  return { object: 'whatsapp_business_account', entry: [{ id: '1001', changes }] };
}

export function messages(value: object): object {
  return { field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } };
}

export function preferences(value: object): object {
  return { field: 'user_preferences', value: { messaging_product: 'whatsapp', metadata, ...value } };
}

export function seconds(ms: number): string {
  return String(Math.floor(ms / 1_000));
}

/** What a webhook says, read as `/webhooks/whatsapp` reads it. */
export async function eventsOf(...changes: object[]): Promise<readonly ProviderEvent[]> {
  const rawBody = Buffer.from(JSON.stringify(envelope(...changes)));
  const source = createWhatsAppEvents({ appSecret: APP_SECRET, verifyToken: null, accessToken: null });
  const received = await source.receive({ method: 'POST', url: '/', headers: signed(rawBody), rawBody });
  if ('refuse' in received) throw new Error(received.error);
  return received.events;
}
