import type { Setting, SettingGroup } from './settings.ts';

/** The login at a relay that takes no password: Google and Microsoft 365. */
export const SMTP_OAUTH_SETTINGS: readonly Setting[] = [
  {
    name: 'SMTP_OAUTH_CLIENT_ID',
    meaning:
      'The application that logs in to the relay by OAuth 2.0 (XOAUTH2), in place of the password: `SMTP_URL` then has the user alone',
    default: 'none: by password',
    example: '1234.apps.googleusercontent.com',
  },
  { name: 'SMTP_OAUTH_CLIENT_SECRET', meaning: 'Its secret', default: 'none', isSecret: true },
  {
    name: 'SMTP_OAUTH_REFRESH_TOKEN',
    meaning: "What the mailbox's owner has granted it; without one it logs in as itself (client credentials)",
    default: 'none',
    isSecret: true,
  },
  {
    name: 'SMTP_OAUTH_TENANT',
    meaning: 'Microsoft 365: the directory, as an id or a domain',
    default: '`common`',
    example: 'shop.onmicrosoft.com',
  },
  {
    name: 'SMTP_OAUTH_TOKEN_URL',
    meaning: 'Where access tokens come from; `http:` on loopback only',
    default: 'that of Google or Microsoft, by the host of `SMTP_URL`',
    example: 'https://login.example.com/token',
  },
  {
    name: 'SMTP_OAUTH_SCOPE',
    meaning: 'What is asked for',
    default: 'by the host of `SMTP_URL`',
    example: 'https://outlook.office.com/SMTP.Send',
  },
];

/** The variables of providers that take email by HTTP. */
export const EMAIL_API_SETTINGS: SettingGroup = {
  title: 'Email by an API',
  settings: [
    {
      name: 'AWS_REGION',
      meaning: 'SES: the region that has the domain of `EMAIL_FROM`',
      default: 'none',
      example: 'eu-west-1',
    },
    {
      name: 'AWS_ACCESS_KEY_ID',
      meaning: 'SES: a key of a user that may do `ses:SendEmail`',
      default: 'none',
      isSecret: true,
    },
    { name: 'AWS_SECRET_ACCESS_KEY', meaning: 'SES: its secret', default: 'none', isSecret: true },
    {
      name: 'AWS_SESSION_TOKEN',
      meaning: 'SES: the token of keys that do not last',
      default: 'none',
      isSecret: true,
    },
    {
      name: 'SES_CONFIGURATION_SET',
      meaning: 'SES: the set whose events come to `/webhooks/email/ses`',
      default: 'none',
      example: 'tidings',
    },
    { name: 'RESEND_API_KEY', meaning: 'Resend: a key that may send', default: 'none', isSecret: true },
    {
      name: 'POSTMARK_SERVER_TOKEN',
      meaning: 'Postmark: a token of the server',
      default: 'none',
      isSecret: true,
    },
    {
      name: 'POSTMARK_MESSAGE_STREAM',
      meaning: 'Postmark: the stream that messages leave by',
      default: '`broadcast`',
      example: 'newsletter',
    },
    { name: 'SENDGRID_API_KEY', meaning: 'SendGrid: a key that may send', default: 'none', isSecret: true },
    { name: 'MAILGUN_API_KEY', meaning: 'Mailgun: a key that may send', default: 'none', isSecret: true },
    {
      name: 'MAILGUN_DOMAIN',
      meaning: 'Mailgun: the domain that messages leave from',
      default: 'none',
      example: 'mg.example.com',
    },
    { name: 'BREVO_API_KEY', meaning: 'Brevo: a key that may send', default: 'none', isSecret: true },
    {
      name: 'SES_SNS_TOPIC_ARNS',
      meaning: 'SES: the topics of SNS that are heard at `/webhooks/email/ses`, with commas',
      default: 'none: the webhook is closed',
      example: 'arn:aws:sns:eu-west-1:123456789012:tidings',
    },
    {
      name: 'RESEND_WEBHOOK_SECRET',
      meaning: 'Resend: the signing secret of the webhook `/webhooks/email/resend` (`whsec_…`)',
      default: 'none: the webhook is closed',
      isSecret: true,
    },
    {
      name: 'POSTMARK_WEBHOOK_PASSWORD',
      meaning: 'Postmark: the password with which it calls `/webhooks/email/postmark`, by any user',
      default: 'none: the webhook is closed',
      isSecret: true,
    },
    {
      name: 'SENDGRID_WEBHOOK_PUBLIC_KEY',
      meaning: 'SendGrid: the verification key of the signed webhook `/webhooks/email/sendgrid`',
      default: 'none: the webhook is closed',
    },
    {
      name: 'MAILGUN_WEBHOOK_SIGNING_KEY',
      meaning: 'Mailgun: the HTTP webhook signing key, for `/webhooks/email/mailgun`',
      default: 'none: the webhook is closed',
      isSecret: true,
    },
    {
      name: 'BREVO_WEBHOOK_TOKEN',
      meaning: 'Brevo: the bearer token with which it calls `/webhooks/email/brevo`',
      default: 'none: the webhook is closed',
      isSecret: true,
    },
    {
      name: 'SES_API_URL',
      meaning: 'Where the API is; `http:` on loopback only',
      default: '`https://email.AWS_REGION.amazonaws.com`',
    },
    {
      name: 'RESEND_API_URL',
      meaning: 'Where the API is; `http:` on loopback only',
      default: '`https://api.resend.com`',
    },
    {
      name: 'POSTMARK_API_URL',
      meaning: 'Where the API is; `http:` on loopback only',
      default: '`https://api.postmarkapp.com`',
    },
    {
      name: 'SENDGRID_API_URL',
      meaning:
        'Where the API is (`https://api.eu.sendgrid.com` for accounts in the EU); `http:` on loopback only',
      default: '`https://api.sendgrid.com`',
    },
    {
      name: 'MAILGUN_API_URL',
      meaning:
        'Where the API is (`https://api.eu.mailgun.net` for domains in the EU); `http:` on loopback only',
      default: '`https://api.mailgun.net`',
    },
    {
      name: 'BREVO_API_URL',
      meaning: 'Where the API is; `http:` on loopback only',
      default: '`https://api.brevo.com`',
    },
  ],
};
