import { TidingsError } from '../../../errors.ts';
import type { Endpoint } from '../../exchange.ts';
import { isLoopback } from '../../is-loopback.ts';
import { type Hidden, hide } from '../../redact-secrets.ts';

export interface WhatsAppOptions {
  /** `WHATSAPP_PHONE_NUMBER_ID`: the id of the number, not the number itself. */
  readonly phoneNumberId: string;
  /** `WHATSAPP_ACCESS_TOKEN`: a system user's token with `whatsapp_business_messaging`. */
  readonly accessToken: string;
  /** `WHATSAPP_API_URL`. Default https://graph.facebook.com; a path in it is kept. */
  readonly apiUrl?: string | undefined;
  /** `WHATSAPP_API_VERSION`. Default v26.0. */
  readonly apiVersion?: string | undefined;
  /** `WHATSAPP_RATE`: messages a second; null for no limit of our own. */
  readonly ratePerSecond: number | null;
  /** `WHATSAPP_BUSINESS_ACCOUNT_ID`: whose templates reach people who did not write; null: everybody gets text. */
  readonly businessAccountId?: string | null | undefined;
  /** `WHATSAPP_APP_ID`: takes the samples of templates with media. */
  readonly appId?: string | null | undefined;
  /** For the connection, for silence and for the whole of a request alike. Default 30 s. */
  readonly timeoutMs?: number | undefined;
}

/** Where requests go and what proves who we are, ready to use. */
export interface CloudEndpoint extends Endpoint {
  /** `/v26.0/1234567890`, after the path of `WHATSAPP_API_URL` if it has one. */
  readonly path: string;
  /** `/v26.0`, likewise: what other ids stand behind. */
  readonly root: string;
  /** What no answer may bring back. */
  readonly hidden: readonly Hidden[];
}

const DEFAULT_TIMEOUT_MS = 30_000;
export const DEFAULT_API_URL = 'https://graph.facebook.com';
export const DEFAULT_API_VERSION = 'v26.0';

/** @throws TidingsError `configuration`, naming the variable and never the token. */
export function parseEndpoint(options: Omit<WhatsAppOptions, 'ratePerSecond'>): CloudEndpoint {
  const { phoneNumberId, accessToken, apiUrl = DEFAULT_API_URL, apiVersion = DEFAULT_API_VERSION } = options;
  // Meta's are digits; servers that imitate the API name theirs as they like. Nothing that could leave the path.
  if (!/^[\w-]{1,64}$/.test(phoneNumberId)) {
    throw wrong(
      `WHATSAPP_PHONE_NUMBER_ID is "${phoneNumberId}", which is no id.`,
      'Copy the "Phone number ID" (digits only, not the phone number) from the API Setup page of your Meta app.',
    );
  }
  // A line break here would make every request fail before it leaves, which reads like a network that is down.
  if (!/^[!-~]+$/.test(accessToken)) {
    throw wrong(
      'WHATSAPP_ACCESS_TOKEN is empty or holds spaces, line breaks or characters that no token has.',
      'Paste the token alone, on one line, without "Bearer" and without quotes.',
    );
  }
  if (!/^v\d{1,3}\.\d$/.test(apiVersion)) {
    throw wrong(
      `WHATSAPP_API_VERSION is "${apiVersion}".`,
      `Write it like ${DEFAULT_API_VERSION}, or leave it out.`,
    );
  }
  const url = URL.canParse(apiUrl) ? new URL(apiUrl) : null;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username || url.search) {
    throw wrong('WHATSAPP_API_URL is no plain web address.', `Leave it out for ${DEFAULT_API_URL}.`);
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw wrong(
      `WHATSAPP_API_URL is "${url.origin}": the token and every message would travel in clear text.`,
      `Write it with https://, or leave it out for ${DEFAULT_API_URL}; http:// is for servers on this machine.`,
    );
  }
  return {
    origin: url.origin,
    root: `${url.pathname.replace(/\/+$/, '')}/${apiVersion}`,
    path: `${url.pathname.replace(/\/+$/, '')}/${apiVersion}/${phoneNumberId}`,
    authorization: `Bearer ${accessToken}`,
    hidden: [hide(accessToken, '<token>')],
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
}

function wrong(message: string, fix: string): TidingsError {
  return new TidingsError('configuration', message, { fix });
}
