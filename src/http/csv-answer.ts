import type { Log } from '../log/log.ts';
import type { Caller, Operation } from '../operations/operation.ts';
import { runCsv } from '../operations/run-operation.ts';

/** Asked for by name: a browser that takes everything gets JSON as ever. */
export function acceptsCsv(request: Request): boolean {
  return /(^|,)\s*text\/csv\b/i.test(request.headers.get('accept') ?? '');
}

/**
 * All pages of it as one file, read as they are fetched.
 * @throws TidingsError what the first page throws: later, the answer is under way, and breaks off
 */
export async function csvAnswer(
  operation: Operation,
  given: Record<string, unknown>,
  caller: Caller,
  log: Log,
): Promise<Response> {
  const pages = runCsv(operation, given, caller);
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
