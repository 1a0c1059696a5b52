import { TidingsError } from '../../../errors.ts';

/** What each webhook is verified with; null or empty: it is closed. */
export interface EmailWebhookSecrets {
  readonly sesTopicArns: readonly string[];
  readonly resend: string | null;
  readonly postmark: string | null;
  readonly sendgrid: string | null;
  readonly mailgun: string | null;
  readonly brevo: string | null;
}

/** The variable that opens each webhook. */
export const WEBHOOK_VARIABLES = {
  ses: 'SES_SNS_TOPIC_ARNS',
  resend: 'RESEND_WEBHOOK_SECRET',
  postmark: 'POSTMARK_WEBHOOK_PASSWORD',
  sendgrid: 'SENDGRID_WEBHOOK_PUBLIC_KEY',
  mailgun: 'MAILGUN_WEBHOOK_SIGNING_KEY',
  brevo: 'BREVO_WEBHOOK_TOKEN',
} as const;

/**
 * Whichever provider sends: what left by another one before is told of for days.
 * @throws TidingsError `configuration` for a topic that is none
 */
export function readEmailWebhooks(get: (name: string) => string | null): EmailWebhookSecrets {
  const sesTopicArns = (get(WEBHOOK_VARIABLES.ses) ?? '').split(/[\s,]+/).filter((one) => one !== '');
  const odd = sesTopicArns.find((one) => !/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w.-]{1,256}$/.test(one));
  if (odd !== undefined)
    throw new TidingsError('configuration', `SES_SNS_TOPIC_ARNS has "${odd}", which is no topic of SNS.`, {
      fix: 'Write it as arn:aws:sns:eu-west-1:123456789012:tidings.',
    });
  return {
    sesTopicArns,
    resend: get(WEBHOOK_VARIABLES.resend),
    postmark: get(WEBHOOK_VARIABLES.postmark),
    sendgrid: get(WEBHOOK_VARIABLES.sendgrid),
    mailgun: get(WEBHOOK_VARIABLES.mailgun),
    brevo: get(WEBHOOK_VARIABLES.brevo),
  };
}
