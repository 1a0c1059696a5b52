import { type Config, openTo } from '../../config.ts';
import { plainWords } from '../../core/deliveries/provider-said.ts';
import type { Finding } from '../../providers/email/api/look.ts';
import type { EmailApiConfig } from '../../providers/email/api/provider-config.ts';
import { type Check, good, warning } from './check.ts';

/** Whoever looks does not wait for as long as a send does. */
const TIMEOUT_MS = 10_000;
const NEWS = 'email news';

/** The provider's own word on the account and on the domain that emails come from. */
export async function checkEmailApi(
  config: EmailApiConfig,
  domain: string,
  house: Pick<Config, 'publicUrl' | 'emailWebhooks'>,
): Promise<Check[]> {
  const news = await checkNews(config.provider, house);
  const findings = await findingsOf({ ...config, timeoutMs: TIMEOUT_MS }, domain);
  const detail = 'the provider signs, with the records that it shows; the DKIM_ variables are for SMTP';
  return [...findings.map(toCheck), news, { name: 'dkim', ok: null, detail }];
}

/** Whether the provider can say what becomes of messages. */
async function checkNews(
  provider: EmailApiConfig['provider'],
  { publicUrl, emailWebhooks }: Pick<Config, 'publicUrl' | 'emailWebhooks'>,
): Promise<Check> {
  const { createEmailSources } = await import('../../providers/email/events/email-sources.ts');
  const { WEBHOOK_VARIABLES } = await import('../../providers/email/events/webhook-secrets.ts');
  // What stops the start is told here too.
  createEmailSources(emailWebhooks);
  const secret = provider === 'ses' ? emailWebhooks.sesTopicArns[0] : emailWebhooks[provider];
  const isReachable = openTo('localhost', publicUrl) !== null && publicUrl?.startsWith('https:') === true;
  const path = `/webhooks/email/${provider}`;
  if (secret && isReachable) return good(NEWS, `the provider is heard at ${path}`);
  const missing = [!secret && WEBHOOK_VARIABLES[provider], !isReachable && 'PUBLIC_URL (https)'];
  const names = missing.filter((one) => one !== false).join(' and ');
  const detail = 'nobody hears what bounces, is reported as spam or leaves by the provider';
  return warning(NEWS, detail, `Set ${names}, and have the provider call ${path}: docs/guides/email.md.`);
}

async function findingsOf(
  config: EmailApiConfig & { timeoutMs: number },
  domain: string,
): Promise<Finding[]> {
  const { openApi } = await import('../../providers/email/api/open-sender.ts');
  const api = await openApi(config);
  switch (config.provider) {
    case 'ses': {
      const { checkSes } = await import('../../providers/email/ses/check-ses.ts');
      return checkSes(api, domain, config.ratePerSecond);
    }
    case 'resend':
      return (await import('../../providers/email/resend/check-resend.ts')).checkResend(api, domain);
    case 'postmark': {
      const { checkPostmark } = await import('../../providers/email/postmark/check-postmark.ts');
      return checkPostmark(api, config.messageStream);
    }
    case 'sendgrid':
      return (await import('../../providers/email/sendgrid/check-sendgrid.ts')).checkSendGrid(api, domain);
    case 'mailgun': {
      const { checkMailgun } = await import('../../providers/email/mailgun/check-mailgun.ts');
      return checkMailgun(api, config.domain);
    }
    case 'brevo':
      return (await import('../../providers/email/brevo/check-brevo.ts')).checkBrevo(api, domain);
  }
}

function toCheck({ about, said, ...finding }: Finding): Check {
  const name = about === 'account' ? 'email' : about === 'domain' ? 'email sender' : 'email stream';
  return { name, ...finding, ...(said !== undefined && { said: plainWords(said) }) };
}
