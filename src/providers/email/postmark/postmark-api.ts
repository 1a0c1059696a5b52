import type { Outcome } from '../../../core/deliveries/sender.ts';
import { listIn, looseIn, textIn } from '../../loose.ts';
import type { Hidden } from '../../redact-secrets.ts';
import { type EmailApi, idIn } from '../api/api-sender.ts';
import { type Answered, type ApiLanguage, classifyFailure, classifyRefusal } from '../api/classify.ts';
import { type Mail, mailbox } from '../api/mail.ts';
import { type ApiOptions, checkSecret, endpointOf } from '../api/settings.ts';
import { timeOf } from '../events/told.ts';
import { POSTMARK_ROWS } from './errors.ts';

export interface PostmarkOptions extends ApiOptions {
  /** `POSTMARK_SERVER_TOKEN`. A secret. */
  readonly serverToken: string;
  /** `POSTMARK_MESSAGE_STREAM`, such as `broadcast`, which every server has for bulk mail. */
  readonly messageStream: string;
}

const LANGUAGE: ApiLanguage = {
  name: 'Postmark',
  prefix: 'postmark',
  urlVariable: 'POSTMARK_API_URL',
  rows: POSTMARK_ROWS,
  refusal(json) {
    const { ErrorCode, Message } = (json ?? {}) as { ErrorCode?: unknown; Message?: unknown };
    return typeof ErrorCode === 'number' ? { code: ErrorCode, words: String(Message ?? '') } : null;
  },
};

/**
 * Email by Postmark (POST /email).
 * @throws TidingsError `configuration`, naming the variable and never the token.
 */
export function postmarkApi(options: Omit<PostmarkOptions, 'ratePerSecond' | 'from'>): EmailApi {
  const token = checkSecret('POSTMARK_SERVER_TOKEN', options.serverToken);
  const { messageStream } = options;
  const endpoint = endpointOf(options, {
    variable: 'POSTMARK_API_URL',
    usual: 'https://api.postmarkapp.com',
    secrets: [token],
  });
  const headers = { 'x-postmark-server-token': token };
  return {
    ...LANGUAGE,
    provider: 'email-postmark',
    account: messageStream,
    // 10 MB for the whole of a message, in base64.
    files: { mostBytes: 7_000_000 },
    endpoint,
    get: (path) => ({ method: 'GET', path, headers }),
    request: (mail) => ({
      method: 'POST',
      path: '/email',
      headers,
      body: JSON.stringify(bodyOf(mail, messageStream)),
    }),
    accepted: acceptedIn,
    search: {
      path: ({ attemptId, contact }) =>
        `/messages/outbound?${new URLSearchParams({
          count: '50',
          offset: '0',
          messagestream: messageStream,
          recipient: contact,
          metadata_attempt_id: attemptId,
        })}`,
      read(json, { attemptId }) {
        const found = listIn(json, 'Messages').find(
          (one) => textIn(looseIn(one, 'Metadata'), 'attempt_id') === attemptId,
        );
        const id = idIn(found, 'MessageID');
        if (id === null) return null;
        return { providerMessageId: id, at: timeOf(textIn(found, 'ReceivedAt'), 'iso', Date.now()) };
      },
    },
    batch: {
      // It takes 500; so many in doubt after a kill would be too many.
      size: 100,
      path: '/email/batch',
      headers: () => headers,
      read: readBatch,
    },
  };
}

function bodyOf(mail: Mail, messageStream: string): object {
  const { subject, text, html, headers, attachments } = mail.parts();
  return {
    From: mailbox(mail.from),
    To: mail.to,
    Subject: subject,
    TextBody: text,
    ...(html !== undefined && { HtmlBody: html }),
    ...(mail.replyTo && { ReplyTo: mailbox(mail.replyTo) }),
    Headers: Object.entries(headers).map(([Name, Value]) => ({ Name, Value })),
    ...(attachments && {
      Attachments: attachments.map(({ filename, content_type, content_id, content }) => ({
        Name: filename,
        Content: content,
        ContentType: content_type,
        ...(content_id !== null && { ContentID: `cid:${content_id}` }),
      })),
    }),
    Metadata: { attempt_id: mail.attemptId },
    MessageStream: messageStream,
    TrackOpens: false,
    TrackLinks: 'None',
  };
}

function acceptedIn(json: unknown): string | null {
  const { ErrorCode } = (json ?? {}) as { ErrorCode?: unknown };
  return ErrorCode === undefined || ErrorCode === 0 ? idIn(json, 'MessageID') : null;
}

/** One after the other, each with an error of its own. */
function readBatch(
  json: unknown,
  answer: Answered,
  count: number,
  hidden: readonly Hidden[],
): Outcome[] | null {
  if (!Array.isArray(json) || json.length !== count) return null;
  return json.map((one): Outcome => {
    const id = acceptedIn(one);
    if (id !== null) return { type: 'accepted', providerMessageId: id };
    const refusal = LANGUAGE.refusal(one, answer);
    if (refusal) return classifyRefusal(LANGUAGE, refusal, { ...answer, status: 422 }, hidden);
    return classifyFailure(LANGUAGE, answer, hidden);
  });
}
