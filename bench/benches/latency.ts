import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Bench, median, quantile, type Row } from '../bench.ts';
import { HTML, leadsCsv, SUBJECT } from '../support/leads.ts';
import { startSink } from '../support/sink.ts';
import { TidingsServer } from '../support/tidings-server.ts';

/** What everyone else notices while a send runs at full speed, and what the send notices of them. */
export const latency: Bench = async ({ quick, log }) => {
  const count = quick ? 1_000 : 200_000;
  const sink = await startSink();
  const server = await TidingsServer.start(
    { SMTP_URL: sink.url, SMTP_CONNECTIONS: '20', EMAIL_FROM: 'News <news@shop.example>' },
    { watchesLoop: true },
  );
  try {
    await server.call('POST', '/api/leads/import', leadsCsv(count));
    const audience_id = await server.audience();
    const tool = (name: string, args: object) => () =>
      server.call('POST', '/mcp', { method: 'tools/call', params: { name, arguments: args } });
    const page = tool('audience', { action: 'get', audience_id, page: 2 });
    // Found in nobody: it goes through all of them.
    const search = tool('leads', { action: 'list', search: 'nobody is called so' });
    const watched = await sendAsked(server, audience_id, 'watched', count, page);
    const searched = await sendAsked(server, audience_id, 'searched', count, search);
    log(`${Math.round(watched.rate)} messages/s, with all leads searched ${Math.round(searched.rate)}`);
    return {
      setting: `A send to ${count} leads at full speed (${sink.name}, 20 sessions); /health and an MCP tool asked in turn, a rest of 50 ms between; then the same again with a tool that searches all leads each time`,
      rows: [
        ...rowsOf(watched, 'a page of the audience'),
        ...rowsOf(searched, 'leads list, which searches all'),
      ],
      goals: [
        atMost('event loop late by at most 25 ms (99 %)', watched.delay.p99, 25),
        atMost('the same while all leads are searched', searched.delay.p99, 25),
      ],
    };
  } finally {
    await server.stop();
    await sink.stop();
  }
};

type Asked = Awaited<ReturnType<typeof sendAsked>>;

/** Sends, and asks meanwhile. */
async function sendAsked(
  server: TidingsServer,
  audience: string,
  campaign: string,
  count: number,
  ask: () => Promise<unknown>,
) {
  const health: number[] = [];
  const asked: number[] = [];
  await server.loopDelay();
  let isDone = false;
  const sending = server
    .send(audience, { channel: 'email', subject: SUBJECT, message: HTML, campaign })
    .finally(() => {
      isDone = true;
    });
  while (!isDone) {
    health.push(await timed(() => server.call('GET', '/health')));
    asked.push(await timed(ask));
    await sleep(50);
  }
  const delay = await server.loopDelay();
  return { rate: count / (await sending).seconds, delay, health, asked };
}

function rowsOf({ rate, delay, health, asked }: Asked, what: string): Row[] {
  const ms = (of: string, value: number) => ({ what: `${what}: ${of}`, unit: 'ms', runs: [value] });
  return [
    { what: `${what}: sent meanwhile`, unit: 'messages/s', runs: [rate] },
    ms('event loop late, median', delay.p50),
    ms('event loop late, 99 %', delay.p99),
    ms('event loop late, most', delay.max),
    ms('/health, median', median(health)),
    ms('/health, 99 %', quantile(health, 0.99)),
    ms('the tool, median', median(asked)),
    ms('the tool, 99 %', quantile(asked, 0.99)),
  ];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
