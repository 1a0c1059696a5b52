import { type Get, missing, rate, wrong } from './config-values.ts';
import { canonicalLanguage } from './core/templates/check-template.ts';

/** WhatsApp by Twilio, as the environment has it. */
export interface TwilioConfig {
  readonly accountSid: string;
  readonly authToken: string;
  readonly from: string | null;
  readonly messagingServiceSid: string | null;
  readonly apiUrl: string;
  readonly contentUrl: string;
  readonly ratePerSecond: number | null;
  /** Where Twilio says what becomes of a message; null: `PUBLIC_URL` is no address that it could call. */
  readonly statusUrl: string | null;
}

/** WhatsApp by Meta's Cloud API, as the environment has it. */
export interface CloudConfig {
  readonly phoneNumberId: string;
  readonly accessToken: string;
  readonly apiUrl: string;
  readonly apiVersion: string;
  readonly ratePerSecond: number | null;
  /** Whose templates reach people who did not write; null: everybody gets text. */
  readonly businessAccountId: string | null;
  /** Takes the samples of templates with media; null: none can be made. */
  readonly appId: string | null;
}

/** Without a word the one that is configured; Meta's own where both are. */
export function chooseWhatsApp(get: Get): 'cloud' | 'twilio' {
  const given = get('WHATSAPP_PROVIDER');
  if (given === 'cloud' || given === 'twilio') return given;
  if (given !== null)
    throw wrong('WHATSAPP_PROVIDER', given, 'is no provider of WhatsApp', 'Use cloud or twilio.');
  const isMeta = get('WHATSAPP_PHONE_NUMBER_ID') ?? get('WHATSAPP_ACCESS_TOKEN');
  return isMeta === null && get('TWILIO_ACCOUNT_SID') !== null ? 'twilio' : 'cloud';
}

/** @param publicUrl null: it is no address that Twilio could call */
export function readTwilio(get: Get, publicUrl: string | null): TwilioConfig {
  const [accountSid, authToken] = [get('TWILIO_ACCOUNT_SID'), get('TWILIO_AUTH_TOKEN')];
  const where = 'Both stand on the first page of the Twilio Console.';
  if (accountSid === null)
    throw missing(
      'TWILIO_ACCOUNT_SID',
      authToken === null ? 'WHATSAPP_PROVIDER=twilio' : 'TWILIO_AUTH_TOKEN',
      where,
    );
  if (authToken === null) throw missing('TWILIO_AUTH_TOKEN', 'TWILIO_ACCOUNT_SID', where);
  return {
    accountSid,
    authToken,
    from: get('TWILIO_WHATSAPP_FROM'),
    messagingServiceSid: get('TWILIO_MESSAGING_SERVICE_SID'),
    apiUrl: get('TWILIO_API_URL') ?? 'https://api.twilio.com',
    contentUrl: get('TWILIO_CONTENT_URL') ?? 'https://content.twilio.com',
    ratePerSecond: rate('WHATSAPP_RATE', get('WHATSAPP_RATE'), 80),
    statusUrl: publicUrl !== null ? `${publicUrl.replace(/\/+$/, '')}/webhooks/twilio` : null,
  };
}

export function readWhatsApp(get: Get): CloudConfig | null {
  const accessToken = get('WHATSAPP_ACCESS_TOKEN');
  const phoneNumberId = get('WHATSAPP_PHONE_NUMBER_ID');
  if (accessToken === null && phoneNumberId === null) return null;
  if (accessToken === null) {
    throw missing(
      'WHATSAPP_ACCESS_TOKEN',
      'WHATSAPP_PHONE_NUMBER_ID',
      'Create a system user token in Meta Business Settings.',
    );
  }
  if (phoneNumberId === null) {
    throw missing(
      'WHATSAPP_PHONE_NUMBER_ID',
      'WHATSAPP_ACCESS_TOKEN',
      'It stands in the WhatsApp API Setup page of your Meta app.',
    );
  }
  return {
    phoneNumberId,
    accessToken,
    apiUrl: get('WHATSAPP_API_URL') ?? 'https://graph.facebook.com',
    apiVersion: get('WHATSAPP_API_VERSION') ?? 'v26.0',
    ratePerSecond: rate('WHATSAPP_RATE', get('WHATSAPP_RATE'), 80),
    businessAccountId: graphId('WHATSAPP_BUSINESS_ACCOUNT_ID', get('WHATSAPP_BUSINESS_ACCOUNT_ID')),
    appId: graphId('WHATSAPP_APP_ID', get('WHATSAPP_APP_ID')),
  };
}

/** It becomes part of an address: nothing that could leave its place in it. */
function graphId(name: string, text: string | null): string | null {
  if (text === null || /^[\w-]{1,64}$/.test(text)) return text;
  throw wrong(name, text, 'is no id', 'Copy the digits from the API Setup page of your Meta app.');
}

export function readLanguage(text: string | null): string | null {
  if (text === null) return null;
  const language = canonicalLanguage(text);
  if (language !== null) return language;
  throw wrong('WHATSAPP_LANGUAGE', text, 'is no language', 'Write it as en, es or pt_BR.');
}
