import { TidingsError } from '../errors.ts';
import type { Caller, Operation } from '../operations/operation.ts';
import { runUpload } from '../operations/run-operation.ts';
import { readBody } from './read-body.ts';

const FORM_LIMIT = 64 * 1024 * 1024;

/** The form in which an operation that takes a file can be given it other than JSON: a raw CSV body, or a web form with one file. */
export function uploadKind(request: Request): 'raw' | 'form' | null {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  if (type === 'text/csv' || type === 'application/octet-stream') return 'raw';
  return type === 'multipart/form-data' ? 'form' : null;
}

/** A raw body goes through in flat memory, however long it is; a form must be held whole to be taken apart. */
export async function takeUpload(
  operation: Operation,
  request: Request,
  kind: 'raw' | 'form',
  caller: Caller,
): Promise<unknown> {
  const context = { signal: request.signal };
  if (kind === 'form') return runUpload(operation, (await fileOfForm(request)).stream(), {}, caller, context);
  if (!request.body)
    throw new TidingsError('invalid_file', 'The file is empty.', { fix: 'Send a CSV with a header line.' });
  return runUpload(operation, request.body, {}, caller, context);
}

async function fileOfForm(request: Request): Promise<File> {
  const fix = 'Send the file itself as the body, with Content-Type: text/csv; then it may have any size.';
  const bytes = await readBody(request, FORM_LIMIT, fix);
  const headers = { 'content-type': request.headers.get('content-type')! };
  const form = await new Response(new Uint8Array(bytes), { headers }).formData().catch((cause: unknown) => {
    throw new TidingsError('invalid_file', 'The form cannot be read.', { fix, cause });
  });
  const files = [...form.values()].filter((value) => value instanceof File);
  if (files.length === 1) return files[0]!;
  throw new TidingsError('invalid_argument', `The form holds ${files.length} files.`, {
    fix: 'Send exactly one CSV file.',
  });
}
