import { Hono } from 'hono';
import type { Log } from '../log/log.ts';
import { runOperation } from '../operations/run-operation.ts';
import type { Tidings } from '../tidings.ts';
import { untilAny } from '../until-any.ts';
import { csvAnswer, wantsCsv } from './csv-answer.ts';
import { toErrorResponse } from './error-response.ts';
import { Live } from './live.ts';
import type { HeldEnv, Load } from './load.ts';
import { createOpenApi } from './openapi.ts';
import { fromQuery, parseRoute, readInput } from './rest-input.ts';
import { takeUpload, uploadKind } from './upload.ts';
import { callerOf } from './who.ts';

export interface RestOptions {
  readonly tidings: Tidings;
  readonly version: string;
  readonly publicUrl: string | null;
  readonly log: Log;
  readonly stop: AbortSignal;
  readonly load: Load;
}

/** Every operation of the catalogue at the route it names, and the page that describes them. */
export function createRest({ tidings, version, publicUrl, log, stop, load }: RestOptions): Hono<HeldEnv> {
  const app = new Hono<HeldEnv>();
  const openApi = createOpenApi(tidings.operations, version, publicUrl);
  app.get('/openapi.json', (c) => c.json(openApi));
  const live = new Live({ operations: tidings.operations, log, stop });
  app.get('/live', (c) => {
    try {
      return live.open(c.req.queries('q') ?? [], callerOf(c), c.req.raw.signal);
    } catch (error) {
      const { body, status } = toErrorResponse(error, log, 'live');
      return c.json(body, status);
    }
  });
  for (const operation of tidings.operations) {
    const route = parseRoute(operation);
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    app.on(route.method, path, async (c) => {
      const request = c.req.raw;
      const caller = callerOf(c);
      try {
        const upload = operation.upload ? uploadKind(request) : null;
        if (upload)
          return c.json(
            (await load.upload(() =>
              takeUpload(
                operation,
                request,
                upload,
                fromQuery(operation.input, new URL(request.url).searchParams),
                caller,
              ),
            )) as object,
          );
        const given = await readInput(operation, route, request, c.req.param(), c.get('held').body);
        if (wantsCsv(operation, request, given)) return await csvAnswer(operation, given, caller, log, stop);
        const { signal, end } = untilAny(request.signal, stop);
        return c.json((await runOperation(operation, given, caller, { signal }).finally(end)) as object);
      } catch (error) {
        const { body, status } = toErrorResponse(error, log, operation.name);
        return c.json(body, status);
      }
    });
  }
  return app;
}
