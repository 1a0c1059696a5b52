import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server does instead of accepting. */
export type TwilioAnswer =
  | { readonly error: { readonly code: number; readonly message?: string; readonly status?: number } }
  | {
      readonly raw: {
        readonly status: number;
        readonly headers?: Readonly<Record<string, string>>;
        readonly body?: string;
      };
    }
  /** Accepts the message, then resets the connection instead of answering. */
  | { readonly resetAfter: true }
  /** Accepts nothing and says nothing. */
  | { readonly hang: true };

export interface TwilioServerOptions {
  readonly accountSid: string;
  readonly authToken: string;
  readonly script?: (form: URLSearchParams) => TwilioAnswer | undefined;
}

/** Content as it was made, and what WhatsApp says of it. */
export interface MadeContent {
  readonly sid: string;
  readonly friendly_name: string;
  readonly language: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, unknown>>;
  approval: { status: string; category: string; rejection_reason: string } | null;
}

export interface RunningTwilio {
  /** Every template of the account; tests change what is said of them. */
  readonly contents: MadeContent[];
  /** For `TWILIO_API_URL`. */
  readonly url: string;
  /** The forms of the messages that were taken, and their SIDs. */
  readonly accepted: { readonly form: URLSearchParams; readonly sid: string }[];
  readonly seen: {
    readonly method: string;
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
  }[];
  /** How many requests asked for a message. */
  readonly requests: number;
  stop(): Promise<void>;
}

/** Twilio's Messages API on a free port of 127.0.0.1; it refuses and fails on demand. */
export async function startTwilio(options: TwilioServerOptions): Promise<RunningTwilio> {
  const { accountSid, authToken } = options;
  const accepted: RunningTwilio['accepted'] = [];
  const contents: MadeContent[] = [];
  const seen: RunningTwilio['seen'] = [];
  let requests = 0;
  const key = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
  const account = `/2010-04-01/Accounts/${accountSid}`;
  const server = createServer((request, response) => {
    // A client that hangs up in the middle is no fault of the test.
    handle(request, response).catch(() => response.destroy());
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    request.setEncoding('utf8');
    for await (const chunk of request) text += String(chunk);
    const { method = '', url = '', headers } = request;
    seen.push({ method, path: url, headers });
    if (headers.authorization !== key) return refuse(response, { code: 20003, status: 401 });
    if (method === 'GET' && url === `${account}.json`)
      return send(response, 200, { sid: accountSid, friendly_name: 'Example Shop', status: 'active' });
    if (url.startsWith('/v1/Content')) return content(method, url, text, response);
    if (method !== 'POST' || url !== `${account}/Messages.json`)
      return refuse(response, { code: 20404, status: 404 });
    requests += 1;
    const form = new URLSearchParams(text);
    const answer = options.script?.(form);
    if (answer && 'hang' in answer) return;
    if (answer && 'error' in answer) return refuse(response, answer.error);
    if (answer && 'raw' in answer)
      return void response.writeHead(answer.raw.status, answer.raw.headers).end(answer.raw.body);
    const sid = `SM${String(accepted.length + 1).padStart(32, '0')}`;
    accepted.push({ form, sid });
    if (answer) return void response.socket?.resetAndDestroy();
    send(response, 201, { sid, status: 'queued', error_code: null, error_message: null, to: form.get('To') });
  }

  /** Pages of two, so that whoever reads the first alone misses some. */
  async function content(method: string, url: string, text: string, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    if (method === 'GET' && pathname === '/v1/ContentAndApprovals') {
      const from = Number(searchParams.get('PageToken') ?? 0);
      const shown = contents.slice(from, from + 2);
      const next =
        from + 2 < contents.length
          ? `https://content.twilio.com/v1/ContentAndApprovals?PageToken=${from + 2}`
          : null;
      return send(response, 200, {
        contents: shown.map(({ approval, ...one }) => ({ ...one, approval_requests: approval ?? {} })),
        meta: { next_page_url: next },
      });
    }
    if (method === 'POST' && pathname === '/v1/Content') {
      const sid = `HX${String(contents.length + 1).padStart(32, '0')}`;
      contents.push({ ...(JSON.parse(text) as Omit<MadeContent, 'sid' | 'approval'>), sid, approval: null });
      return send(response, 201, { sid });
    }
    const [, sid, rest] = /^\/v1\/Content\/(HX\w+)(\/ApprovalRequests\/whatsapp)?$/.exec(pathname) ?? [];
    const at = contents.findIndex((one) => one.sid === sid);
    if (at < 0) return refuse(response, { code: 20404, status: 404 });
    if (method === 'DELETE' && rest === undefined) {
      contents.splice(at, 1);
      response.writeHead(204).end();
      return;
    }
    if (method !== 'POST' || rest === undefined) return refuse(response, { code: 20004, status: 405 });
    const { category } = JSON.parse(text) as { category: string };
    contents[at]!.approval = { status: 'received', category, rejection_reason: '' };
    send(response, 201, {
      ...contents[at]!.approval,
      content_type: 'twilio/text',
      allow_category_change: true,
    });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accepted,
    contents,
    seen,
    get requests() {
      return requests;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function refuse(response: ServerResponse, error: { code: number; message?: string; status?: number }): void {
  const { code, message = 'Test error', status = 400 } = error;
  send(response, status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });
}

function send(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
}
