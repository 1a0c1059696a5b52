import { hostname } from 'node:os';
import { type DestinationStream, pino } from 'pino';
import { visibleJson } from '../visible.ts';
import type { Log } from './log.ts';
import { terminalLine } from './terminal-line.ts';

const SOURCE = /((?:src|node_modules)\/[^\s()]+:\d+):\d+/;

/** Characters of a message, and of the stack that is searched: a message may hold what others wrote. */
const MOST_READ = 2_000;

/** Which of many processes says it; pino writes it once, not for each line. */
const WORKER = `${hostname().slice(0, 40)}-${process.pid}`;

/**
 * Structured lines on stderr: stdout belongs to answers, and on stdio to the protocol. Contacts and messages are never
 * logged. `text` is for people at a terminal: a line for each, without what only machines need. Where in the code a fault came from is one place; the whole stack is for `LOG_LEVEL=debug`, and no more than that.
 */
export function createLog(
  level: string,
  destination: DestinationStream = pino.destination(2),
  format: 'json' | 'text' = 'json',
): Log {
  const isVerbose = level === 'debug' || level === 'trace';
  return pino(
    {
      level,
      base: { worker: WORKER },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: ['*.contact', '*.recipient', '*.to', '*.lead'],
      serializers: { err: (error: unknown) => toFields(error, isVerbose) },
    },
    // Somebody may look at it on a terminal, and JSON lets C1 controls through.
    {
      write: (line) =>
        destination.write(format === 'json' ? visibleJson(line) : terminalLine(line, isColored(process.env))),
    },
  );
}

function isColored({ NO_COLOR, TERM }: NodeJS.ProcessEnv): boolean {
  return !NO_COLOR && TERM !== 'dumb';
}

/**
 * What may be told of an error, by name: a driver hangs onto it whatever it knows, PostgreSQL the row and the values
 * that it failed on (`detail`, `where`, `parameters`).
 */
function toFields(error: unknown, isVerbose: boolean): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, stack = '', cause } = error;
  const code = 'code' in error && typeof error.code !== 'object' ? { code: error.code } : {};
  const at = SOURCE.exec(frames(stack).slice(0, MOST_READ))?.[1];
  return {
    type: name,
    message: withoutData(error),
    ...code,
    ...(isVerbose ? { stack: frames(stack) } : at && { at }),
    ...(cause instanceof Error && {
      cause: isVerbose ? toFields(cause, isVerbose) : withoutData(cause),
    }),
  };
}

/** PostgreSQL quotes the value that it could not read at the end, and JSON.parse the text around the place. */
function withoutData(error: Error): string {
  const message = error.message.slice(0, MOST_READ);
  if (error instanceof SyntaxError)
    return message.replace(/[,:]? *(\.\.\.)?".*$/s, ' (a text that is not valid JSON)');
  if ('severity' in error) return message.replace(/: ".*$/s, '');
  return message;
}

/** Without its first lines, which repeat the message. */
function frames(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^ +at /.test(line))
    .join('\n');
}
