import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { BusboyInstance } from '@fastify/busboy';
import { TidingsError } from '../errors.ts';
import type { Caller, Operation } from '../operations/operation.ts';
import { runUpload } from '../operations/run-operation.ts';

const FIX = 'Send the file itself as the body, with Content-Type: text/csv.';
/** What browsers and programs declare for such a file. What it is, is told by what is in it: Windows calls a CSV Excel's. */
const FILE_TYPES = new Set([
  'text/csv',
  'application/octet-stream',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.ms-excel',
  'text/vcard',
]);
const LIMITS = { fields: 20, fieldSize: 64 * 1024, parts: 30, headerPairs: 20 };

/** The form in which an operation that takes a file can be given it other than JSON: the file as the body, or a web form with one file. */
export function uploadKind(request: Request): 'raw' | 'form' | null {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  if (FILE_TYPES.has(type)) return 'raw';
  return type === 'multipart/form-data' ? 'form' : null;
}

/** Either goes through in flat memory, however long it is. */
export async function takeUpload(
  operation: Operation,
  request: Request,
  kind: 'raw' | 'form',
  given: Readonly<Record<string, unknown>>,
  caller: Caller,
): Promise<unknown> {
  if (!request.body)
    throw new TidingsError('invalid_file', 'The file is empty.', {
      fix: 'Send a CSV or XLSX with a header line.',
    });
  const take = (bytes: AsyncIterable<Uint8Array>) =>
    runUpload(operation, bytes, given, caller, { signal: request.signal });
  return kind === 'form' ? takeForm(take, request, request.body) : take(request.body);
}

async function takeForm(
  take: (bytes: AsyncIterable<Uint8Array>) => Promise<unknown>,
  request: Request,
  body: NonNullable<Request['body']>,
): Promise<unknown> {
  const form = await openForm(request.headers.get('content-type')!);
  let files = 0;
  const file = new Promise<Readable | null>((resolve) => {
    form.on('file', (_, stream) => {
      files++;
      if (files === 1) resolve(stream);
      else stream.resume();
    });
    form.once('finish', () => resolve(null)).once('error', () => resolve(null));
  });
  const input = Readable.fromWeb(body as ReadableStream);
  const taken = pipeline(input, form);
  taken.catch(async (error: Error) => (await file)?.destroy(error));
  try {
    const first = await file;
    const report = first && (await take(first));
    await taken;
    if (report && files === 1) return report;
  } catch (error) {
    input.destroy();
    if (error instanceof TidingsError) throw error;
    if (request.signal.aborted) throw error;
    if (!form.errored) throw error;
    throw new TidingsError('invalid_file', 'The form cannot be read.', { fix: FIX, cause: error });
  }
  const imported = files === 0 ? '' : '; the first was imported';
  throw new TidingsError('invalid_argument', `The form holds ${files} files${imported}.`, {
    fix: 'Send exactly one file.',
  });
}

/** The parser is loaded by the first form. */
async function openForm(type: string): Promise<BusboyInstance> {
  const { Busboy } = await import('@fastify/busboy');
  try {
    return new Busboy({ headers: { 'content-type': type }, limits: LIMITS });
  } catch (cause) {
    throw new TidingsError('invalid_file', 'The form cannot be read.', { fix: FIX, cause });
  }
}
