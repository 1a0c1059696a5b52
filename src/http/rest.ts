import { Hono } from 'hono';
import type { Log } from '../log/log.ts';
import { checkInput } from '../operations/check-input.ts';
import type { Tidings } from '../tidings.ts';
import { untilAny } from '../until-any.ts';
import { toErrorResponse } from './error-response.ts';
import type { HeldEnv, Load } from './load.ts';
import { createOpenApi } from './openapi.ts';
import { parseRoute, readInput } from './rest-input.ts';
import { importUpload, uploadKind } from './upload.ts';

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
  for (const operation of tidings.operations) {
    const route = parseRoute(operation);
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    app.on(route.method, path, async (c) => {
      const request = c.req.raw;
      try {
        const upload = operation.name === 'leads.import' ? uploadKind(request) : null;
        if (upload) return c.json(await load.upload(() => importUpload(tidings, request, upload)));
        const given = await readInput(operation, route, request, c.req.param(), c.get('held').body);
        const input = checkInput(operation, given);
        const { signal, end } = untilAny(request.signal, stop);
        return c.json((await operation.run(input, { signal, door: 'rest' }).finally(end)) as object);
      } catch (error) {
        const { body, status } = toErrorResponse(error, log, operation.name);
        return c.json(body, status);
      }
    });
  }
  return app;
}
