import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudAccount, SentTemplate } from './cloud-account.ts';

/** What a script sees of a message. `count`: how many messages were asked for so far, this one included. */
export interface MessageRequest {
  readonly to: string;
  readonly body: string;
  readonly callbackData: string;
  readonly count: number;
  /** The address that the request came from. */
  readonly client: string;
}

/** What the server does instead of accepting. */
export type Answer =
  | {
      readonly graphError: {
        readonly code: number;
        readonly message?: string;
        readonly details?: string;
        readonly status?: number;
      };
    }
  | {
      readonly raw: {
        readonly status: number;
        readonly headers?: Readonly<Record<string, string>>;
        readonly body?: string;
      };
    }
  /** Resets the connection; the message is not accepted. */
  | { readonly resetBefore: true }
  /** Accepts the message, then resets the connection instead of answering. */
  | { readonly resetAfter: true }
  /** Accepts nothing and says nothing. */
  | { readonly hang: true }
  /** Accepts the message, and answers one byte a second. */
  | { readonly dribble: true }
  /** Accepts the message, and answers 200 without its id. */
  | { readonly noId: true };

export interface CloudApiOptions {
  /** Between taking a message and answering. */
  readonly latencyMs?: number;
  /** The access token to insist on; without it any is good. */
  readonly token?: string;
  /** Above this many messages a second the answer is Graph error 130429. */
  readonly tokenBucketPerSecond?: number;
  readonly script?: (request: MessageRequest) => Answer | undefined;
  /** Templates, windows and limits; without it, everybody takes any text. */
  readonly account?: CloudAccount;
}

export interface AcceptedMessage {
  readonly to: string;
  readonly body: string;
  readonly callbackData: string;
  /** null: it was a text. */
  readonly template: SentTemplate | null;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly json: unknown;
  readonly at: number;
}

export interface RunningCloudApi {
  /** For `WHATSAPP_API_URL`. */
  readonly url: string;
  readonly accepted: AcceptedMessage[];
  /** Every request that came in whole, accepted or not. */
  readonly seen: SeenRequest[];
  /** How many of them asked for a message. */
  readonly requests: number;
  stop(): Promise<void>;
}

const MESSAGES_PATH = /^\/v\d+\.\d\/[\w-]+\/messages$/;
const NUMBER_PATH = /^\/v\d+\.\d\/([\w-]+)$/;

interface TextMessage {
  readonly to?: string;
  readonly template?: SentTemplate;
  readonly text?: { readonly body?: string };
  readonly biz_opaque_callback_data?: string;
}

/** Meta's Cloud API on a free port of 127.0.0.1, as far as text messages go; it refuses and fails on demand. */
export async function startCloudApi(options: CloudApiOptions = {}): Promise<RunningCloudApi> {
  const accepted: AcceptedMessage[] = [];
  const seen: SeenRequest[] = [];
  const hasToken = tokenBucket(options.tokenBucketPerSecond);
  let count = 0;

  const server = createServer((request, response) => {
    // A client that hangs up in the middle is no fault of the test.
    handle(request, response).catch(() => response.destroy());
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { raw, json } = await readBody(request);
    const { pathname: place } = new URL(request.url ?? '', 'http://localhost');
    if (options.account && /\/(media|uploads)$|\/upload:/.test(place)) {
      seen.push({
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        json: null,
        at: Date.now(),
      });
      return send(response, 200, options.account.takeFile(place, raw));
    }
    const { method = '', url = '', headers } = request;
    seen.push({ method, path: url, headers, json, at: Date.now() });
    if (options.token !== undefined && headers.authorization !== `Bearer ${options.token}`) {
      return sendError(response, { code: 190, message: 'Invalid OAuth access token.', status: 401 });
    }
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const reply = options.account?.answer(method, pathname, searchParams, json);
    if (reply) return 'json' in reply ? send(response, 200, reply.json) : sendError(response, reply.fault);
    const phoneNumberId = method === 'GET' ? NUMBER_PATH.exec(pathname)?.[1] : undefined;
    if (phoneNumberId !== undefined) {
      return send(response, 200, {
        display_phone_number: '+1 555-010-0000',
        verified_name: 'Example Shop',
        quality_rating: 'GREEN',
        ...options.account?.health(),
        id: phoneNumberId,
      });
    }
    if (method !== 'POST' || !MESSAGES_PATH.test(pathname)) {
      return sendError(response, { code: 2500, message: 'Unknown path components', status: 400 });
    }
    await takeMessage(json as TextMessage, request.socket.remoteAddress ?? '', response);
  }

  async function takeMessage(message: TextMessage, client: string, response: ServerResponse): Promise<void> {
    count += 1;
    const request: MessageRequest = {
      to: message.to ?? '',
      body: message.text?.body ?? '',
      callbackData: message.biz_opaque_callback_data ?? '',
      count,
      client,
    };
    if (!hasToken()) return sendError(response, { code: 130429, message: '(#130429) Rate limit hit' });
    const fault = options.account?.refuse(request.to, message.template) ?? undefined;
    const answer = options.script?.(request) ?? (fault && { graphError: fault });
    if (answer && 'hang' in answer) return;
    if (answer && 'resetBefore' in answer) return reset(response);
    const isRefused = answer !== undefined && ('graphError' in answer || 'raw' in answer);
    const id = `wamid.test-${accepted.length + 1}`;
    if (!isRefused) {
      const { to, body, callbackData } = request;
      accepted.push({ to, body, callbackData, template: message.template ?? null, id, at: Date.now() });
    }
    if (options.latencyMs) await sleep(options.latencyMs);
    if (answer === undefined) return send(response, 200, receipt(request.to, id));
    if ('graphError' in answer) return sendError(response, answer.graphError);
    if ('raw' in answer) {
      response.writeHead(answer.raw.status, answer.raw.headers).end(answer.raw.body);
      return;
    }
    if ('noId' in answer) return send(response, 200, { messaging_product: 'whatsapp' });
    if ('dribble' in answer) return dribble(response, JSON.stringify(receipt(request.to, id)));
    reset(response);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accepted,
    seen,
    get requests() {
      return count;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function tokenBucket(perSecond: number | undefined): () => boolean {
  if (perSecond === undefined) return () => true;
  let tokens = perSecond;
  let filledAt = performance.now();
  return () => {
    const now = performance.now();
    tokens = Math.min(perSecond, tokens + ((now - filledAt) / 1000) * perSecond);
    filledAt = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

function dribble(response: ServerResponse, text: string): void {
  const rest = [...text];
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => {
    const next = rest.shift();
    if (next === undefined) response.end();
    else response.write(next);
  }, 1_000);
  response.on('close', () => clearInterval(timer));
}

function receipt(to: string, id: string) {
  return {
    messaging_product: 'whatsapp',
    contacts: [{ input: to, wa_id: to.replace('+', '') }],
    messages: [{ id }],
  };
}

function sendError(
  response: ServerResponse,
  error: { code: number; subcode?: number; message?: string; details?: string; status?: number },
): void {
  send(response, error.status ?? 400, {
    error: {
      message: error.message ?? `(#${error.code}) Test error`,
      type: 'OAuthException',
      code: error.code,
      ...(error.subcode !== undefined && { error_subcode: error.subcode }),
      ...(error.details === undefined
        ? {}
        : { error_data: { messaging_product: 'whatsapp', details: error.details } }),
      fbtrace_id: 'test',
    },
  });
}

function send(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

async function readBody(request: IncomingMessage): Promise<{ raw: Buffer; json: unknown }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks);
  const isJson = raw.length > 0 && /json/.test(request.headers['content-type'] ?? '');
  return { raw, json: isJson ? JSON.parse(raw.toString('utf8')) : undefined };
}
