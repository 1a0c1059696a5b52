import type { Sender } from '../../../core/deliveries/sender.ts';
import type { EmailIdentity } from '../message/identity.ts';
import type { EmailApi } from './api-sender.ts';
import type { EmailApiConfig } from './provider-config.ts';

/** @throws TidingsError `configuration` when an option cannot be used. */
export async function openApiSender(config: EmailApiConfig, identity: EmailIdentity): Promise<Sender> {
  const { createApiSender } = await import('./api-sender.ts');
  return createApiSender(await openApi(config), { ...config, identity });
}

/** The one that is configured; the others are not loaded. */
export async function openApi(config: EmailApiConfig): Promise<EmailApi> {
  switch (config.provider) {
    case 'ses':
      return (await import('../ses/ses-api.ts')).sesApi(config);
    case 'resend':
      return (await import('../resend/resend-api.ts')).resendApi(config);
    case 'postmark':
      return (await import('../postmark/postmark-api.ts')).postmarkApi(config);
    case 'sendgrid':
      return (await import('../sendgrid/sendgrid-api.ts')).sendGridApi(config);
    case 'mailgun':
      return (await import('../mailgun/mailgun-api.ts')).mailgunApi(config);
    case 'brevo':
      return (await import('../brevo/brevo-api.ts')).brevoApi(config);
  }
}
