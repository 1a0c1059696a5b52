import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Log } from '../log/log.ts';
import type { Operation } from '../operations/operation.ts';
import type { Tidings } from '../tidings.ts';
import { createMcpFactory } from './server-factory.ts';

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
  streams: { stdin: NodeJS.ReadableStream; stdout: NodeJS.WritableStream } = process,
): Promise<StdioDoor> {
  const stop = new AbortController();
  const calls = countCalls(tidings.operations);
  // The library drops every answer still owed as soon as its input ends; a script that pipes in one request and closes
  // would get none. So the end is passed on only when the answers are out.
  const input = new PassThrough();
  streams.stdin.pipe(input, { end: false });
  const inputEnded = new Promise<void>((resolve) => {
    streams.stdin.once('end', resolve).once('close', resolve);
  });
  const transport = new StdioServerTransport(input, streams.stdout as NodeJS.WriteStream);
  const factory = createMcpFactory({ ...tidings, operations: calls.operations }, log, version, stop.signal);
  const handle = serveStdio(factory, {
    transport,
    onerror: (error) => log.warn({ err: error }, 'MCP on stdio'),
  });
  const ended = inputEnded.then(async () => {
    stop.abort();
    const until = performance.now() + LAST_ANSWERS_MS;
    do await sleep(IDLE_MS);
    while (calls.open() > 0 && performance.now() < until);
    input.end();
    await handle.close();
  });
  ended.catch((error: unknown) => log.warn({ err: error }, 'MCP on stdio did not close well'));
  return { ended, close: () => handle.close() };
}

function countCalls(operations: readonly Operation[]): { operations: Operation[]; open: () => number } {
  let open = 0;
  const counted = operations.map(
    (operation): Operation => ({
      ...operation,
      async run(input, context) {
        open++;
        try {
          return await operation.run(input, context);
        } finally {
          open--;
        }
      },
    }),
  );
  return { operations: counted, open: () => open };
}
