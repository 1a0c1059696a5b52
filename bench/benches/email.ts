import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { atLeast, type Bench, type Goal, median, type Row } from '../bench.ts';
import { HTML, leadsCsv, SUBJECT } from '../support/leads.ts';
import { findTool, freePort, listening, type Sink, startSink } from '../support/sink.ts';
import { TidingsServer } from '../support/tidings-server.ts';
import { timed } from '../support/timed.ts';

const SESSIONS = 20;
const RIVALS = join(import.meta.dirname, '../rivals');

interface Contender {
  readonly what: string;
  readonly note?: string;
  /** Sends them all; resolves to seconds. */
  run(count: number): Promise<number>;
  close?(): Promise<void>;
}

/** Email end to end beside what people would put together: everyone in turn, against the same server. */
export const email: Bench = async ({ quick, log }) => {
  const rounds = quick ? 1 : 3;
  /** The slow ones send fewer, for about as long. */
  const [count, few] = quick ? [500, 200] : [100_000, 20_000];
  const sink = await startSink();
  const contenders: { of: Contender; count: number }[] = [
    { of: await tidings(TIDINGS, sink, count), count },
    { of: await tidings(WHOLE, sink, count, AS_BULK), count },
    { of: nodemailer(sink), count: few },
  ];
  const source = smtpSource(sink, log);
  if (source) contenders.push({ of: source, count });
  const bullmq = quick ? null : await bullmqWithRedis(sink, log);
  if (bullmq) contenders.push({ of: bullmq, count: few });

  const runs = new Map<string, number[]>();
  try {
    for (let round = 0; round < rounds; round++) {
      for (const { of, count } of contenders) {
        const rate = count / (await of.run(count));
        runs.set(of.what, [...(runs.get(of.what) ?? []), rate]);
        log(`${of.what}: ${Math.round(rate)} messages/s`);
      }
    }
  } finally {
    for (const { of } of contenders) await of.close?.();
    await sink.stop();
  }

  const rows: Row[] = contenders.map(({ of, count }) => ({
    what: of.what,
    unit: 'messages/s',
    runs: runs.get(of.what)!,
    note: `${count} messages a run${of.note ? `; ${of.note}` : ''}`,
  }));
  /** Round by round, since the machine's mood changes between rounds. */
  const ratio = (other: Contender) =>
    median(runs.get(TIDINGS)!.map((rate, round) => rate / runs.get(other.what)![round]!));
  const goals: Goal[] = [
    atLeast("at least 5 times nodemailer's pool", ratio(contenders[2]!.of), 5),
    atLeast('as bulk mail wants it: at least 95 % of that', 1 / ratio(contenders[1]!.of), 0.95, 2),
    ...(source ? [atLeast('stretch: smtp-source -d', ratio(source), 1, 2)] : []),
    ...(bullmq ? [atLeast('at least 8 times BullMQ with nodemailer', ratio(bullmq), 8)] : []),
  ];
  const setting = `Personalised HTML and text of about 3 KB, ${SESSIONS} sessions, to ${sink.name} on the same machine; ${rounds === 1 ? 'one round' : `${rounds} rounds`}, all in turn`;
  return { setting, rows, goals };
};

const TIDINGS = 'Tidings';
const WHOLE = 'Tidings, with pair, VERP and footer';
const AS_BULK = {
  PUBLIC_URL: 'https://tidings.shop.example',
  BOUNCE_DOMAIN: 'bounces.shop.example',
  POSTAL_ADDRESS: 'Shop, 1 Street, Town',
  TIDINGS_API_KEY: 'key-of-a-bench-0123456789',
};

async function tidings(
  what: string,
  sink: Sink,
  count: number,
  more: Record<string, string> = {},
): Promise<Contender> {
  const server = await TidingsServer.start({
    SMTP_URL: sink.url,
    SMTP_CONNECTIONS: String(SESSIONS),
    EMAIL_FROM: 'News <news@shop.example>',
    ...more,
  });
  await server.call('POST', '/api/leads/import', leadsCsv(count));
  const audience = await server.audience();
  let campaign = 0;
  return {
    what,
    note: 'each message on disk before it leaves (fsync), and its result after',
    async run() {
      campaign += 1;
      const message = { channel: 'email', subject: SUBJECT, message: HTML, campaign: `c${campaign}` };
      const { result, seconds } = await server.send(audience, message);
      if (result.total_sent !== count) throw new Error(`Not all were sent: ${JSON.stringify(result)}`);
      return seconds;
    },
    close: () => server.stop(),
  };
}

function nodemailer(sink: Sink): Contender {
  return {
    what: "nodemailer's pool",
    note: 'no ledger',
    run: (count) => timed(join(RIVALS, 'nodemailer-pool.ts'), sink.port, count, SESSIONS),
  };
}

function smtpSource(sink: Sink, log: (line: string) => void): Contender | null {
  const tool = findTool('smtp-source');
  if (!tool) {
    log('smtp-source is left out: it is not installed (apt install postfix).');
    return null;
  }
  return {
    what: 'smtp-source -d',
    note: 'a load generator in C: one fixed text, no ledger',
    async run(count) {
      const startedAt = performance.now();
      const options = ['-d', '-s', String(SESSIONS), '-m', String(count), '-l', '3000'];
      const addresses = ['-f', 'news@shop.example', '-t', 'lead@example.com', `127.0.0.1:${sink.port}`];
      const child = spawn(tool, [...options, ...addresses], { stdio: 'ignore' });
      const [code] = await once(child, 'exit');
      if (code !== 0) throw new Error(`smtp-source ended with ${code}.`);
      return (performance.now() - startedAt) / 1_000;
    },
  };
}

async function bullmqWithRedis(sink: Sink, log: (line: string) => void): Promise<Contender | null> {
  const redis = findTool('redis-server');
  if (!redis) {
    log('BullMQ is left out: redis-server is not installed (apt install redis-server).');
    return null;
  }
  const quietly = ['--no-audit', '--no-fund', '--silent', '--no-package-lock'];
  execFileSync('npm', ['install', '--ignore-scripts', '--omit=optional', ...quietly], { cwd: RIVALS });
  const port = await freePort();
  const child = spawn(redis, ['--port', String(port), '--save', '', '--appendonly', 'no'], {
    stdio: 'ignore',
  });
  await listening(child, port);
  return {
    what: 'BullMQ with nodemailer',
    note: 'Redis in memory only, nothing on disk',
    run: (count) => timed(join(RIVALS, 'bullmq.mjs'), sink.port, port, count, SESSIONS),
    async close() {
      child.kill('SIGKILL');
    },
  };
}
