import type { EmailApi } from '../api/api-sender.ts';
import type { Answered, Refusal } from '../api/classify.ts';
import type { Mail, Mailbox } from '../api/mail.ts';
import { type ApiOptions, checkSecret, endpointOf } from '../api/settings.ts';
import { SENDGRID_ROWS } from './errors.ts';

export interface SendGridOptions extends ApiOptions {
  /** `SENDGRID_API_KEY`. A secret. */
  readonly apiKey: string;
}

const LONGEST_WAIT_MS = 3_600_000;

/**
 * Email by SendGrid (POST /v3/mail/send).
 * @throws TidingsError `configuration`, naming the variable and never the key.
 */
export function sendGridApi(options: Omit<SendGridOptions, 'ratePerSecond' | 'from'>): EmailApi {
  const apiKey = checkSecret('SENDGRID_API_KEY', options.apiKey);
  return {
    name: 'SendGrid',
    prefix: 'sendgrid',
    provider: 'email-sendgrid',
    urlVariable: 'SENDGRID_API_URL',
    rows: SENDGRID_ROWS,
    endpoint: endpointOf(options, {
      variable: 'SENDGRID_API_URL',
      usual: 'https://api.sendgrid.com',
      authorization: `Bearer ${apiKey}`,
      secrets: [apiKey],
    }),
    get: (path) => ({ method: 'GET', path }),
    request: (mail) => ({ method: 'POST', path: '/v3/mail/send', body: JSON.stringify(bodyOf(mail)) }),
    files: { asciiNames: true },
    accepted(_, { headers }) {
      const id = headers['x-message-id'];
      return typeof id === 'string' && /^[!-~]{1,300}$/.test(id) ? id : null;
    },
    refusal: refusalIn,
    waitMs: untilReset,
  };
}

/** `errors` with the first one's field before its words: the field alone tells whose fault it is. */
function refusalIn(json: unknown, { status }: Answered): Refusal | null {
  const { errors } = (json ?? {}) as { errors?: unknown };
  if (!Array.isArray(errors)) return null;
  const { field, message } = (errors[0] ?? {}) as { field?: unknown; message?: unknown };
  const words = typeof field === 'string' ? `${field}: ${message ?? ''}` : String(message ?? '');
  return { code: status, words };
}

/** `X-RateLimit-Reset`: seconds since 1970. */
function untilReset(headers: Answered['headers']): number | null {
  const at = Number(headers['x-ratelimit-reset'] ?? Number.NaN) * 1_000;
  if (!Number.isFinite(at)) return null;
  return Math.min(Math.max(at - Date.now(), 0), LONGEST_WAIT_MS);
}

/** The plain text comes first. Whatever would change links or count opens is off. */
function bodyOf(mail: Mail): object {
  const { subject, text, html, headers, attachments } = mail.parts();
  return {
    personalizations: [{ to: [{ email: mail.to }] }],
    from: who(mail.from),
    ...(mail.replyTo && { reply_to: who(mail.replyTo) }),
    subject,
    content: [
      { type: 'text/plain', value: text },
      ...(html === undefined ? [] : [{ type: 'text/html', value: html }]),
    ],
    ...(attachments && {
      attachments: attachments.map(({ filename, content_type, content_id, content }) => ({
        filename,
        content,
        type: content_type,
        disposition: content_id === null ? 'attachment' : 'inline',
        ...(content_id !== null && { content_id }),
      })),
    }),
    headers,
    custom_args: { attempt_id: mail.attemptId },
    tracking_settings: {
      click_tracking: { enable: false, enable_text: false },
      open_tracking: { enable: false },
      subscription_tracking: { enable: false },
      ganalytics: { enable: false },
    },
  };
}

function who({ name, address }: Mailbox): object {
  return { email: address, ...(name !== null && { name }) };
}
