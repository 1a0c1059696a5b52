import { startPostgres } from '../../../test/support/postgres-server.ts';
import { SYSTEM_POSTGRES, startSystemPostgres } from '../../../test/support/system-postgres.ts';
import { atMost, type Bench, type Goal, type Row } from '../../bench.ts';
import { startSlowSink } from '../../support/sink.ts';
import { NO_POSTGRES } from '../scale/index.ts';
import { backUpFile, dumpPostgres } from './back-up.ts';
import { type Gone, goThrough } from './go-through.ts';

const NAMES = { sqlite: 'one file', postgres: 'PostgreSQL' };

/** A list as large as one is asked for, from the file to the backup, on one file and on PostgreSQL. */
export const huge: Bench = async ({ quick, log, leads = 10_000_000, databases = ['sqlite', 'postgres'] }) => {
  const count = quick ? 1_000 : leads;
  const rows: Row[] = [];
  const goals: Goal[] = [];
  for (const database of databases) {
    const name = NAMES[database];
    const gone = await (database === 'sqlite' ? onFile : onPostgres)(count, (line) =>
      log(`${name}: ${line}`),
    );
    rows.push(...rowsOf(name, count, gone));
    goals.push(atMost(`${name}: peak of memory, at most 200 MB`, Math.max(...gone.peaksMb), 200, 0));
  }
  return {
    setting: `${count.toLocaleString('en-US')} leads of 8 columns: import over HTTP, audience, personalised email to all of them by 20 sessions to the project's own sink, kill -9 in the middle and started again, backup; one server process, and database, sink and bench on the same machine`,
    rows,
    goals,
  };
};

async function onFile(count: number, log: (line: string) => void): Promise<Gone> {
  const sink = await startSlowSink(0);
  try {
    return await goThrough({ count, sink, env: {}, backUp: backUpFile, log });
  } finally {
    await sink.stop();
  }
}

async function onPostgres(count: number, log: (line: string) => void): Promise<Gone> {
  const sink = await startSlowSink(0);
  try {
    const database = await startDatabase();
    try {
      const env = { DATABASE_URL: database.url };
      return await goThrough({ count, sink, env, backUp: () => dumpPostgres(database.url, log), log });
    } finally {
      await database.remove();
    }
  } finally {
    await sink.stop();
  }
}

/** The machine's own where it has one, since a `pg_dump` of its version comes with it. */
async function startDatabase(): Promise<{ url: string; remove(): Promise<void> }> {
  if (SYSTEM_POSTGRES !== null) {
    const server = await startSystemPostgres(SYSTEM_POSTGRES);
    return { url: server.urlOf('postgres'), remove: () => server.remove() };
  }
  return startPostgres().catch((cause) => {
    throw new Error(NO_POSTGRES, { cause });
  });
}

function rowsOf(name: string, count: number, gone: Gone): Row[] {
  const row = (what: string, unit: string, value: number, note?: string): Row => ({
    what: `${name}: ${what}`,
    unit,
    runs: [value],
    ...(note && { note }),
  });
  const [importing, building, sending] = gone.peaksMb;
  return [
    row('import', 'rows/s', count / gone.importSeconds, `${Math.round(gone.importSeconds)} s`),
    row('audience', 's', gone.audienceSeconds),
    row('send', 'messages/s', count / gone.sendSeconds, `${Math.round(gone.sendSeconds)} s`),
    row('first message after kill -9', 's', gone.restartSeconds, `${gone.unknown} outcomes unknown`),
    row('a page of the audience, the last', 'ms', gone.pageMs),
    ...(gone.backup ? [row('backup', 's', gone.backup.seconds, gone.backup.how)] : []),
    ...(gone.backup ? [row('size of the backup', 'GB', gone.backup.bytes / 1e9)] : []),
    row('size of the data', 'GB', gone.bytes / 1e9, `${Math.round(gone.bytes / count)} bytes a lead`),
    row('peak of memory, import', 'MB', importing),
    row('peak of memory, audience', 'MB', building),
    row('peak of memory, send', 'MB', sending, 'of either process'),
  ];
}
