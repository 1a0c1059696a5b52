import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { simpleParser } from 'mailparser';
import type { EmailApi } from '../../src/providers/email/api/api-sender.ts';
import type { ApiOptions } from '../../src/providers/email/api/settings.ts';
import { brevoApi } from '../../src/providers/email/brevo/brevo-api.ts';
import { mailgunApi } from '../../src/providers/email/mailgun/mailgun-api.ts';
import { postmarkApi } from '../../src/providers/email/postmark/postmark-api.ts';
import { resendApi } from '../../src/providers/email/resend/resend-api.ts';
import { sendGridApi } from '../../src/providers/email/sendgrid/sendgrid-api.ts';
import { sesApi } from '../../src/providers/email/ses/ses-api.ts';
import type { Arrived } from './sender-suite.ts';

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the server does instead of accepting. */
export type ApiAnswer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** Accepts the message, then resets the connection instead of answering. */
  | { readonly resetAfter: true }
  /** Accepts the message and says nothing. */
  | { readonly silentAfter: true }
  /** Accepts nothing and says nothing. */
  | { readonly hang: true };

type PlainAnswer = Extract<ApiAnswer, { status: number }>;

/** How one provider's API looks from its side. */
export interface ApiDialect {
  readonly path: string;
  isAllowed(headers: IncomingHttpHeaders): boolean;
  /** The message of a request, as its reader would get it. */
  read(request: ApiRequest): Promise<Arrived>;
  /** What it answers to a message that it took. */
  took(id: string): PlainAnswer;
  refused(status: number, words: string): PlainAnswer;
  /** Where it takes many, and what it answers then: for each message the id that it has, or null where it does not take it. */
  readonly batch?: { readonly path: string; took(ids: readonly (string | null)[]): PlainAnswer };
  /** By which it knows a request that it has had. */
  keyOf?(request: ApiRequest): string;
  api(options: ApiOptions): EmailApi;
}

export const API_SECRET = 's3cret-of-the-test';
export const API_FROM = 'Tidings <news@example.com>';

const json = (status: number, value: object) => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});
// biome-ignore lint/suspicious/noExplicitAny: bodies of six providers
const parsed = (request: ApiRequest): any => JSON.parse(request.body);

export const API_DIALECTS = {
  ses: {
    path: '/v2/email/outbound-emails',
    isAllowed: ({ authorization = '' }) => authorization.includes('Credential=AKIDEXAMPLE/'),
    async read(request) {
      const { Destination, Content, EmailTags } = parsed(request);
      const mail = await simpleParser(Buffer.from(Content.Raw.Data, 'base64'));
      return {
        to: Destination.ToAddresses.join(),
        subject: mail.subject ?? null,
        text: mail.text?.trimEnd() ?? '',
        id: EmailTags[0].Value.replaceAll('_', '.'),
      };
    },
    took: (id) => json(200, { MessageId: id }),
    refused: (status, words) => ({
      ...json(status, { message: words }),
      headers: {
        'x-amzn-errortype':
          status === 429 ? 'TooManyRequestsException:' : 'UnrecognizedClientException:http://x',
      },
    }),
    api: (options) =>
      sesApi({
        ...options,
        region: 'eu-west-1',
        accessKeyId: 'AKIDEXAMPLE',
        secretAccessKey: API_SECRET,
        sessionToken: null,
        configurationSet: null,
      }),
  },
  resend: {
    path: '/emails',
    isAllowed: ({ authorization }) => authorization === `Bearer ${API_SECRET}`,
    async read(request) {
      const { to, subject, text, tags } = parsed(request);
      return { to: to.join(), subject, text, id: tags[0].value.replaceAll('_', '.') };
    },
    took: (id) => json(200, { id }),
    refused: (status, words) =>
      json(status, {
        statusCode: status,
        name: status === 429 ? 'rate_limit_exceeded' : 'invalid_api_key',
        message: words,
      }),
    batch: {
      path: '/emails/batch',
      took: (ids) =>
        json(200, {
          data: ids.flatMap((id) => (id === null ? [] : [{ id }])),
          errors: ids.flatMap((id, index) =>
            id === null ? [{ index, message: 'Invalid `to` field.' }] : [],
          ),
        }),
    },
    keyOf: ({ headers }) => String(headers['idempotency-key']),
    api: (options) => resendApi({ ...options, apiKey: API_SECRET }),
  },
  postmark: {
    path: '/email',
    isAllowed: (headers) => headers['x-postmark-server-token'] === API_SECRET,
    async read(request) {
      const { To, Subject, TextBody, Metadata } = parsed(request);
      return { to: To, subject: Subject, text: TextBody, id: Metadata.attempt_id };
    },
    took: (id) => json(200, { ErrorCode: 0, Message: 'OK', MessageID: id }),
    refused: (status, words) => json(status, { ErrorCode: status === 429 ? 429 : 10, Message: words }),
    batch: {
      path: '/email/batch',
      took: (ids) =>
        json(
          200,
          ids.map((id) =>
            id === null
              ? { ErrorCode: 406, Message: 'Inactive recipient' }
              : { ErrorCode: 0, Message: 'OK', MessageID: id },
          ),
        ),
    },
    api: (options) => postmarkApi({ ...options, serverToken: API_SECRET, messageStream: 'broadcast' }),
  },
  sendgrid: {
    path: '/v3/mail/send',
    isAllowed: ({ authorization }) => authorization === `Bearer ${API_SECRET}`,
    async read(request) {
      const { personalizations, subject, content, custom_args } = parsed(request);
      return {
        to: personalizations[0].to[0].email,
        subject,
        text: content[0].value,
        id: custom_args.attempt_id,
      };
    },
    took: (id) => ({ status: 202, headers: { 'x-message-id': id } }),
    refused: (status, words) => json(status, { errors: [{ message: words, field: null, help: null }] }),
    api: (options) => sendGridApi({ ...options, apiKey: API_SECRET }),
  },
  mailgun: {
    path: '/v3/mg.example.com/messages',
    isAllowed: ({ authorization }) =>
      authorization === `Basic ${Buffer.from(`api:${API_SECRET}`).toString('base64')}`,
    async read({ body }) {
      const form = new URLSearchParams(body);
      return {
        to: form.get('to')!,
        subject: form.get('subject'),
        text: form.get('text')!,
        id: form.get('v:attempt_id')!,
      };
    },
    took: (id) => json(200, { id: `<${id}@mg.example.com>`, message: 'Queued. Thank you.' }),
    refused: (status, words) => json(status, { message: words }),
    api: (options) => mailgunApi({ ...options, apiKey: API_SECRET, domain: 'mg.example.com' }),
  },
  brevo: {
    path: '/v3/smtp/email',
    isAllowed: (headers) => headers['api-key'] === API_SECRET,
    async read(request) {
      const { to, subject, textContent, headers } = parsed(request);
      return { to: to[0].email, subject, text: textContent, id: headers['X-Mailin-custom'] };
    },
    took: (id) => json(201, { messageId: `<${id}@smtp-relay.mailin.fr>` }),
    refused: (status, words) =>
      json(status, { code: status === 429 ? 'too_many_requests' : 'unauthorized', message: words }),
    keyOf: (request) => parsed(request).headers.idempotencyKey,
    api: (options) => brevoApi({ ...options, apiKey: API_SECRET }),
  },
} satisfies Record<string, ApiDialect>;
export type ApiName = keyof typeof API_DIALECTS;
export const API_NAMES = Object.keys(API_DIALECTS) as ApiName[];

export interface RunningEmailApi {
  /** For `RESEND_API_URL` and the like. */
  readonly url: string;
  /** The messages that were taken, once each where it knows repeats. */
  readonly accepted: ApiRequest[];
  /** Every request with the key, whatever it asks for. */
  readonly seen: ApiRequest[];
  /** How many messages it was told of, once each where it knows repeats. */
  readonly begun: number;
  stop(): Promise<void>;
}

/**
 * The API of a provider of email on a free port of 127.0.0.1; it refuses and fails on demand.
 * @param script asked for each request that is not a message, and for each message before it is taken
 */
export async function startEmailApi(
  name: ApiName,
  script: (request: ApiRequest) => ApiAnswer | undefined = () => undefined,
): Promise<RunningEmailApi> {
  const dialect: ApiDialect = API_DIALECTS[name];
  const accepted = new Map<string, { request: ApiRequest; id: string }>();
  const begun = new Set<string>();
  const seen: ApiRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      return void response.destroy();
    }
    const { method = '', url: path = '', headers } = incoming;
    const request: ApiRequest = { method, path, headers, body: Buffer.concat(chunks).toString('utf8') };
    const reply = (answer: PlainAnswer) =>
      void response.writeHead(answer.status, answer.headers).end(answer.body);
    if (!dialect.isAllowed(headers)) return reply(dialect.refused(401, 'no such key'));
    seen.push(request);
    const isBatch = method === 'POST' && path === dialect.batch?.path;
    const isMessage = isBatch || (method === 'POST' && path === dialect.path);
    const bodies = isBatch
      ? (JSON.parse(request.body) as object[]).map((one) => JSON.stringify(one))
      : [request.body];
    const messages = bodies.map((body) => ({ ...request, body }));
    const keys = messages.map((one, at) => {
      if (!isMessage) return '';
      const key = dialect.keyOf ? `${dialect.keyOf(one)} ${at}` : String(begun.size);
      begun.add(key);
      return key;
    });
    const answer = script(request);
    if (answer && 'hang' in answer) return;
    if (answer && 'status' in answer) return reply(answer);
    if (!isMessage) return reply({ status: 404 });
    const ids = messages.map((one, at) => {
      if (isBatch && one.body.includes('refused@')) return null;
      const known = accepted.get(keys[at]!) ?? { request: one, id: `message-${accepted.size + 1}` };
      accepted.set(keys[at]!, known);
      return known.id;
    });
    if (answer && 'silentAfter' in answer) return;
    if (answer) return void response.socket?.resetAndDestroy();
    reply(isBatch ? dialect.batch!.took(ids) : dialect.took(ids[0]!));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get accepted() {
      return [...accepted.values()].map(({ request }) => request);
    },
    seen,
    get begun() {
      return begun.size;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
