import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLedger } from '../../../src/ledger/open-ledger.ts';
import { median } from '../../bench.ts';
import { HTML, leadsCsv, SUBJECT } from '../../support/leads.ts';
import type { SlowSink } from '../../support/sink.ts';
import { TidingsServer } from '../../support/tidings-server.ts';

export interface Backup {
  readonly seconds: number;
  readonly bytes: number;
  readonly how: string;
}

export interface Gone {
  readonly importSeconds: number;
  readonly audienceSeconds: number;
  /** Without the time between the two processes. */
  readonly sendSeconds: number;
  /** From the start of the second process to its first message. */
  readonly restartSeconds: number;
  readonly unknown: number;
  readonly pageMs: number;
  /** null: the program that makes one is not there. */
  readonly backup: Backup | null;
  readonly bytes: number;
  /** While importing, building the audience, sending. */
  readonly peaksMb: readonly [number, number, number];
}

/** @throws Error when a message was lost or came twice */
export async function goThrough({
  count,
  sink,
  env,
  backUp,
  log,
}: {
  count: number;
  sink: SlowSink;
  env: Readonly<Record<string, string>>;
  backUp: (server: TidingsServer) => Promise<Backup | null>;
  log: (line: string) => void;
}): Promise<Gone> {
  const server = await TidingsServer.start({
    SMTP_URL: sink.url,
    SMTP_CONNECTIONS: '20',
    EMAIL_FROM: 'News <news@shop.example>',
    ...env,
  });
  try {
    const importing = await timed(server, async () => {
      const { created } = await server.call('POST', '/api/leads/import', leadsCsv(count));
      if (created !== count) throw new Error(`${created} leads were made of ${count}.`);
    });
    log(`imported in ${importing.seconds.toFixed(1)} s`);
    const building = await timed(server, () => server.audience());
    log(`audience in ${building.seconds.toFixed(1)} s`);
    const audience_id = building.result;
    const sent = await sendWithRestart(server, sink, audience_id, count);
    log(`sent in ${sent.sendSeconds.toFixed(1)} s, first message after ${sent.restartSeconds.toFixed(2)} s`);
    const pageMs = await lastPage(server, audience_id);
    const backup = await backUp(server);
    if (backup) log(`backup in ${backup.seconds.toFixed(1)} s`);
    return {
      importSeconds: importing.seconds,
      audienceSeconds: building.seconds,
      sendSeconds: sent.sendSeconds,
      restartSeconds: sent.restartSeconds,
      unknown: sent.unknown,
      pageMs,
      backup,
      bytes: await sizeOf(server, env['DATABASE_URL']),
      peaksMb: [importing.peakMb, building.peakMb, sent.peakMb],
    };
  } finally {
    await server.stop();
  }
}

async function timed<T>(
  server: TidingsServer,
  work: () => Promise<T>,
): Promise<{ result: T; seconds: number; peakMb: number }> {
  server.resetPeak();
  const startedAt = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - startedAt) / 1_000, peakMb: server.peakMb() };
}

async function sendWithRestart(server: TidingsServer, sink: SlowSink, audience_id: string, count: number) {
  const message = { audience_id, channel: 'email', subject: SUBJECT, message: HTML, max_wait_seconds: 0 };
  server.resetPeak();
  const begunAt = performance.now();
  const { send_id } = await server.call('POST', '/api/sends', message);
  while ((await sink.count()) < count / 2) await sleep(5);
  const firstHalf = performance.now() - begunAt;
  const before = server.peakMb();
  await server.kill();
  // What was still on its way to the sink must not be taken for the first message of the next process.
  await sleep(300);
  const half = await sink.count();
  const startedAt = await server.restart();
  while ((await sink.count()) === half) await sleep(1);
  const firstAt = performance.now();
  let send = await server.call('GET', `/api/sends/${send_id}`);
  while (send.state !== 'completed') {
    await sleep(100);
    send = await server.call('GET', `/api/sends/${send_id}`);
  }
  const secondHalf = performance.now() - firstAt;
  const { total_sent, total_failed: unknown } = send;
  const taken = await sink.count();
  if (total_sent + unknown !== count || taken < total_sent || taken > count)
    throw new Error(`${total_sent} sent and ${unknown} unknown of ${count}; ${taken} came.`);
  return {
    sendSeconds: (firstHalf + secondHalf) / 1_000,
    restartSeconds: (firstAt - startedAt) / 1_000,
    unknown,
    peakMb: Math.max(before, server.peakMb()),
  };
}

async function lastPage(server: TidingsServer, audienceId: string): Promise<number> {
  const { total_pages } = await server.call('GET', `/api/audiences/${audienceId}`);
  const times: number[] = [];
  for (let ask = 0; ask < 5; ask++) {
    const startedAt = performance.now();
    await server.call('GET', `/api/audiences/${audienceId}?page=${total_pages}`);
    times.push(performance.now() - startedAt);
  }
  return median(times);
}

/** With the log of a file, as it lies there. */
async function sizeOf({ dataDir }: TidingsServer, databaseUrl: string | undefined): Promise<number> {
  if (databaseUrl === undefined) {
    const files = readdirSync(dataDir).filter((name) => name.startsWith('tidings.db'));
    return files.reduce((sum, name) => sum + statSync(join(dataDir, name)).size, 0);
  }
  const ledger = await openLedger({ dataDir: '', databaseUrl });
  try {
    const row = await ledger.get<{ bytes: number }>('SELECT pg_database_size(current_database()) AS bytes');
    return row!.bytes;
  } finally {
    await ledger.close();
  }
}
