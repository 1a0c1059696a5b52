import type { Log } from '../log/log.ts';
import type { Caller, Operation } from '../operations/operation.ts';
import { runCsv, runDownload } from '../operations/run-operation.ts';

/**
 * Asked for by name: a browser that takes everything gets JSON as ever. What is a file in the first place is one, unless
 * JSON or a page of it is asked for.
 */
export function wantsCsv(operation: Operation, request: Request, given: object): boolean {
  const accepted = request.headers.get('accept') ?? '';
  if (/(^|,)\s*text\/csv\b/i.test(accepted)) return Boolean(operation.isCsv ?? operation.download);
  if (!operation.download || 'limit' in given || 'cursor' in given) return false;
  return !/(^|,)\s*application\/json\b/i.test(accepted);
}

/**
 * All of it as one file, read as it is fetched.
 * @throws TidingsError what the first piece throws: later, the answer is under way, and breaks off
 */
export async function csvAnswer(
  operation: Operation,
  given: Record<string, unknown>,
  caller: Caller,
  log: Log,
  signal: AbortSignal,
): Promise<Response> {
  const pages = operation.download
    ? runDownload(operation, given, caller, { signal })
    : runCsv(operation, given, caller, { signal });
  const first = await pages.next();
  const encoder = new TextEncoder();
  let begun = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const page = begun ? await pages.next() : first;
        begun = true;
        if (page.done) controller.close();
        else controller.enqueue(encoder.encode(page.value));
      } catch (error) {
        log.error({ err: error, operation: operation.name }, 'a file could not be given to its end');
        controller.error(error);
      }
    },
    async cancel() {
      await pages.return(undefined);
    },
  });
  const name = operation.name.replace('.', '-');
  return new Response(body, {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${name}.csv"`,
      'cache-control': 'no-store',
    },
  });
}
