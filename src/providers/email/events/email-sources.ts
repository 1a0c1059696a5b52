import type { EventSource } from '../../../core/events/event-source.ts';
import { createBrevoEvents } from '../brevo/brevo-events.ts';
import { createMailgunEvents } from '../mailgun/mailgun-events.ts';
import { createPostmarkEvents } from '../postmark/postmark-events.ts';
import { createResendEvents } from '../resend/resend-events.ts';
import { createSendGridEvents } from '../sendgrid/sendgrid-events.ts';
import { createSesEvents } from '../ses/ses-events.ts';
import type { EmailWebhookSecrets } from './webhook-secrets.ts';

/**
 * All of them, whoever sends now: what left by another provider before is told of for days.
 * @throws TidingsError `configuration` when one cannot be used
 */
export function createEmailSources(secrets: EmailWebhookSecrets): EventSource[] {
  return [
    createSesEvents(secrets.sesTopicArns),
    createResendEvents(secrets.resend),
    createPostmarkEvents(secrets.postmark),
    createSendGridEvents(secrets.sendgrid),
    createMailgunEvents(secrets.mailgun),
    createBrevoEvents(secrets.brevo),
  ];
}
