import { TidingsError } from '../errors.ts';

/** Room for leads.import with 3.5 million characters; files of any size are streamed. */
export const BODY_LIMIT = 4 * 1024 * 1024;
const BODY_TIMEOUT_MS = 30_000;

/**
 * Reads a body of limited size. Counted while it comes in: Content-Length may be missing.
 * @param hold told of each part before it is kept; throws when there is no room for it.
 * @throws TidingsError `too_large`, or `invalid_argument` when it does not arrive in time.
 */
export async function readBody(
  request: Request,
  hold: (bytes: number) => void,
  limit = BODY_LIMIT,
): Promise<Buffer> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge(limit);
  if (!request.body) return Buffer.alloc(0);
  const reader = request.body.getReader();
  const late = AbortSignal.timeout(BODY_TIMEOUT_MS);
  const giveUp = () => void reader.cancel().catch(() => {});
  late.addEventListener('abort', giveUp);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (late.aborted) {
        throw new TidingsError('invalid_argument', 'The body of the request did not arrive in time.');
      }
      if (done) return Buffer.concat(chunks, size);
      size += value.byteLength;
      if (size > limit) {
        throw tooLarge(limit);
      }
      hold(value.byteLength);
      chunks.push(value);
    }
  } catch (error) {
    giveUp();
    throw error;
  } finally {
    late.removeEventListener('abort', giveUp);
  }
}

function tooLarge(limit: number): TidingsError {
  const megabytes = Math.floor(limit / 1024 / 1024);
  return new TidingsError('too_large', `The body of the request is larger than ${megabytes} MB.`, {
    fix: 'Send less at once.',
  });
}

/**
 * What a body says, without the mark of the byte order that some programs begin their files with.
 * @throws SyntaxError when it is no JSON
 */
export function parseJson(body: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(body));
}
