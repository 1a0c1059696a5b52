import type { Outcome } from '../../../core/deliveries/sender.ts';
import { type Loose, listIn, textIn } from '../../loose.ts';
import type { Hidden } from '../../redact-secrets.ts';
import { type EmailApi, idIn } from '../api/api-sender.ts';
import { type Answered, type ApiLanguage, classifyRefusal, secondsIn } from '../api/classify.ts';
import { mailbox, toTag } from '../api/mail.ts';
import { type ApiOptions, checkSecret, endpointOf } from '../api/settings.ts';
import { RESEND_ROWS } from './errors.ts';

export interface ResendOptions extends ApiOptions {
  /** `RESEND_API_KEY`. A secret. */
  readonly apiKey: string;
}

const LANGUAGE: ApiLanguage = {
  name: 'Resend',
  prefix: 'resend',
  urlVariable: 'RESEND_API_URL',
  rows: RESEND_ROWS,
  refusal(json) {
    const { name, message } = (json ?? {}) as { name?: unknown; message?: unknown };
    return typeof name === 'string' ? { code: name, words: String(message ?? '') } : null;
  },
  waitMs: (headers) => secondsIn(headers, 'ratelimit-reset'),
};

/**
 * Email by Resend. A lost answer is asked for again with the same key, by which Resend sends once (24 hours) (POST /emails).
 * @throws TidingsError `configuration`, naming the variable and never the key.
 */
export function resendApi(options: Omit<ResendOptions, 'ratePerSecond' | 'from'>): EmailApi {
  const apiKey = checkSecret('RESEND_API_KEY', options.apiKey);
  return {
    ...LANGUAGE,
    provider: 'email-resend',
    isIdempotent: true,
    endpoint: endpointOf(options, {
      variable: 'RESEND_API_URL',
      usual: 'https://api.resend.com',
      authorization: `Bearer ${apiKey}`,
      secrets: [apiKey],
    }),
    get: (path) => ({ method: 'GET', path }),
    request(mail) {
      const { subject, text, html, headers, attachments } = mail.parts();
      return {
        method: 'POST',
        path: '/emails',
        headers: { 'idempotency-key': mail.attemptId },
        body: JSON.stringify({
          from: mailbox(mail.from),
          to: [mail.to],
          subject,
          text,
          ...(html !== undefined && { html }),
          ...(mail.replyTo && { reply_to: mailbox(mail.replyTo) }),
          headers,
          ...(attachments && {
            attachments: attachments.map(({ filename, content_type, content_id, content }) => ({
              filename,
              content,
              content_type,
              ...(content_id !== null && { content_id }),
            })),
          }),
          tags: [{ name: 'attempt_id', value: toTag(mail.attemptId) }],
        }),
      };
    },
    accepted: (json) => idIn(json, 'id'),
    batch: {
      size: 100,
      path: '/emails/batch',
      // The default refuses all of them for one; this way each is judged by itself.
      headers: (key) => ({ 'idempotency-key': key, 'x-batch-validation': 'permissive' }),
      read: readBatch,
    },
  };
}

/** Resend's word for what is wrong with one of many, where it says no more than a sentence. */
const NOT_VALID = 'validation_error';

/** `data` has the ids of those that it took, in order; `errors` says at which places there are others. */
function readBatch(
  json: unknown,
  answer: Answered,
  count: number,
  hidden: readonly Hidden[],
): Outcome[] | null {
  const errors = new Map<unknown, string>(
    listIn(json, 'errors').map((one) => [(one as Loose)['index'], textIn(one, 'message', 1_000) ?? '']),
  );
  const ids = listIn(json, 'data').map((one) => idIn(one, 'id'));
  if (ids.length + errors.size !== count || ids.includes(null)) return null;
  return Array.from({ length: count }, (_, at) => {
    const words = errors.get(at);
    if (words === undefined) return { type: 'accepted', providerMessageId: ids.shift() ?? '' };
    return classifyRefusal(LANGUAGE, { code: NOT_VALID, words }, { ...answer, status: 422 }, hidden);
  });
}
