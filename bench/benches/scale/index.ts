import { type PostgresServer, startPostgres } from '../../../test/support/postgres-server.ts';
import { atLeast, atMost, type Bench, type BenchResult, type Goal, median, type Row } from '../../bench.ts';
import { type Cost, costBySize } from './cost.ts';
import { smallBesideLarge, type Waited } from './fairness.ts';
import { sharedRate } from './rate.ts';
import { type Span, throughWorkers } from './workers.ts';

const CONNECTIONS = 20;
const LATENCY_MS = 100;
const RATE = 200;
export const NO_POSTGRES = 'PostgreSQL does not start on this machine';

interface Part {
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
}

const STATEMENTS = ['shared_preload_libraries=pg_stat_statements'];
type Work = (database: PostgresServer, quick: boolean, log: (line: string) => void) => Promise<Part>;

/** Many workers on one PostgreSQL. Each part has a server of its own, so that none inherits anything. */
export const scale: Bench = async ({ quick, log }): Promise<BenchResult> => {
  const works: Work[] = [bounded, unbounded, rates, fairness, cost];
  const parts: Part[] = [];
  const all = quick ? await start(STATEMENTS) : null;
  try {
    for (const work of works) {
      const database = all ?? (await start(work === cost ? STATEMENTS : []));
      try {
        parts.push(await work(database, quick, log));
      } finally {
        if (!all) await database.remove();
      }
    }
  } finally {
    await all?.remove();
  }
  return {
    setting: `\`tidings worker\` processes, one PostgreSQL as it comes (each commit on disk, autovacuum on) and the SMTP server they send to, all on one machine; personalised HTML and text of about 3 KB; ${CONNECTIONS} SMTP sessions for each worker`,
    rows: parts.flatMap(({ rows }) => rows),
    goals: parts.flatMap(({ goals }) => goals),
  };
};

async function start(settings: readonly string[]): Promise<PostgresServer> {
  try {
    return await startPostgres(settings);
  } catch (cause) {
    throw new Error(NO_POSTGRES, { cause });
  }
}

async function bounded(database: PostgresServer, quick: boolean, log: (line: string) => void): Promise<Part> {
  const spans = await throughWorkers({
    database,
    counts: quick ? [2] : [1, 2, 4, 8],
    leads: quick ? 1_000 : 60_000,
    connections: CONNECTIONS,
    latencyMs: LATENCY_MS,
    settleMs: quick ? 200 : 5_000,
    ms: quick ? 500 : 20_000,
    report: (span) => log(told(span)),
  });
  const [one] = spans;
  return {
    rows: spans.map((span) => rowOf(`${LATENCY_MS} ms for an answer, `, span)),
    goals: spans
      .slice(1)
      .map((span) =>
        atLeast(
          `${span.workers} workers: at least 0.9 times ${span.workers} times one`,
          span.rate / (span.workers * one!.rate),
          0.9,
          2,
        ),
      ),
  };
}

async function unbounded(
  database: PostgresServer,
  quick: boolean,
  log: (line: string) => void,
): Promise<Part> {
  const spans = await throughWorkers({
    database,
    counts: quick ? [1] : [1, 2, 4],
    leads: quick ? 5_000 : 300_000,
    connections: CONNECTIONS,
    latencyMs: null,
    settleMs: quick ? 0 : 3_000,
    ms: quick ? 500 : 15_000,
    report: (span) => log(told(span)),
  });
  const fastest = spans.toSorted((one, other) => other.rate - one.rate)[0]!;
  const unit = 'µs for each message';
  return {
    rows: [
      ...spans.map((span) => rowOf('answered at once, ', span)),
      { what: 'processor time at the fastest: workers', unit, runs: [fastest.cost.workers] },
      { what: 'processor time at the fastest: PostgreSQL', unit, runs: [fastest.cost.database] },
      { what: 'processor time at the fastest: the SMTP server', unit, runs: [fastest.cost.sink] },
    ],
    goals: [],
  };
}

async function rates(database: PostgresServer, quick: boolean, log: (line: string) => void): Promise<Part> {
  const counts = quick ? [2] : [1, 2, 4];
  const measured = await sharedRate({
    database,
    counts,
    rate: RATE,
    settleMs: quick ? 200 : 5_000,
    ms: quick ? 500 : 25_000,
    report: (workers, rate) => log(`${RATE} a second, ${workers} workers: ${rate.toFixed(1)}`),
  });
  const worst = Math.max(...measured.map((rate) => Math.abs(rate / RATE - 1) * 100));
  return {
    rows: counts.map((workers, at) => ({
      what: `SMTP_RATE=${RATE}, ${named(workers)}`,
      unit: 'messages/s',
      runs: [measured[at]!],
    })),
    goals: [atMost('the rate of all workers together, within 2 % of what is configured', worst, 2, 2)],
  };
}

async function fairness(database: PostgresServer, quick: boolean): Promise<Part> {
  const [small, large] = quick ? [50, 500] : [1_000, 100_000];
  const waited = await smallBesideLarge({
    database,
    workers: 2,
    large,
    small,
    rounds: quick ? 1 : 3,
    lookMs: quick ? 300 : 3_000,
  });
  const middle = (of: (one: Waited) => number) => median(waited.map(of));
  const shown = small.toLocaleString('en-US');
  return {
    rows: [
      {
        what: `a send of ${shown} beside one of ${large.toLocaleString('en-US')}`,
        unit: 's',
        runs: waited.map(({ seconds }) => seconds),
        note: `2 workers; with half of their speed it would be ${middle(({ fairSeconds }) => fairSeconds).toFixed(1)} s`,
      },
    ],
    goals: [
      atMost(
        `a send of ${shown} beside a large one, at most 1.5 times what half of the speed would take`,
        middle(({ seconds, fairSeconds }) => seconds / fairSeconds),
        1.5,
        2,
      ),
    ],
  };
}

async function cost(database: PostgresServer, quick: boolean, log: (line: string) => void): Promise<Part> {
  const [small, large] = quick ? [500, 2_000] : [10_000, 1_000_000];
  const rounds = quick ? 1 : 5;
  const costs = await costBySize({ database, small, large, rounds, report: log });
  const of = (which: 'small' | 'large', what: keyof Cost) => costs[which].map((one) => one[what]);
  const [few, many] = [small.toLocaleString('en-US'), large.toLocaleString('en-US')];
  const unit = 'µs for each message';
  const growth = median(of('large', 'database')) / median(of('small', 'database'));
  const statements = median(of('large', 'statements')) / median(of('small', 'statements'));
  return {
    rows: [
      { what: `PostgreSQL's processor time, ${few} rows`, unit, runs: of('small', 'database') },
      { what: `PostgreSQL's processor time, ${many} rows`, unit, runs: of('large', 'database') },
      {
        what: `the same, all ${many} to the end`,
        unit,
        runs: [costs.rest.database],
        note: 'with autovacuum',
      },
      { what: `a worker's processor time, ${few} rows`, unit, runs: of('small', 'worker') },
      { what: `a worker's processor time, ${many} rows`, unit, runs: of('large', 'worker') },
      { what: `the same, all ${many} to the end`, unit, runs: [costs.rest.worker] },
      { what: `statements, ${many} rows`, unit: 'for each message', runs: of('large', 'statements') },
      { what: `commits, ${many} rows`, unit: 'for each message', runs: of('large', 'commits') },
      {
        what: `log of PostgreSQL (WAL), ${many} rows`,
        unit: 'bytes for each message',
        runs: of('large', 'wal'),
      },
      {
        what: 'a row of deliveries with its indexes',
        unit: 'bytes',
        runs: [costs.rowBytes],
        note: 'all sent',
      },
      { what: "a send's rows are made", unit: 'rows/s', runs: [costs.makeRate], note: `${many} of them` },
      { what: 'import into PostgreSQL', unit: 'rows/s', runs: [costs.importRate], note: `${many} new leads` },
    ],
    goals: [
      atMost(
        `PostgreSQL's cost of a message at ${many} rows, at most 1.15 times that at ${few}`,
        growth,
        1.15,
        2,
      ),
      atMost(
        `statements for a message at ${many} rows, at most 1.15 times those at ${few}`,
        statements,
        1.15,
        2,
      ),
    ],
  };
}

function rowOf(what: string, { workers, rate, busy, others, cost }: Span): Row {
  return {
    what: `${what}${named(workers)}`,
    unit: 'messages/s',
    runs: [rate],
    note: `µs for each: worker ${cost.workers.toFixed(0)}, PostgreSQL ${cost.database.toFixed(0)}, SMTP server ${cost.sink.toFixed(0)}; the machine was ${(busy * 100).toFixed(0)} % busy, ${(others * 100).toFixed(0)} % with other things`,
  };
}

function told(span: Span): string {
  const { what, runs, note } = rowOf('', span);
  return `${what}: ${Math.round(runs[0]!)} messages/s; ${note}`;
}

function named(workers: number): string {
  return workers === 1 ? '1 worker' : `${workers} workers`;
}
