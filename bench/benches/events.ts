import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, atMost, type Bench, median, type Row } from '../bench.ts';
import { leadsCsv } from '../support/leads.ts';
import { TidingsServer } from '../support/tidings-server.ts';

const SECRET = 'bench';

interface Counts {
  readonly taken: number;
  readonly told: number;
  readonly failed: number;
  readonly last_failure: string;
  readonly behind: number;
  readonly p50: number;
  readonly p99: number;
}

interface Run {
  /** Messages a second. */
  readonly rate: number;
  readonly counts: Counts;
  /** From the last answer of the provider until everything that it told was counted. */
  readonly foldedSeconds: number;
}

/** The provider says of each message that it was sent, delivered and read: what that costs the sending, and the provider's wait. */
export const events: Bench = async ({ quick, log }) => {
  const seconds = quick ? 1 : 15;
  const runs = quick ? 1 : 3;
  const limits = [
    { what: '1,000 messages a second', limit: 1_000, count: 1_000 * seconds },
    { what: 'no limit', limit: 0, count: quick ? 1_000 : 30_000 },
  ];
  const rows: Row[] = [];
  const goals = [];
  for (const { what, limit, count } of limits) {
    const without: Run[] = [];
    const told: Run[] = [];
    // In turn, so that whatever else the machine does falls on both.
    for (let at = 0; at < runs; at++) {
      without.push(await send(limit, count, false));
      told.push(await send(limit, count, true));
    }
    const share = (median(rates(told)) / median(rates(without))) * 100;
    log(`${what}: ${share.toFixed(1)} % of the speed, ${Math.round(median(rates(told)))} a second`);
    const of = (name: 'p50' | 'p99') => told.map(({ counts }) => counts[name]);
    rows.push(
      { what: `${what}: without events`, unit: 'messages/s', runs: rates(without) },
      { what: `${what}: with three events for each message`, unit: 'messages/s', runs: rates(told) },
      { what: `${what}: answer to a webhook, median`, unit: 'ms', runs: of('p50') },
      { what: `${what}: answer to a webhook, 99 %`, unit: 'ms', runs: of('p99') },
      {
        what: `${what}: until all was counted`,
        unit: 's',
        runs: told.map(({ foldedSeconds }) => foldedSeconds),
        note: 'after the last message was sent',
      },
    );
    const prefix = limit === 0 ? `stretch: ${what}` : what;
    goals.push(
      atLeast(`${prefix}: at least 90 % of the speed without events`, share, 90, 1),
      atMost(`${prefix}: answered within 250 ms at the median`, Math.max(...of('p50')), 250, 1),
      atMost(`${prefix}: answered within 1 s at 99 %`, Math.max(...of('p99')), 1_000, 1),
    );
  }
  return {
    setting:
      'A scripted Cloud API on the same machine tells three statuses of each message, ten to a request, at once',
    rows,
    goals,
  };
};

function rates(runs: readonly Run[]): number[] {
  return runs.map(({ rate }) => rate);
}

async function send(limit: number, count: number, tells: boolean): Promise<Run> {
  const cloud = spawn(process.execPath, [join(import.meta.dirname, '../support/cloud.ts'), String(limit)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(cloud.stdout, 'data');
  const url = `http://127.0.0.1:${String(port).trim()}`;
  const server = await TidingsServer.start({
    WHATSAPP_API_URL: url,
    WHATSAPP_PHONE_NUMBER_ID: '1234567890',
    WHATSAPP_ACCESS_TOKEN: 'bench',
    WHATSAPP_APP_SECRET: SECRET,
    WHATSAPP_RATE: String(limit || 1_000_000),
  });
  try {
    if (tells) await fetch(`${url}/tell?secret=${SECRET}&url=${server.url}/webhooks/whatsapp`);
    await server.call('POST', '/api/leads/import', leadsCsv(count));
    const audience_id = await server.audience();
    const text = { channel: 'whatsapp', message: 'Hi {{lead.first_name}}, we have an offer for you.' };
    const { result, seconds } = await server.send(audience_id, text);
    const sentAt = performance.now();
    const asked = async () => (await (await fetch(`${url}/counts`)).json()) as Counts;
    if (tells) await counted(server, result.send_id, count, asked);
    const counts = await asked();
    return { rate: count / seconds, counts, foldedSeconds: (performance.now() - sentAt) / 1_000 };
  } finally {
    await server.stop();
    cloud.kill('SIGKILL');
  }
}

async function counted(
  server: TidingsServer,
  sendId: string,
  count: number,
  asked: () => Promise<Counts>,
): Promise<void> {
  const until = performance.now() + 120_000;
  for (;;) {
    const { total_read } = await server.call('GET', `/api/sends/${sendId}`);
    if (total_read === count) return;
    const counts = await asked();
    if (counts.failed > 0) throw new Error(`${counts.failed} events were refused: ${counts.last_failure}`);
    if (performance.now() > until)
      throw new Error(`of ${count} only ${total_read} were counted: ${JSON.stringify(counts)}`);
    await sleep(50);
  }
}
