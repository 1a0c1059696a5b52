import { EMAIL_API_SETTINGS, SMTP_OAUTH_SETTINGS } from './settings-email.ts';

/** One variable of the environment. */
export interface Setting {
  readonly name: string;
  /** One sentence or less, for the README, the reference and the doctor. */
  readonly meaning: string;
  /** What holds when it is not set, in words or as a value. */
  readonly default: string;
  /** Never shown, logged or answered. */
  readonly isSecret?: boolean;
  /** As somebody would write it. */
  readonly example?: string;
}

export interface SettingGroup {
  readonly title: string;
  readonly settings: readonly Setting[];
}

/**
 * Every variable there is, once: the README's table, docs/reference/configuration.md and the doctor are made of it, and
 * a test compares it with what `readConfig` asks for.
 */
export const SETTINGS: readonly SettingGroup[] = [
  {
    title: 'The server',
    settings: [
      {
        name: 'HOST',
        meaning: 'The address that the server listens on',
        default: '`127.0.0.1`',
        example: '0.0.0.0',
      },
      { name: 'PORT', meaning: 'Its port; 0 takes any free one', default: '`3000`', example: '8080' },
      {
        name: 'TIDINGS_API_KEY',
        meaning:
          'Key for `Authorization: Bearer …` or `X-API-Key`, 16 characters or more; required when `HOST` or `PUBLIC_URL` is not loopback',
        default: 'none: this machine only',
        isSecret: true,
        example: 'the output of openssl rand -hex 32',
      },
      {
        name: 'PUBLIC_URL',
        meaning: 'The address by which others reach this server',
        default: 'none',
        example: 'https://tidings.example.com',
      },
      {
        name: 'TIDINGS_READ_ONLY',
        meaning:
          '`true`: whoever calls, by any door, may read and nothing else; what was started goes on, and stopping stays possible',
        default: '`false`',
        example: 'true',
      },
      {
        name: 'ALLOWED_ORIGINS',
        meaning:
          'Pages of these addresses may call from a browser, with a key or a token; ours may in any case',
        default: 'none',
        example: 'https://app.example.com, http://localhost:6274',
      },
      {
        name: 'OAUTH_ISSUER',
        meaning:
          'Who makes access tokens for remote assistants, as its metadata names itself; scopes are the roles `viewer`, `author` and `operator`. `self`: Tidings itself, for apps that people connect at the dashboard. It needs `PUBLIC_URL` and `TIDINGS_API_KEY`',
        default: 'none: keys only',
        example: 'https://login.example.com/realms/shop',
      },
      {
        name: 'OAUTH_AUDIENCE',
        meaning: 'What `aud` of its tokens has to hold',
        default: '`/mcp` at `PUBLIC_URL`',
        example: 'https://tidings.example.com/mcp',
      },
      {
        name: 'MCP_TOOLS',
        meaning:
          'The tools of MCP: `grouped` (one for each noun, with an `action`) or `split` (one for each operation, which only reads or only writes, as directories of tools ask for)',
        default: '`grouped`',
        example: 'split',
      },
      {
        name: 'METRICS_PORT',
        meaning: 'Where a worker answers `/health`, `/ready` and `/metrics`, on `HOST`',
        default: 'nowhere',
        example: '9464',
      },
      {
        name: 'LOG_LEVEL',
        meaning: '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`',
        default: '`info` for servers, `warn` for commands',
        example: 'debug',
      },
      {
        name: 'LOG_FORMAT',
        meaning: '`json` (a line for each event) or `text` (for people)',
        default: '`text` in a terminal, `json` in a pipe or file',
        example: 'json',
      },
    ],
  },
  {
    title: 'Where data is kept',
    settings: [
      {
        name: 'TIDINGS_DATA_DIR',
        meaning: 'The folder of `tidings.db`',
        default: "`./data` in a clone; installed, `tidings` in the platform's folder for data",
      },
      {
        name: 'DATABASE_URL',
        meaning:
          'PostgreSQL instead of a file, for `tidings serve --no-dispatch` and `tidings worker` on many machines',
        default: 'a file',
        isSecret: true,
        example: 'postgres://tidings:password@db.example.com:5432/tidings',
      },
    ],
  },
  {
    title: 'Email',
    settings: [
      {
        name: 'EMAIL_PROVIDER',
        meaning: 'Who sends: `smtp`, `ses`, `resend`, `postmark`, `sendgrid`, `mailgun` or `brevo`',
        default: 'the one that is configured',
        example: 'smtp',
      },
      {
        name: 'SMTP_URL',
        meaning:
          'A relay: `smtp://user:password@host:587` or `smtps://…`. TLS is a must but on this machine or with `?tls=off`; `?pipelining=off` or `deep` for servers that want it so',
        default: 'sandbox',
        isSecret: true,
        example: 'smtps://apikey:secret@smtp.example.com',
      },
      {
        name: 'EMAIL_FROM',
        meaning: 'Whom emails come from: `Name <address>`',
        default: 'none; needed with every provider',
        example: 'Shop <news@example.com>',
      },
      { name: 'EMAIL_RATE', meaning: 'Messages a second', default: 'no limit', example: '14' },
      {
        name: 'SMTP_RATE',
        meaning: 'The same over SMTP alone',
        default: '`EMAIL_RATE`',
        example: '14',
      },
      ...SMTP_OAUTH_SETTINGS,
      { name: 'SMTP_CONNECTIONS', meaning: 'Sessions with the relay at once', default: '`10`', example: '2' },
      {
        name: 'DKIM_PRIVATE_KEY_FILE',
        meaning:
          'A file with the key that messages are signed with, as `tidings dkim create` makes it; leave it out where the relay signs',
        default: 'no signature',
        example: '/etc/tidings/dkim.pem',
      },
      {
        name: 'DKIM_PRIVATE_KEY',
        meaning: 'The key itself (PEM; `\\n` for line breaks), instead of the file',
        default: 'no signature',
        isSecret: true,
      },
      {
        name: 'DKIM_SELECTOR',
        meaning: 'Where its DNS record is: `SELECTOR._domainkey.DKIM_DOMAIN`; one for each key, with commas',
        default: '`tidings`',
        example: 'tidings,tidings-ed25519',
      },
      {
        name: 'DKIM_DOMAIN',
        meaning: 'The domain that signs: that of `EMAIL_FROM`, or one around it',
        default: 'the domain of `EMAIL_FROM`',
        example: 'example.com',
      },
      {
        name: 'REPLY_TO',
        meaning: 'Where answers to emails go: `Name <address>`',
        default: 'the address of `EMAIL_FROM`',
        example: 'Shop <hello@example.com>',
      },
      {
        name: 'POSTAL_ADDRESS',
        meaning: 'Where the sender is, for the footer; `\\n` begins another line',
        default: 'none',
        example: 'Flor de Sal, Calle Mayor 1, 28013 Madrid, Spain',
      },
      {
        name: 'EMAIL_FOOTER',
        meaning:
          '`on`: an email without `{{unsubscribe_url}}` is given a footer with `SITE_NAME`, `POSTAL_ADDRESS` and a link to unsubscribe; `off`: it is not',
        default: '`on`',
        example: 'off',
      },
      {
        name: 'BOUNCE_DOMAIN',
        meaning:
          'Where mail comes back to: each message leaves as `b-TOKEN@BOUNCE_DOMAIN`, by which its delivery is known',
        default: 'the address of `EMAIL_FROM`',
        example: 'bounces.example.com',
      },
      {
        name: 'BOUNCE_LISTEN',
        meaning: '`host:port` where `tidings serve` takes such mail in over SMTP, and no other',
        default: 'nowhere',
        example: '0.0.0.0:2525',
      },
      {
        name: 'BOUNCE_MAILBOX_URL',
        meaning:
          'The mailbox that such mail comes to, which `tidings serve` reads: `imaps://user:password@host/FOLDER` (`INBOX` without one) or `pop3s://user:password@host`. Only what is proven to be ours is deleted, or moved where `?move=FOLDER` is said',
        default: 'none',
        isSecret: true,
      },
    ],
  },
  EMAIL_API_SETTINGS,
  {
    title: 'WhatsApp',
    settings: [
      {
        name: 'WHATSAPP_PROVIDER',
        meaning: "`cloud` (Meta's Cloud API) or `twilio`",
        default: 'the one that is configured; `cloud` where both are',
        example: 'twilio',
      },
      {
        name: 'WHATSAPP_PHONE_NUMBER_ID',
        meaning: "The number's id at Meta's Cloud API",
        default: 'sandbox',
        example: '106540352242922',
      },
      {
        name: 'WHATSAPP_ACCESS_TOKEN',
        meaning: 'A token of a system user',
        default: 'sandbox',
        isSecret: true,
      },
      {
        name: 'WHATSAPP_APP_SECRET',
        meaning:
          'The App Secret of the Meta app: what it signs is heard at `/webhooks/whatsapp`, and nothing else',
        default: 'none: the webhook is closed',
        isSecret: true,
      },
      {
        name: 'WHATSAPP_VERIFY_TOKEN',
        meaning: 'A word of your own that Meta is given with the address of the webhook, and asks for once',
        default: 'none',
        isSecret: true,
      },
      {
        name: 'WHATSAPP_BUSINESS_ACCOUNT_ID',
        meaning:
          'The account whose templates reach people who did not write within 24 hours; the token needs `whatsapp_business_management`',
        default: 'none: everybody gets text, which reaches only who wrote lately',
        example: '102290129340398',
      },
      {
        name: 'WHATSAPP_APP_ID',
        meaning: "The Meta app's id: takes the samples of templates with a picture, film or paper",
        default: 'none: no such template can be made',
        example: '670843887433847',
      },
      {
        name: 'WHATSAPP_LANGUAGE',
        meaning: 'The language of templates made of messages, as Meta writes it',
        default: 'told by the text',
        example: 'pt_BR',
      },
      { name: 'WHATSAPP_RATE', meaning: 'Messages a second', default: '`80`', example: '20' },
      {
        name: 'WHATSAPP_API_URL',
        meaning: 'Where the Cloud API is; `http:` on loopback only',
        default: '`https://graph.facebook.com`',
      },
      { name: 'WHATSAPP_API_VERSION', meaning: 'Its version', default: '`v26.0`' },
      {
        name: 'TWILIO_ACCOUNT_SID',
        meaning: 'The account at Twilio',
        default: 'none',
        example: 'AC and 32 letters and digits',
      },
      { name: 'TWILIO_AUTH_TOKEN', meaning: 'Its token', default: 'none', isSecret: true },
      {
        name: 'TWILIO_WHATSAPP_FROM',
        meaning: 'The number that messages come from, or `TWILIO_MESSAGING_SERVICE_SID`',
        default: 'none',
        example: '+14155238886',
      },
      {
        name: 'TWILIO_MESSAGING_SERVICE_SID',
        meaning: 'A messaging service instead of one number',
        default: 'none',
        example: 'MG and 32 letters and digits',
      },
      {
        name: 'TWILIO_API_URL',
        meaning: 'Where the API is; `http:` on loopback only',
        default: '`https://api.twilio.com`',
      },
      {
        name: 'TWILIO_CONTENT_URL',
        meaning: 'Where its templates are; `http:` on loopback only',
        default: '`https://content.twilio.com`',
      },
    ],
  },
  {
    title: 'Messages and people',
    settings: [
      {
        name: 'TIDINGS_CONFIRM',
        meaning:
          'Who confirms live sends: `ask` (the person, where the caller can show a form; elsewhere they go), `token` (a dry run comes first, and its token with the call), `person` (each waits until somebody has approved it in the dashboard or with `tidings sends approve CODE`), `off`',
        default: '`ask`',
        example: 'token',
      },
      {
        name: 'TIDINGS_CONFIRM_ABOVE',
        meaning: 'Under `ask`: live sends to more people than this are asked of the person',
        default: '`1`',
        example: '50',
      },
      {
        name: 'MAX_PER_CONTACT',
        meaning:
          'Messages to one contact over a channel, by all live sends together; more are skipped with `too_soon`',
        default: 'no limit',
        example: '3/7d',
      },
      {
        name: 'RETAIN_MESSAGES_DAYS',
        meaning: 'Texts of completed sends and outbox entries are removed after so many days',
        default: 'kept',
        example: '90',
      },
      {
        name: 'EVENTS_FORWARD_URL',
        meaning: 'Where events are passed on to, as Standard Webhooks says; `https:`, or on loopback',
        default: 'nowhere',
        example: 'https://crm.example.com/tidings',
      },
      {
        name: 'EVENTS_FORWARD_SECRET',
        meaning: 'What they are signed with: `whsec_` and 24 to 64 octets in base64',
        default: 'none; needed with `EVENTS_FORWARD_URL`',
        isSecret: true,
        example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      },
      {
        name: 'AUDIT_KEEP_DAYS',
        meaning: 'Who did what (`tidings audit list`) is removed after so many days',
        default: '`365`',
        example: '90',
      },
      {
        name: 'EVENTS_KEEP_DAYS',
        meaning: 'What providers told is removed after so many days; what it came to stays',
        default: '`90`',
        example: '30',
      },
      { name: 'SITE_NAME', meaning: 'What `{{site.name}}` says', default: 'none', example: 'Flor de Sal' },
      {
        name: 'DEFAULT_COUNTRY',
        meaning: 'The country of phone numbers without a code, as two letters',
        default: 'none',
        example: 'MX',
      },
    ],
  },
];

const ALL = SETTINGS.flatMap(({ settings }) => settings);

/** Each may also come from a file, which `NAME_FILE` names. */
export const SECRETS: readonly string[] = ALL.filter(
  ({ name, isSecret }) => isSecret && !ALL.some((other) => other.name === `${name}_FILE`),
).map(({ name }) => name);

/** Whether its value is a path, which is meant as seen from where the program was started. */
export function isPathSetting(name: string): boolean {
  return name === 'TIDINGS_DATA_DIR' || name === 'DKIM_PRIVATE_KEY_FILE';
}
