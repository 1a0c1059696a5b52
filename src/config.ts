import { type ContactLimit, parseContactLimit } from './core/deliveries/contact-limit.ts';
import { asciiDomain, isCountryCode } from './core/leads/contact.ts';
import { TidingsError } from './errors.ts';

/** The environment, read once, checked and frozen. Names are those that scripts and users rely on. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Where a worker answers those who run it; null: nowhere. */
  readonly metricsPort: number | null;
  readonly dataDir: string;
  /** PostgreSQL instead of a file in `dataDir`; null: SQLite. A secret: it may hold a password. */
  readonly databaseUrl: string | null;
  readonly apiKey: string | null;
  readonly publicUrl: string | null;
  readonly siteName: string | null;
  /** `ask`: where a caller can show a form; elsewhere live sends go. `token`: they need the token of a dry run. */
  readonly confirm: (typeof CONFIRM_POLICIES)[number];
  /** null: no limit. */
  readonly maxPerContact: ContactLimit | null;
  readonly defaultCountry: string | null;
  /** After so many days, texts of completed sends and outbox entries are removed; null: they are kept. */
  readonly retainMessagesDays: number | null;
  readonly logLevel: string;
  /** null: the email channel is the sandbox. */
  readonly email: {
    readonly url: string;
    readonly from: string;
    readonly ratePerSecond: number | null;
    readonly connections: number;
  } | null;
  /** null: mail comes back to the address of `EMAIL_FROM`. */
  readonly bounces: {
    readonly domain: string;
    /** null: this process takes none in. */
    readonly listen: { readonly host: string; readonly port: number } | null;
  } | null;
  /** null: the WhatsApp channel is the sandbox. */
  readonly whatsapp: {
    readonly phoneNumberId: string;
    readonly accessToken: string;
    readonly apiUrl: string;
    readonly apiVersion: string;
    readonly ratePerSecond: number | null;
  } | null;
}

const CONFIRM_POLICIES = ['ask', 'token', 'off'] as const;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const API_KEY_MIN = 16;
const API_KEY_MAX = 512;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;

/** @throws TidingsError `configuration`, naming the variable, its value unless it is a secret, and the way out. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const get = (name: string) => env[name]?.trim() || null;
  const host = get('HOST') ?? '127.0.0.1';
  const publicUrl = get('PUBLIC_URL');
  if (publicUrl !== null && !(/^https?:\/\//.test(publicUrl) && URL.canParse(publicUrl))) {
    throw wrong('PUBLIC_URL', publicUrl, 'is no web address', 'Write it as https://tidings.example.com.');
  }
  const apiKey = readApiKey(get('TIDINGS_API_KEY'), host, publicUrl);
  const logLevel = get('LOG_LEVEL') ?? 'info';
  if (!LOG_LEVELS.includes(logLevel))
    throw wrong('LOG_LEVEL', logLevel, 'is no log level', LOG_LEVELS.join(', '));
  const defaultCountry = get('DEFAULT_COUNTRY')?.toUpperCase() ?? null;
  if (defaultCountry !== null && !isCountryCode(defaultCountry)) {
    throw wrong(
      'DEFAULT_COUNTRY',
      defaultCountry,
      'is no country',
      'Use an ISO 3166 code of two letters such as MX or DE.',
    );
  }
  return Object.freeze({
    host,
    port: port('PORT', get('PORT'), 3000),
    metricsPort: port('METRICS_PORT', get('METRICS_PORT'), null),
    dataDir: get('TIDINGS_DATA_DIR') ?? './data',
    databaseUrl: get('DATABASE_URL'),
    apiKey,
    publicUrl,
    siteName: get('SITE_NAME'),
    confirm: readConfirm(get('TIDINGS_CONFIRM')),
    maxPerContact: contactLimit(get('MAX_PER_CONTACT')),
    defaultCountry,
    retainMessagesDays: days('RETAIN_MESSAGES_DAYS', get('RETAIN_MESSAGES_DAYS')),
    logLevel,
    email: readEmail(get),
    bounces: readBounces(get),
    whatsapp: readWhatsApp(get),
  });
}

/** What is misspelt stops the start: whoever wrote it wanted somebody to be asked. */
function readConfirm(text: string | null): Config['confirm'] {
  const policy = CONFIRM_POLICIES.find((one) => one === (text ?? 'ask'));
  if (policy) return policy;
  const what = text === 'person' ? 'is not there yet: nobody could approve a send' : 'is no way to confirm';
  throw wrong('TIDINGS_CONFIRM', text!, what, `Use one of ${CONFIRM_POLICIES.join(', ')}.`);
}

function contactLimit(text: string | null): ContactLimit | null {
  if (text === null) return null;
  const limit = parseContactLimit(text);
  if (limit) return limit;
  throw wrong(
    'MAX_PER_CONTACT',
    text,
    'is no limit',
    'Write messages/time, with hours or days, at most 366d: 1/24h or 3/7d.',
  );
}

type Get = (name: string) => string | null;

/** Where others can come there is a key, and it is one that nobody guesses. */
function readApiKey(apiKey: string | null, host: string, publicUrl: string | null): string | null {
  const longOne = 'Set TIDINGS_API_KEY to a long random text, such as that of: openssl rand -hex 32.';
  if (apiKey === null) {
    const open = openTo(host, publicUrl);
    if (open)
      throw wrong(open, (open === 'HOST' ? host : publicUrl)!, 'is reachable from other machines', longOne);
    return null;
  }
  const problem = (what: string) =>
    new TidingsError('configuration', `TIDINGS_API_KEY ${what}.`, { fix: longOne });
  if (apiKey.length < API_KEY_MIN) {
    throw problem(
      `has ${apiKey.length} characters, and short keys are guessed: at least ${API_KEY_MIN} are needed`,
    );
  }
  if (apiKey.length > API_KEY_MAX) throw problem(`is longer than ${API_KEY_MAX} characters`);
  if (!/^[\x20-\x7e]+$/.test(apiKey)) throw problem('has characters that cannot be sent in a header');
  return apiKey;
}

/** The variable by which others can reach this server; null: only this machine can. */
export function openTo(host: string, publicUrl: string | null): 'HOST' | 'PUBLIC_URL' | null {
  if (!LOOPBACK.test(host)) return 'HOST';
  return publicUrl !== null && !LOOPBACK.test(new URL(publicUrl).hostname) ? 'PUBLIC_URL' : null;
}

function readEmail(get: Get): Config['email'] {
  const url = get('SMTP_URL');
  if (url === null) return null;
  const from = get('EMAIL_FROM');
  if (from === null) {
    throw missing(
      'EMAIL_FROM',
      'SMTP_URL',
      'Set EMAIL_FROM to the address that emails come from: "Name <hello@example.com>".',
    );
  }
  return {
    url,
    from,
    ratePerSecond: rate('SMTP_RATE', get('SMTP_RATE'), null),
    connections: number('SMTP_CONNECTIONS', get('SMTP_CONNECTIONS'), 10, 1, 1_000, true),
  };
}

function readBounces(get: Get): Config['bounces'] {
  const given = get('BOUNCE_DOMAIN');
  const listen = get('BOUNCE_LISTEN');
  if (given === null) {
    if (listen === null) return null;
    throw missing('BOUNCE_DOMAIN', 'BOUNCE_LISTEN', 'Set BOUNCE_DOMAIN to the domain that bounces come to.');
  }
  const domain = asciiDomain(given);
  if (domain === null) {
    throw wrong('BOUNCE_DOMAIN', given, 'is no domain', 'Write it as bounces.example.com, without an @.');
  }
  return { domain, listen: listen === null ? null : readListen(listen) };
}

function readListen(text: string): { host: string; port: number } {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i.exec(text);
  const number = Number(parts?.[3] ?? -1);
  if (parts && number >= 0 && number <= 65_535) return { host: (parts[1] ?? parts[2])!, port: number };
  throw wrong('BOUNCE_LISTEN', text, 'is no host:port', 'Write it as 127.0.0.1:2525, 0.0.0.0:25 or [::]:25.');
}

function readWhatsApp(get: Get): Config['whatsapp'] {
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
  };
}

function days(name: string, text: string | null): number | null {
  return text === null ? null : number(name, text, 0, 1, 36_500, true);
}

/** 0: any free one. */
function port<T>(name: string, text: string | null, fallback: T): number | T {
  return text === null ? fallback : number(name, text, 0, 0, 65_535, true);
}

function rate(name: string, text: string | null, fallback: number | null): number | null {
  return text === null ? fallback : number(name, text, 0, 0.01, 1_000_000, false);
}

function number(
  name: string,
  text: string | null,
  fallback: number,
  min: number,
  max: number,
  whole: boolean,
): number {
  if (text === null) return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || value < min || value > max || (whole && !Number.isInteger(value))) {
    throw wrong(name, text, 'is out of range', `Use a ${whole ? 'whole ' : ''}number from ${min} to ${max}.`);
  }
  return value;
}

function wrong(name: string, value: string, what: string, fix: string): TidingsError {
  return new TidingsError('configuration', `${name} is "${value}", which ${what}.`, { fix });
}

function missing(name: string, because: string, fix: string): TidingsError {
  return new TidingsError('configuration', `${because} is set, but ${name} is not.`, { fix });
}
