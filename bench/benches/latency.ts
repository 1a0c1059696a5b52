import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Bench, median, quantile } from '../bench.ts';
import { HTML, leadsCsv, SUBJECT } from '../support/leads.ts';
import { startSink } from '../support/sink.ts';
import { TidingsServer } from '../support/tidings-server.ts';

/** What everyone else notices while a send runs at full speed. */
export const latency: Bench = async ({ quick, log }) => {
  const count = quick ? 3_000 : 400_000;
  const sink = await startSink();
  const server = await TidingsServer.start({
    SMTP_URL: sink.url,
    SMTP_CONNECTIONS: '20',
    EMAIL_FROM: 'News <news@shop.example>',
  });
  const health: number[] = [];
  const calls: number[] = [];
  try {
    await server.call('POST', '/api/leads/import', leadsCsv(count));
    const audience = await server.audience();
    await server.loopDelay();
    let isDone = false;
    const sending = server
      .send(audience, { channel: 'email', subject: SUBJECT, message: HTML })
      .finally(() => {
        isDone = true;
      });
    const call = {
      method: 'tools/call',
      params: { name: 'leads', arguments: { action: 'list', limit: 20 } },
    };
    while (!isDone) {
      health.push(await timed(() => server.call('GET', '/health')));
      calls.push(await timed(() => server.call('POST', '/mcp', call)));
      await sleep(50);
    }
    const delay = await server.loopDelay();
    const { seconds } = await sending;
    log(`${Math.round(count / seconds)} messages/s meanwhile`);
    return {
      setting: `A send to ${count} leads at full speed (${sink.name}, 20 sessions), asked every 50 ms`,
      rows: [
        { what: 'messages meanwhile', unit: 'messages/s', runs: [count / seconds] },
        { what: 'event loop late, median', unit: 'ms', runs: [delay.p50] },
        { what: 'event loop late, 99 %', unit: 'ms', runs: [delay.p99] },
        { what: 'event loop late, most', unit: 'ms', runs: [delay.max] },
        { what: '/health, median', unit: 'ms', runs: [median(health)] },
        { what: '/health, 99 %', unit: 'ms', runs: [quantile(health, 0.99)] },
        { what: 'MCP leads list, median', unit: 'ms', runs: [median(calls)] },
        { what: 'MCP leads list, 99 %', unit: 'ms', runs: [quantile(calls, 0.99)] },
      ],
      goals: [atMost('event loop late by at most 25 ms (99 %)', delay.p99, 25)],
    };
  } finally {
    await server.stop();
    await sink.stop();
  }
};

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
