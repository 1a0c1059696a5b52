import { type OAuthIssuer, readAllowedOrigins, readOAuthIssuer, readOAuthServer } from './config-access.ts';
import { days, type Get, missing, number, onOrOff, port, rate, wrong } from './config-values.ts';
import {
  type CloudConfig,
  chooseWhatsApp,
  readLanguage,
  readTwilio,
  readWhatsApp,
  type TwilioConfig,
} from './config-whatsapp.ts';
import { type ContactLimit, parseContactLimit } from './core/deliveries/contact-limit.ts';
import { type ForwardTarget, parseForwardTarget } from './core/events/forward-target.ts';
import { asciiDomain, isCountryCode } from './core/leads/contact.ts';
import { TidingsError } from './errors.ts';
import { chooseEmail, type EmailApiConfig, readEmailApi } from './providers/email/api/provider-config.ts';
import { type MailboxAccess, parseMailboxUrl } from './providers/email/bounces/mailbox/mailbox-url.ts';
import type { DkimConfig } from './providers/email/dkim/dkim-settings.ts';
import { readDkim } from './providers/email/dkim/read-dkim.ts';
import { type EmailWebhookSecrets, readEmailWebhooks } from './providers/email/events/webhook-secrets.ts';
import { type OAuthConfig, readOAuth } from './providers/email/smtp/oauth/oauth-settings.ts';

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
  /** Pages of these addresses may call from a browser; ours may in any case. */
  readonly allowedOrigins: readonly string[];
  /** null: no access tokens are taken. */
  readonly oauth: OAuthIssuer | null;
  /** People connect apps here, and the tokens are of our own; null: they do not. */
  readonly oauthServer: OAuthIssuer | null;
  /** Whoever calls may read, and nothing else. */
  readonly isReadOnly: boolean;
  /** A tool of MCP for each noun, or one for each operation. */
  readonly mcpTools: (typeof TOOL_MODES)[number];
  readonly siteName: string | null;
  /** `ask`: where a caller can show a form; elsewhere live sends go. `token`: they need the token of a dry run. `person`: somebody approves them. */
  readonly confirm: (typeof CONFIRM_POLICIES)[number];
  /** Under `ask`: live sends to more people than this are asked of the person. */
  readonly confirmAbove: number;
  /** null: no limit. */
  readonly maxPerContact: ContactLimit | null;
  readonly defaultCountry: string | null;
  /** After so many days, texts of completed sends and outbox entries are removed; null: they are kept. */
  readonly retainMessagesDays: number | null;
  /** Where events are passed on to; null: nowhere. */
  readonly eventsForward: ForwardTarget | null;
  /** After so many days it is removed who did what. */
  readonly auditKeepDays: number;
  /** After so many days events are removed. */
  readonly eventsKeepDays: number;
  readonly logLevel: string;
  /** null: text where a terminal shows it, else JSON. */
  readonly logFormat: 'json' | 'text' | null;
  /** Email over SMTP; null: by {@link emailApi}, or not at all. */
  readonly email: {
    readonly url: string;
    /** null: the login is the password of `url`. */
    readonly oauth: OAuthConfig | null;
    readonly from: string;
    readonly ratePerSecond: number | null;
    readonly connections: number;
    /** null: no message is signed here. */
    readonly dkim: DkimConfig | null;
  } | null;
  /** Email by the API of a provider. Null with {@link email}: the channel is the sandbox. */
  readonly emailApi: EmailApiConfig | null;
  /** What all emails say of who sends them. */
  readonly identity: {
    readonly replyTo: string | null;
    readonly postalAddress: string | null;
    /** Whether emails without a link to unsubscribe are given a footer with one. */
    readonly hasFooter: boolean;
  };
  /** null: mail comes back to the address of `EMAIL_FROM`. */
  readonly bounces: {
    readonly domain: string;
    /** null: this process takes none in. */
    readonly listen: { readonly host: string; readonly port: number } | null;
  } | null;
  /** Where bounces lie among other mail; null: nowhere. A secret: it holds a password. */
  readonly bounceMailbox: MailboxAccess | null;
  /** WhatsApp by Twilio; null: by Meta's Cloud API, or not at all. */
  readonly twilio: TwilioConfig | null;
  /** WhatsApp by Meta's Cloud API. Null with {@link twilio}: the channel is the sandbox. */
  readonly whatsapp: CloudConfig | null;
  readonly emailWebhooks: EmailWebhookSecrets;
  readonly whatsappWebhook: {
    /** null: what comes is not believed. */
    readonly appSecret: string | null;
    readonly verifyToken: string | null;
  };
  /** Of templates made of messages, as Meta writes it (`es`, `pt_BR`); null: the text tells. */
  readonly whatsappLanguage: string | null;
}

const TOOL_MODES = ['grouped', 'split'] as const;
const CONFIRM_POLICIES = ['ask', 'token', 'person', 'off'] as const;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const EVENTS_KEEP_DAYS = 90;
const AUDIT_KEEP_DAYS = 365;
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
  refusePath(publicUrl);
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
  const mail = chooseEmail(get);
  const isTwilio = chooseWhatsApp(get) === 'twilio';
  return Object.freeze({
    host,
    port: port('PORT', get('PORT'), 3000),
    metricsPort: port('METRICS_PORT', get('METRICS_PORT'), null),
    dataDir: get('TIDINGS_DATA_DIR') ?? './data',
    databaseUrl: get('DATABASE_URL'),
    apiKey,
    publicUrl,
    allowedOrigins: readAllowedOrigins(get('ALLOWED_ORIGINS')),
    oauth: readOAuthIssuer(get, { apiKey, publicUrl }),
    oauthServer: readOAuthServer(get, { apiKey, publicUrl }),
    isReadOnly: onOrOff('TIDINGS_READ_ONLY', get('TIDINGS_READ_ONLY')),
    mcpTools: readToolMode(get('MCP_TOOLS')),
    siteName: get('SITE_NAME'),
    confirm: readConfirm(get('TIDINGS_CONFIRM')),
    confirmAbove: readConfirmAbove(get('TIDINGS_CONFIRM_ABOVE')),
    maxPerContact: contactLimit(get('MAX_PER_CONTACT')),
    defaultCountry,
    eventsForward: parseForwardTarget(get('EVENTS_FORWARD_URL'), get('EVENTS_FORWARD_SECRET'), (host) =>
      LOOPBACK.test(host),
    ),
    auditKeepDays: days('AUDIT_KEEP_DAYS', get('AUDIT_KEEP_DAYS')) ?? AUDIT_KEEP_DAYS,
    eventsKeepDays: days('EVENTS_KEEP_DAYS', get('EVENTS_KEEP_DAYS')) ?? EVENTS_KEEP_DAYS,
    retainMessagesDays: days('RETAIN_MESSAGES_DAYS', get('RETAIN_MESSAGES_DAYS')),
    logLevel,
    logFormat: readLogFormat(get('LOG_FORMAT')),
    email: mail === 'smtp' ? readEmail(get) : null,
    emailApi:
      mail === null || mail === 'smtp'
        ? null
        : readEmailApi(get, mail, rate('EMAIL_RATE', get('EMAIL_RATE'), null)),
    identity: readIdentity(get),
    bounces: readBounces(get),
    bounceMailbox: readBounceMailbox(get, publicUrl),
    twilio: isTwilio ? readTwilio(get, openTo('localhost', publicUrl) === null ? null : publicUrl) : null,
    whatsapp: isTwilio ? null : readWhatsApp(get),
    emailWebhooks: readEmailWebhooks(get),
    whatsappWebhook: { appSecret: get('WHATSAPP_APP_SECRET'), verifyToken: get('WHATSAPP_VERIFY_TOKEN') },
    whatsappLanguage: readLanguage(get('WHATSAPP_LANGUAGE')),
  });
}

function readToolMode(text: string | null): Config['mcpTools'] {
  const mode = TOOL_MODES.find((one) => one === (text ?? 'grouped'));
  if (mode) return mode;
  throw wrong('MCP_TOOLS', text!, 'is no way to show tools', `Use one of ${TOOL_MODES.join(', ')}.`);
}

/** What is misspelt stops the start: whoever wrote it wanted somebody to be asked. */
function readConfirm(text: string | null): Config['confirm'] {
  const policy = CONFIRM_POLICIES.find((one) => one === (text ?? 'ask'));
  if (policy) return policy;
  throw wrong('TIDINGS_CONFIRM', text!, 'is no way to confirm', `Use one of ${CONFIRM_POLICIES.join(', ')}.`);
}

function readConfirmAbove(text: string | null): number {
  if (text === null) return 1;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw wrong(
    'TIDINGS_CONFIRM_ABOVE',
    text,
    'is no number of people',
    'Write a whole number, such as 1 or 50.',
  );
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

/** Links in messages, webhooks and pages stand at the root of an address, and nobody serves them below a path. */
function refusePath(publicUrl: string | null): void {
  if (publicUrl === null) return;
  const { protocol, host, href, username } = new URL(publicUrl);
  if (username !== '')
    throw new TidingsError('configuration', 'PUBLIC_URL holds a user, and everybody is to read it.', {
      fix: `Set PUBLIC_URL to ${protocol}//${host}.`,
    });
  if (href !== `${protocol}//${host}/`)
    throw wrong(
      'PUBLIC_URL',
      publicUrl,
      'has more than a host',
      `Give Tidings a name of its own: ${protocol}//${host}.`,
    );
}

function readLogFormat(text: string | null): Config['logFormat'] {
  if (text === null || text === 'json' || text === 'text') return text;
  throw wrong(
    'LOG_FORMAT',
    text,
    'is neither json nor text',
    'Leave it out: a terminal gets text, a pipe JSON.',
  );
}

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

function readEmail(get: Get): NonNullable<Config['email']> {
  const url = get('SMTP_URL');
  if (url === null)
    throw missing('SMTP_URL', 'EMAIL_PROVIDER=smtp', 'Set it to smtp://user:password@mail.example.com:587.');
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
    oauth: readOAuth(get),
    from,
    ratePerSecond: rate('SMTP_RATE', get('SMTP_RATE'), rate('EMAIL_RATE', get('EMAIL_RATE'), null)),
    connections: number('SMTP_CONNECTIONS', get('SMTP_CONNECTIONS'), 10, 1, 1_000, true),
    dkim: readDkim(get),
  };
}

function readIdentity(get: Get): Config['identity'] {
  const footer = get('EMAIL_FOOTER') ?? 'on';
  if (footer !== 'on' && footer !== 'off')
    throw wrong('EMAIL_FOOTER', footer, 'is neither on nor off', 'Leave it out for on.');
  return {
    replyTo: get('REPLY_TO'),
    postalAddress: get('POSTAL_ADDRESS'),
    hasFooter: footer === 'on',
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

/** Bounces are known by their address, or by the link to unsubscribe in what comes back: one of them has to be there. */
function readBounceMailbox(get: Get, publicUrl: string | null): MailboxAccess | null {
  const given = get('BOUNCE_MAILBOX_URL');
  if (given === null) return null;
  const access = parseMailboxUrl(given);
  if (get('BOUNCE_DOMAIN') !== null || publicUrl !== null) return access;
  const fix =
    'Set BOUNCE_DOMAIN to the domain that bounces come to, or PUBLIC_URL: by one of them a bounce is known.';
  throw missing('BOUNCE_DOMAIN', 'BOUNCE_MAILBOX_URL', fix);
}

function readListen(text: string): { host: string; port: number } {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i.exec(text);
  const number = Number(parts?.[3] ?? -1);
  if (parts && number >= 0 && number <= 65_535) return { host: (parts[1] ?? parts[2])!, port: number };
  throw wrong('BOUNCE_LISTEN', text, 'is no host:port', 'Write it as 127.0.0.1:2525, 0.0.0.0:25 or [::]:25.');
}
