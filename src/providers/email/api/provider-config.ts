import { TidingsError } from '../../../errors.ts';
import type { BrevoOptions } from '../brevo/brevo-api.ts';
import type { MailgunOptions } from '../mailgun/mailgun-api.ts';
import type { PostmarkOptions } from '../postmark/postmark-api.ts';
import type { ResendOptions } from '../resend/resend-api.ts';
import type { SendGridOptions } from '../sendgrid/sendgrid-api.ts';
import type { SesOptions } from '../ses/ses-api.ts';

type Given<T> = Omit<T, 'identity' | 'timeoutMs' | 'askAgainMs'>;

/** Email by the API of a provider, as the environment has it. */
export type EmailApiConfig =
  | ({ readonly provider: 'ses' } & Given<SesOptions>)
  | ({ readonly provider: 'resend' } & Given<ResendOptions>)
  | ({ readonly provider: 'postmark' } & Given<PostmarkOptions>)
  | ({ readonly provider: 'sendgrid' } & Given<SendGridOptions>)
  | ({ readonly provider: 'mailgun' } & Given<MailgunOptions>)
  | ({ readonly provider: 'brevo' } & Given<BrevoOptions>);

/** By which variable each is known to be configured. */
const KEYS = {
  smtp: ['SMTP_URL'],
  ses: ['AWS_ACCESS_KEY_ID'],
  resend: ['RESEND_API_KEY'],
  postmark: ['POSTMARK_SERVER_TOKEN'],
  sendgrid: ['SENDGRID_API_KEY'],
  mailgun: ['MAILGUN_API_KEY', 'MAILGUN_DOMAIN'],
  brevo: ['BREVO_API_KEY'],
} as const;
export type EmailProvider = keyof typeof KEYS;
export const EMAIL_PROVIDERS = Object.keys(KEYS) as EmailProvider[];

type Get = (name: string) => string | null;

/**
 * `EMAIL_PROVIDER`, or the one that is configured; null: none is. Keys of AWS stand in many environments that have nothing
 * to do with mail: by themselves, without `EMAIL_FROM`, they ask for nothing.
 * @throws TidingsError `configuration` when it is misspelt, or when two are configured and nothing says which.
 */
export function chooseEmail(get: Get): EmailProvider | null {
  const given = get('EMAIL_PROVIDER');
  const list = EMAIL_PROVIDERS.join(', ');
  if (given !== null) {
    const chosen = EMAIL_PROVIDERS.find((one) => one === given);
    if (chosen) return chosen;
    const what = `EMAIL_PROVIDER is "${given}", which is no provider of email.`;
    throw new TidingsError('configuration', what, { fix: `Use one of ${list}.` });
  }
  const isSet = (provider: EmailProvider) =>
    KEYS[provider].some((name) => get(name) !== null) && (provider !== 'ses' || get('EMAIL_FROM') !== null);
  const configured = EMAIL_PROVIDERS.filter(isSet);
  if (configured.length < 2) return configured[0] ?? null;
  const names = configured.flatMap((provider) => KEYS[provider].find((name) => get(name) !== null)!);
  throw new TidingsError(
    'configuration',
    `${names.join(' and ')} are set, and EMAIL_PROVIDER does not say which provider sends.`,
    { fix: `Set EMAIL_PROVIDER to one of ${configured.join(', ')}.` },
  );
}

/** @throws TidingsError `configuration` for a variable that is missing, and what asks for it */
export function readEmailApi(
  get: Get,
  provider: Exclude<EmailProvider, 'smtp'>,
  ratePerSecond: number | null,
): EmailApiConfig {
  const because = get('EMAIL_PROVIDER') === null ? KEYS[provider][0] : `EMAIL_PROVIDER=${provider}`;
  const need = (name: string, fix: string) => {
    const value = get(name);
    if (value !== null) return value;
    throw new TidingsError('configuration', `${because} is set, but ${name} is not.`, { fix });
  };
  const from = need(
    'EMAIL_FROM',
    'Set EMAIL_FROM to the address that emails come from: "Name <hello@example.com>".',
  );
  const common = { from, ratePerSecond, apiUrl: get(`${provider.toUpperCase()}_API_URL`) };
  const page = (what: string) => `Set it to ${what}.`;
  switch (provider) {
    case 'ses':
      return {
        provider,
        ...common,
        region: need('AWS_REGION', page('the region whose SES has your domain, such as eu-west-1')),
        accessKeyId: need('AWS_ACCESS_KEY_ID', page('a key of a user that may do ses:SendEmail')),
        secretAccessKey: need('AWS_SECRET_ACCESS_KEY', page('the secret of that key')),
        sessionToken: get('AWS_SESSION_TOKEN'),
        configurationSet: get('SES_CONFIGURATION_SET'),
      };
    case 'postmark':
      return {
        provider,
        ...common,
        serverToken: need('POSTMARK_SERVER_TOKEN', page('a token of the server (API Tokens)')),
        messageStream: get('POSTMARK_MESSAGE_STREAM') ?? 'broadcast',
      };
    case 'mailgun':
      return {
        provider,
        ...common,
        apiKey: need('MAILGUN_API_KEY', page('a sending key of the domain, or an API key')),
        domain: need('MAILGUN_DOMAIN', page('the domain at Mailgun, such as mg.example.com')),
      };
    default: {
      const key = { resend: 'RESEND_API_KEY', sendgrid: 'SENDGRID_API_KEY', brevo: 'BREVO_API_KEY' }[
        provider
      ];
      return { provider, ...common, apiKey: need(key, page('an API key that may send')) };
    }
  }
}
