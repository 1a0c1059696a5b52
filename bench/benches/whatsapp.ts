import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, atMost, type Bench, type Goal, type Row } from '../bench.ts';
import { leadsCsv } from '../support/leads.ts';
import { TidingsServer } from '../support/tidings-server.ts';

interface Limit {
  readonly what: string;
  /** What the provider allows, messages a second; 0: all. */
  readonly allowed: number;
  /** `WHATSAPP_RATE`. */
  readonly configured: number;
  readonly settleSeconds: number;
  readonly seconds: number;
}

/** A provider that allows so many a second: how much of it is used, and how often it says "too fast". */
export const whatsapp: Bench = async ({ quick, log }) => {
  const span = quick ? { settleSeconds: 0.5, seconds: 1 } : { settleSeconds: 10, seconds: 30 };
  const known: Limit[] = [
    { what: '80 a second, configured', allowed: 80, configured: 80, ...span },
    { what: '1,000 a second, configured', allowed: 1_000, configured: 1_000, ...span },
  ];
  const unknown: Limit[] = [
    { what: '80 a second, not known', allowed: 80, configured: 100_000, ...span },
    { what: '1,000 a second, not known', allowed: 1_000, configured: 100_000, ...span },
  ];
  const limits = quick ? unknown.slice(0, 1) : [...known, ...unknown];
  const rows: Row[] = [];
  const goals: Goal[] = [];
  for (const limit of limits) {
    const { share, throttled } = await measure(limit);
    log(`${limit.what}: ${share.toFixed(2)} % used, ${throttled.toFixed(3)} % throttled`);
    rows.push({ what: `${limit.what}: used`, unit: '% of the limit', runs: [share] });
    rows.push({ what: `${limit.what}: throttled`, unit: '% of the answers', runs: [throttled] });
    const isKnown = known.includes(limit);
    const settled = `at least 98 % used after ${span.settleSeconds} s`;
    goals.push(atLeast(`${isKnown ? '' : 'stretch: '}${limit.what}: ${settled}`, share, 98, 2));
    // Whoever looks for a limit hears of it.
    if (isKnown) goals.push(atMost(`${limit.what}: under 0.1 % throttled`, throttled, 0.1, 3));
  }
  const most = await unlimited(quick ? 1_000 : 100_000);
  log(`no limit: ${Math.round(most)} a second`);
  rows.push({ what: 'no limit', unit: 'messages/s', runs: [most] });
  goals.push(atLeast('no limit: at least 5,000 a second', most, 5_000, 0));
  return {
    setting: `A scripted Cloud API on the same machine; after ${span.settleSeconds} s to settle, ${span.seconds} s are counted`,
    rows,
    goals,
  };
};

async function started(allowed: number, configured: number, count: number) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../support/cloud.ts'), String(allowed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(child.stdout, 'data');
  const url = `http://127.0.0.1:${String(port).trim()}`;
  const server = await TidingsServer.start({
    WHATSAPP_API_URL: url,
    WHATSAPP_PHONE_NUMBER_ID: '1234567890',
    WHATSAPP_ACCESS_TOKEN: 'bench',
    WHATSAPP_RATE: String(configured),
  });
  await server.call('POST', '/api/leads/import', leadsCsv(count));
  const audience_id = await server.audience();
  return {
    server,
    audience_id,
    message: { channel: 'whatsapp', message: 'Hi {{lead.first_name}}, we have an offer for you.' },
    counts: async () => (await (await fetch(`${url}/counts`)).json()) as { taken: number; refused: number },
    async stop() {
      await server.stop();
      child.kill('SIGKILL');
    },
  };
}

async function measure({ allowed, configured, settleSeconds, seconds }: Limit) {
  const run = await started(allowed, configured, Math.ceil(allowed * (settleSeconds + seconds + 5)));
  try {
    const { audience_id, message, counts } = run;
    await run.server.call('POST', '/api/sends', { audience_id, ...message, max_wait_seconds: 0 });
    await sleep(settleSeconds * 1_000);
    const before = await counts();
    const startedAt = performance.now();
    await sleep(seconds * 1_000);
    const after = await counts();
    const passed = (performance.now() - startedAt) / 1_000;
    const taken = after.taken - before.taken;
    const refused = after.refused - before.refused;
    return { share: (taken / passed / allowed) * 100, throttled: (refused / (taken + refused)) * 100 };
  } finally {
    await run.stop();
  }
}

async function unlimited(count: number): Promise<number> {
  const run = await started(0, 1_000_000, count);
  try {
    const { seconds } = await run.server.send(run.audience_id, run.message);
    return count / seconds;
  } finally {
    await run.stop();
  }
}
