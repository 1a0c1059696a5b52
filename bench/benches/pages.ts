import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Bench, median, type Row } from '../bench.ts';
import { HTML, leadsCsv, SUBJECT } from '../support/leads.ts';
import { COUNTED, pageReads } from '../support/page-reads.ts';
import { TidingsServer } from '../support/tidings-server.ts';

const PAGE_MS = 300;
const TIMES = 5;

/** Every read of the dashboard's pages in a large house: all leads in one audience, a send to them half way, many small sends. */
export const pages: Bench = async ({ quick, log }) => {
  const [leads, sends, sent] = quick ? [300, 2, 50] : [1_000_000, 1_000, 50_000];
  const times = quick ? 1 : TIMES;
  const server = await TidingsServer.start();
  try {
    await server.call('POST', '/api/leads/import', leadsCsv(leads));
    const few = await server.audience({ limit: 5 });
    const text = { channel: 'email', subject: SUBJECT, message: HTML, max_wait_seconds: 0 };
    for (let at = 0; at < sends; at++)
      await server.call('POST', '/api/sends', { ...text, audience_id: few, campaign: `small ${at}` });
    const audience_id = await server.audience();
    const { send_id } = await server.call('POST', '/api/sends', { ...text, audience_id });
    while ((await server.call('GET', `/api/sends/${send_id}`)).total_sent < sent) await sleep(100);
    await server.call('POST', `/api/sends/${send_id}/pause`);
    log(`${leads} leads, ${sends} sends`);
    const { leads: some } = await server.call('GET', '/api/leads?limit=1');
    const { paths } = await server.call('GET', '/api/openapi.json');
    const routes = routesOf(paths);
    const rows: Row[] = [];
    const reads = pageReads({ lead_id: some[0].id, audience_id, send_id });
    for (const [page, operation, input] of [...reads, ...COUNTED]) {
      const request = toRequest(routes.get(operation)!, input);
      const runs: number[] = [];
      for (let time = 0; time < times; time++) {
        const startedAt = performance.now();
        await server.call(...request);
        runs.push(performance.now() - startedAt);
      }
      rows.push({ what: `${page}: ${operation}`, unit: 'ms', runs, note: filterOf(input) });
    }
    const slowest = rows
      .slice(0, reads.length)
      .reduce((most, row) => (median(row.runs) > median(most.runs) ? row : most));
    return {
      setting: `${leads} leads, an audience of all of them with a send that is under way, and ${sends} sends to five of them, on SQLite; each read of each page ${times} times over HTTP`,
      rows,
      goals: [
        atMost(`every read of a page within ${PAGE_MS} ms (${slowest.what})`, median(slowest.runs), PAGE_MS),
      ],
    };
  } finally {
    await server.stop();
  }
};

type Paths = Record<string, Record<string, { operationId?: string }>>;

/** `GET /api/sends`, of each operation. */
function routesOf(paths: Paths): Map<string, string> {
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { operationId }]) =>
        operationId ? [[operationId, `${method.toUpperCase()} ${path}`] as const] : [],
      ),
    ),
  );
}

function toRequest(route: string, input: object): Parameters<TidingsServer['call']> {
  const [method = '', template = ''] = route.split(' ');
  const rest: Record<string, unknown> = { ...input };
  const path = template.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
    const value = rest[key];
    delete rest[key];
    return String(value);
  });
  if (method !== 'GET') return [method, path, rest];
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(rest)) query.set(key, String(value));
  return [method, `${path}?${query}`];
}

/** What tells one read from another of the same operation. */
function filterOf(input: object): string {
  return Object.entries(input)
    .filter(([key]) => !key.endsWith('_id') && key !== 'limit')
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}
