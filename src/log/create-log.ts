import { hostname } from 'node:os';
import { type DestinationStream, pino, stdSerializers } from 'pino';
import { visibleJson } from '../visible.ts';
import type { Log } from './log.ts';

const SOURCE = /((?:src|node_modules)\/[^\s()]+:\d+):\d+/;

/** Which of many processes says it; pino writes it once, not for each line. */
const WORKER = `${hostname().slice(0, 40)}-${process.pid}`;

/**
 * Structured lines on stderr: stdout belongs to answers, and on stdio to the protocol. Contacts and messages are never
 * logged. Where in the code a fault came from is one place; the whole stack is for `LOG_LEVEL=debug`.
 */
export function createLog(level: string, destination: DestinationStream = pino.destination(2)): Log {
  const isVerbose = level === 'debug' || level === 'trace';
  return pino(
    {
      level,
      base: { worker: WORKER },
      redact: ['*.contact', '*.recipient', '*.to', '*.lead'],
      serializers: { err: isVerbose ? stdSerializers.err : toFields },
    },
    // Somebody may look at it on a terminal, and JSON lets C1 controls through.
    { write: (line) => destination.write(visibleJson(line)) },
  );
}

function toFields(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? { code: error.code } : {};
  const at = SOURCE.exec(stack ?? '')?.[1];
  return {
    type: name,
    message,
    ...code,
    ...(at && { at }),
    ...(cause instanceof Error && { cause: cause.message }),
  };
}
