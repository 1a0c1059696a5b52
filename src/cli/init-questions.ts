/** A variable, and what somebody is asked for it. */
export interface Question {
  readonly name: string;
  readonly text: string;
  readonly isSecret?: boolean;
  readonly isNeeded?: boolean;
}

interface Channel {
  /** The variable that names the provider. */
  readonly name: string;
  readonly text: string;
  /** What each needs, in the order of asking. */
  readonly providers: Readonly<Record<string, readonly Question[]>>;
}

const secret = (name: string, text: string): Question => ({ name, text, isSecret: true, isNeeded: true });
const needed = (name: string, text: string): Question => ({ name, text, isNeeded: true });

const FROM = needed('EMAIL_FROM', 'Whom do emails come from? Name <hello@example.com>');

export const EMAIL: Channel = {
  name: 'EMAIL_PROVIDER',
  text: 'By whom do emails go?',
  providers: {
    smtp: [secret('SMTP_URL', 'The relay: smtp://user:password@mail.example.com:587 (or smtps://…)'), FROM],
    ses: [
      needed('AWS_REGION', 'The region of SES, as eu-central-1'),
      secret('AWS_ACCESS_KEY_ID', 'The id of an access key that may do ses:SendEmail'),
      secret('AWS_SECRET_ACCESS_KEY', 'Its secret'),
      FROM,
    ],
    resend: [secret('RESEND_API_KEY', 'A key of Resend that may send'), FROM],
    postmark: [secret('POSTMARK_SERVER_TOKEN', 'A token of the server at Postmark'), FROM],
    sendgrid: [secret('SENDGRID_API_KEY', 'A key of SendGrid that may send'), FROM],
    mailgun: [
      secret('MAILGUN_API_KEY', 'A key of Mailgun that may send'),
      needed('MAILGUN_DOMAIN', 'The domain that messages leave from'),
      FROM,
    ],
    brevo: [secret('BREVO_API_KEY', 'A key of Brevo that may send'), FROM],
  },
};

export const WHATSAPP: Channel = {
  name: 'WHATSAPP_PROVIDER',
  text: 'By whom do WhatsApp messages go?',
  providers: {
    cloud: [
      needed('WHATSAPP_PHONE_NUMBER_ID', "The number's id at Meta's Cloud API"),
      secret('WHATSAPP_ACCESS_TOKEN', 'A token of a system user'),
      {
        name: 'WHATSAPP_BUSINESS_ACCOUNT_ID',
        text: 'The id of the business account, whose templates reach who did not write within 24 hours',
      },
    ],
    twilio: [
      secret('TWILIO_ACCOUNT_SID', 'The account at Twilio'),
      secret('TWILIO_AUTH_TOKEN', 'Its token'),
      needed('TWILIO_WHATSAPP_FROM', 'The number that messages come from, as +14155550100'),
    ],
  },
};
