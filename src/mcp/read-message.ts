import { Transform } from 'node:stream';
import { wholeArguments } from '../operations/read-arguments.ts';

const WITH_ARGUMENTS: readonly unknown[] = ['tools/call', 'prompts/get'];

/**
 * A message of JSON-RPC as clients write it, made one that the protocol's library takes: `params` or `arguments` that are
 * `null` or `[]` are none, and `arguments` may be a JSON text.
 */
export function readMessage(message: unknown): unknown {
  if (Array.isArray(message)) return message.map(readMessage);
  if (!isRecord(message) || !('params' in message)) return message;
  const { params, ...rest } = message;
  if (params === null || (Array.isArray(params) && params.length === 0)) return rest;
  if (!WITH_ARGUMENTS.includes(message['method']) || !isRecord(params) || !('arguments' in params))
    return message;
  return { ...message, params: { ...params, arguments: wholeArguments(params['arguments']) } };
}

/** Longer than any line that is taken: the library, which sees it as it came, ends the connection. */
const LINE_MAX = 16 * 1024 * 1024;

/** The same for messages that come as lines. A line that is no JSON goes on as it is. */
export function readLines(): Transform {
  let pieces: Buffer[] = [];
  let held = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        this.push(readLine(Buffer.concat([...pieces, chunk.subarray(from, end)])));
        this.push('\n');
        pieces = [];
        held = 0;
        from = end + 1;
      }
      if (from < chunk.length) pieces.push(chunk.subarray(from));
      held += chunk.length - from;
      if (held > LINE_MAX) this.push(Buffer.concat(pieces.splice(0)));
      done();
    },
    flush(done) {
      done(null, Buffer.concat(pieces));
    },
  });
}

function readLine(line: Buffer): Buffer | string {
  try {
    return JSON.stringify(readMessage(JSON.parse(new TextDecoder().decode(line))));
  } catch {
    return line;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
