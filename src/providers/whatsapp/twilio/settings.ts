import { TidingsError } from '../../../errors.ts';
import type { Endpoint } from '../../exchange.ts';
import { originOf } from '../../origin-of.ts';
import { type Hidden, hide } from '../../redact-secrets.ts';

export interface TwilioOptions {
  /** `TWILIO_ACCOUNT_SID`: `AC…`. */
  readonly accountSid: string;
  /** `TWILIO_AUTH_TOKEN`. A secret. */
  readonly authToken: string;
  /** `TWILIO_WHATSAPP_FROM`, `+…`, or `TWILIO_MESSAGING_SERVICE_SID`, `MG…`: one of them. */
  readonly from: string | null;
  readonly messagingServiceSid: string | null;
  /** `TWILIO_API_URL`. Default https://api.twilio.com. */
  readonly apiUrl?: string | undefined;
  /** `TWILIO_CONTENT_URL`, where templates are. Default https://content.twilio.com. */
  readonly contentUrl?: string | undefined;
  /** `WHATSAPP_RATE`: messages a second; null for no limit of our own. */
  readonly ratePerSecond: number | null;
  /** Where Twilio says what becomes of a message, without the query; null: nowhere. */
  readonly statusUrl: string | null;
  /** Default 30 s. */
  readonly timeoutMs?: number | undefined;
}

export interface TwilioEndpoint extends Endpoint {
  /** `/2010-04-01/Accounts/AC…`. */
  readonly path: string;
  /** What no answer may bring back. */
  readonly hidden: readonly Hidden[];
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_TWILIO_URL = 'https://api.twilio.com';
const DEFAULT_CONTENT_URL = 'https://content.twilio.com';

/** @throws TidingsError `configuration`, naming the variable and never the token. */
export function parseTwilio(options: Omit<TwilioOptions, 'ratePerSecond' | 'statusUrl'>): TwilioEndpoint {
  const { accountSid, authToken, from, messagingServiceSid, apiUrl = DEFAULT_TWILIO_URL } = options;
  if (!/^AC[0-9a-f]{32}$/i.test(accountSid))
    throw wrong(
      `TWILIO_ACCOUNT_SID is "${accountSid}", which is no account SID.`,
      'Copy it from the first page of the Twilio Console: AC and 32 letters and digits.',
    );
  if (!/^[!-~]+$/.test(authToken))
    throw wrong(
      'TWILIO_AUTH_TOKEN is empty or holds spaces, line breaks or characters that no token has.',
      'Paste the token alone, on one line, without quotes.',
    );
  if (from === null && messagingServiceSid === null)
    throw wrong(
      'TWILIO_ACCOUNT_SID is set, and neither TWILIO_WHATSAPP_FROM nor TWILIO_MESSAGING_SERVICE_SID is.',
      'Set TWILIO_WHATSAPP_FROM to the number that messages come from, such as +14155238886.',
    );
  if (from !== null && !/^\+\d{5,15}$/.test(from))
    throw wrong(
      `TWILIO_WHATSAPP_FROM is "${from}", which is no phone number.`,
      'Write it with + and the country code, without "whatsapp:" and without spaces: +14155238886.',
    );
  if (messagingServiceSid !== null && !/^MG[0-9a-f]{32}$/i.test(messagingServiceSid))
    throw wrong(
      `TWILIO_MESSAGING_SERVICE_SID is "${messagingServiceSid}", which is no messaging service.`,
      'Copy it from Messaging → Services in the Twilio Console: MG and 32 letters and digits.',
    );
  return {
    origin: originOf('TWILIO_API_URL', apiUrl, DEFAULT_TWILIO_URL),
    path: `/2010-04-01/Accounts/${accountSid}`,
    authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
    hidden: [hide(authToken, '<token>'), hide(accountSid, '<account>')],
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
}

/** The Content API is another host, and takes the same account. */
export function contentEndpoint(endpoint: TwilioEndpoint, contentUrl = DEFAULT_CONTENT_URL): TwilioEndpoint {
  return { ...endpoint, origin: originOf('TWILIO_CONTENT_URL', contentUrl, DEFAULT_CONTENT_URL) };
}

/** By which messages and what comes back for them are known. */
export function twilioSenderId({
  from,
  messagingServiceSid,
}: Pick<TwilioOptions, 'from' | 'messagingServiceSid'>): string {
  return `twilio:${messagingServiceSid ?? from}`;
}

function wrong(message: string, fix: string): TidingsError {
  return new TidingsError('configuration', message, { fix });
}
