import { setTimeout as sleep } from 'node:timers/promises';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Log } from '../log/log.ts';
import type { Tidings } from '../tidings.ts';
import { readLines } from './read-message.ts';
import { createMcpFactory } from './server-factory.ts';
import type { ToolMode } from './tools.ts';

export interface StdioDoor {
  /** Resolves when the input has ended and what was asked before is answered. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

const LAST_ANSWERS_MS = 5_000;
const IDLE_MS = 100;

/** Serves MCP on stdin and stdout, in both eras of the protocol. Resolves at once; the caller decides when to stop. */
export async function serveMcpStdio(
  tidings: Tidings,
  log: Log,
  version: string,
  mode: ToolMode = 'grouped',
  streams: { stdin: NodeJS.ReadableStream; stdout: NodeJS.WritableStream } = process,
): Promise<StdioDoor> {
  const stop = new AbortController();
  let open = 0;
  const count = <T>(call: Promise<T>): Promise<T> => {
    open++;
    return call.finally(() => open--);
  };
  // The library drops every answer still owed as soon as its input ends; a script that pipes in one request and closes
  // would get none. So the end is passed on only when the answers are out.
  const input = readLines();
  streams.stdin.pipe(input, { end: false });
  const inputEnded = new Promise<void>((resolve) => {
    streams.stdin.once('end', resolve).once('close', resolve);
  });
  const transport = new StdioServerTransport(input, streams.stdout as NodeJS.WriteStream);
  const caller = { principal: tidings.access.machine(), client: null };
  const factory = createMcpFactory(tidings, log, version, mode, stop.signal, count, true)(caller);
  const handle = serveStdio(factory, {
    transport,
    onerror: (error) => log.warn({ err: error }, 'MCP on stdio'),
  });
  const ended = inputEnded.then(async () => {
    stop.abort();
    const until = performance.now() + LAST_ANSWERS_MS;
    do await sleep(IDLE_MS);
    while (open > 0 && performance.now() < until);
    input.end();
    await handle.close();
  });
  ended.catch((error: unknown) => log.warn({ err: error }, 'MCP on stdio did not close well'));
  return { ended, close: () => handle.close() };
}
