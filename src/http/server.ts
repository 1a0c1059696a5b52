import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { TidingsError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import type { HttpAppOptions } from './app.ts';
import { boundConnections } from './connections.ts';
import { isLoopback } from './guards.ts';

export interface HttpServerOptions extends Omit<HttpAppOptions, 'port' | 'stop'> {
  /** 0: any free one. */
  readonly port: number;
  /** Only for those who run it: health, readiness and metrics. */
  readonly isForOperating?: boolean;
}

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Lets calls in progress answer, for a few seconds; then their connections are cut. */
  close(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 15_000;
/** An import of millions of leads takes its time to come in; small bodies have their own, short limit. */
const REQUEST_TIMEOUT_MS = 60 * 60_000;
const CHECK_EVERY_MS = 5_000;
const CLOSE_MS = 5_000;

/** @throws TidingsError `configuration` when HOST and PORT cannot be had. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, log } = options;
  if (!isLoopback(host) && options.apiKey === null) {
    throw new TidingsError(
      'configuration',
      `HOST is ${host}, open to other machines, and there is no API key.`,
      {
        fix: 'Set TIDINGS_API_KEY, or HOST=127.0.0.1.',
      },
    );
  }
  const stop = new AbortController();
  let port = options.port;
  const server = http().createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      requireHostHeader: false, // Refused by the door, in words.
    },
    openedByFirstRequest(() => openDoor({ ...options, port: () => port, stop: stop.signal })),
  );
  boundConnections(server);
  server.on('clientError', refuseBroken);
  server.listen(port, host.replace(/^\[|\]$/g, ''));
  try {
    await once(server, 'listening');
  } catch (error) {
    throw cannotListen(
      error as NodeJS.ErrnoException,
      host,
      port,
      options.isForOperating ? 'METRICS_PORT' : 'PORT',
    );
  }
  server.on('error', (error) => log.error({ err: error }, 'the HTTP server failed'));
  port = (server.address() as AddressInfo).port;
  let closing: Promise<void> | null = null;
  return {
    url: `http://${urlHost(host)}:${port}`,
    port,
    close() {
      closing ??= close(server, stop);
      return closing;
    },
  };
}

/**
 * An import reads all that `node:http` exports, `WebSocket` too: with that Node loads its own undici, 5 MB that a server
 * which nobody asks anything has no use for.
 */
function http() {
  return process.getBuiltinModule('node:http');
}

async function openDoor(options: HttpAppOptions & { isForOperating?: boolean }): Promise<RequestListener> {
  const [{ getRequestListener, RequestError }, app] = await Promise.all([
    import('@hono/node-server'),
    options.isForOperating
      ? import('./operating-app.ts').then(({ createOperatingApp }) => createOperatingApp(options))
      : import('./app.ts').then(({ createHttpApp }) => createHttpApp(options)),
  ]);
  // Whether a key is needed is known before anybody is let in: of a database that hangs later, too.
  if (options.apiKey === null) await options.tidings.access.open();
  return getRequestListener(app.fetch as (request: Request) => Response | Promise<Response>, {
    errorHandler: (error) => (error instanceof RequestError ? refuseAddress() : failed(error, options.log)),
  });
}

/**
 * A server that was started again in the middle of a send goes on with it before it loads what nobody has asked for:
 * the door is 8 MB of memory.
 */
function openedByFirstRequest(open: () => Promise<RequestListener>): RequestListener {
  let door: RequestListener | undefined;
  let opening: Promise<RequestListener> | undefined;
  return (request, response) => {
    if (door) return door(request, response);
    opening ??= open();
    opening.then(
      (opened) => {
        door = opened;
        door(request, response);
      },
      (error: unknown) => response.destroy(error as Error),
    );
  };
}

/** What is no HTTP, or not in time, never becomes a request; it is told all the same. */
function refuseBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, words] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'The headers are longer than 16 KB.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'The request did not arrive in time.']
        : ['400 Bad Request', 'This is not HTTP.'];
  const body = JSON.stringify({ success: false, error: words, code: 'invalid_argument' });
  const head = ['Content-Type: application/json', `Content-Length: ${body.length}`, 'Connection: close'];
  socket.end(`HTTP/1.1 ${status}\r\n${head.join('\r\n')}\r\n\r\n${body}`);
}

/** A Host or a path of which no address can be made. */
function refuseAddress(): Response {
  const error = 'The Host header or the path of the request cannot be read.';
  const fix = 'Send a Host such as localhost:3000, and a path that begins with a slash.';
  return Response.json({ success: false, error, code: 'invalid_argument', fix }, { status: 400 });
}

function failed(error: unknown, log: Log): Response {
  log.error({ err: error }, 'a request failed');
  return Response.json({ success: false, error: 'internal error', code: 'internal' }, { status: 500 });
}

async function close(server: Server, stop: AbortController): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  stop.abort();
  const cut = new AbortController();
  const late = sleep(CLOSE_MS, undefined, { signal: cut.signal }).then(
    () => server.closeAllConnections(),
    () => {},
  );
  // A connection whose answer was just finished is idle only now.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearInterval(sweep);
  cut.abort();
  await late;
}

/** @param variable by which the port was given */
function cannotListen(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  variable: string,
): TidingsError {
  const where = `HOST=${host} ${variable}=${port}`;
  const wrong = (message: string, fix: string) =>
    new TidingsError('configuration', message, { fix, cause: error });
  switch (error.code) {
    case 'EADDRINUSE':
      return wrong(
        `Another program uses port ${port} already (${where}).`,
        `Set ${variable} to a free port (${variable}=0 takes any), or stop the other program.`,
      );
    case 'EACCES':
      return wrong(
        `Port ${port} is not allowed to this user (${where}).`,
        `Set ${variable} to a number above 1023.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return wrong(
        `This machine has no address ${host} (${where}).`,
        'Set HOST to 127.0.0.1, or to 0.0.0.0 for all.',
      );
    default:
      return wrong(
        `The server cannot listen (${where}): ${error.code ?? 'unknown error'}.`,
        `Set HOST and ${variable} otherwise.`,
      );
  }
}

/** An address that can be opened: the wildcard addresses are none. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '[::]') return 'localhost';
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
