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
    ],
  },
  {
    title: 'Where data is kept',
    settings: [
      { name: 'TIDINGS_DATA_DIR', meaning: 'The folder of `tidings.db`', default: '`./data`' },
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
        default: 'none; needed with `SMTP_URL`',
        example: 'Shop <news@example.com>',
      },
      { name: 'SMTP_RATE', meaning: 'Messages a second', default: 'no limit', example: '14' },
      { name: 'SMTP_CONNECTIONS', meaning: 'Sessions with the relay at once', default: '`10`', example: '2' },
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
    ],
  },
  {
    title: 'WhatsApp',
    settings: [
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
      { name: 'WHATSAPP_RATE', meaning: 'Messages a second', default: '`80`', example: '20' },
      {
        name: 'WHATSAPP_API_URL',
        meaning: 'Where the Cloud API is; `http:` on loopback only',
        default: '`https://graph.facebook.com`',
      },
      { name: 'WHATSAPP_API_VERSION', meaning: 'Its version', default: '`v26.0`' },
    ],
  },
  {
    title: 'Messages and people',
    settings: [
      {
        name: 'TIDINGS_CONFIRM',
        meaning:
          'Who confirms live sends: `ask` (the person, where the caller can show a form; no caller can yet), `token` (a dry run comes first, and its token with the call), `off`',
        default: '`ask`',
        example: 'token',
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
