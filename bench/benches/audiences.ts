import { Readable } from 'node:stream';
import { startPostgres } from '../../test/support/postgres-server.ts';
import { atMost, type Bench, median, type Row } from '../bench.ts';
import { emailOf, leadsCsv } from '../support/leads.ts';
import { TidingsServer } from '../support/tidings-server.ts';

/** A filter of each kind: first those that the database answers alone, then those for which texts are read. */
const KINDS: Readonly<Record<string, object>> = {
  all: {},
  tag: { tag: 'vip' },
  country: { country: 'MX' },
  created: { created_after: '2020-01-01' },
  status: { status: 'new' },
  metadata: { where: { field: 'metadata.city', is: 'Mérida' } },
  search: { search: 'nunez' },
  sample: { sample: 1_000, sample_seed: 'bench' },
};
const TAGS = { name: 'tags', of: (at: number) => ['vip', 'newsletter', 'fair'][at % 3]! };
/** Every hundredth lead has left. */
const LEFT = 100;

/** Leads counted and audiences built by each kind of filter, and how late that makes everybody else. */
export const audiences: Bench = async ({ quick, log }) => {
  const [leads, rounds] = quick ? [2_000, 1] : [1_000_000, 3];
  const rows = await measured('SQLite', {}, { leads, rounds, log });
  const postgres = await startPostgres().catch((error: Error) => {
    log(`PostgreSQL is left out, since it does not start on this machine: ${error.message}`);
  });
  if (postgres) {
    rows.push(
      ...(await measured('PostgreSQL', { DATABASE_URL: postgres.url }, { leads, rounds, log }).finally(() =>
        postgres.remove(),
      )),
    );
  }
  const slowest = (what: string) =>
    Math.max(...rows.filter((row) => row.what.endsWith(what)).map(({ runs }) => median(runs)));
  return {
    setting: `${leads} leads with a tag each, every hundredth suppressed; four names in five and two cities in five are not in ASCII. Over HTTP, with nothing else to do; an event loop that is late keeps everybody else waiting`,
    rows: rows.map(({ late: _, ...row }) => row),
    goals: [
      atMost('counted within 2 s, whatever the filter', slowest('counted'), 2, 2),
      atMost('built within 5 s, whatever the filter', slowest('built'), 5, 2),
      atMost('event loop late by at most 25 ms (99 %)', Math.max(...rows.map(({ late }) => late)), 25),
    ],
  };
};

async function measured(
  database: string,
  env: Record<string, string>,
  { leads, rounds, log }: { leads: number; rounds: number; log: (line: string) => void },
): Promise<(Row & { late: number })[]> {
  const server = await TidingsServer.start(env, { watchesLoop: true });
  try {
    await server.call('POST', '/api/leads/import', leadsCsv(leads, TAGS));
    await server.call('POST', '/api/suppressions/import', whoLeft(leads));
    const rows: (Row & { late: number })[] = [];
    for (const [kind, filters] of Object.entries(KINDS)) {
      for (const [what, work] of [
        ['counted', () => server.call('POST', '/api/audiences/count', filters)],
        ['built', () => server.audience(filters)],
      ] as const) {
        const [runs, delays] = [[], []] as [number[], { p99: number; max: number }[]];
        for (let round = 0; round < rounds; round++) {
          await server.loopDelay();
          runs.push(await seconds(work));
          delays.push(await server.loopDelay());
        }
        const late = median(delays.map(({ p99 }) => p99));
        const most = median(delays.map(({ max }) => max));
        const note = `event loop late: ${late.toFixed(0)} ms (99 %), ${most.toFixed(0)} ms at most`;
        log(`${database}, ${kind}: ${what} in ${median(runs).toFixed(2)} s, ${note}`);
        rows.push({ what: `${database}, ${kind}: ${what}`, unit: 's', runs, note, late });
      }
    }
    return rows;
  } finally {
    await server.stop();
  }
}

function whoLeft(leads: number): Readable {
  const lines = Array.from({ length: Math.ceil(leads / LEFT) }, (_, at) => `${emailOf(at * LEFT)}\n`);
  return Readable.from([`email\n${lines.join('')}`]);
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}
