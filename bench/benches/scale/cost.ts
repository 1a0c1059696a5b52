import pg from 'pg';
import type { PostgresServer } from '../../../test/support/postgres-server.ts';
import { Cluster } from '../../support/cluster.ts';
import { type Sink, startSink } from '../../support/sink.ts';

export interface CostOptions {
  readonly database: PostgresServer;
  readonly small: number;
  readonly large: number;
  readonly rounds: number;
  readonly report: (line: string) => void;
}

/** For each message, while it was claimed, sent and settled. */
export interface Cost {
  /** Processor time of PostgreSQL and of the worker, in µs. */
  readonly database: number;
  readonly worker: number;
  readonly statements: number;
  readonly commits: number;
  /** Bytes of PostgreSQL's log. */
  readonly wal: number;
}

export interface Costs {
  readonly small: readonly Cost[];
  readonly large: readonly Cost[];
  /** Of the large table, while the rest of it is sent. */
  readonly rest: Cost;
  /** Rows a second, while the large number of leads was imported. */
  readonly importRate: number;
  /** Rows a second, while the rows of the large send were made. */
  readonly makeRate: number;
  /** What a row of `deliveries` takes with its indexes when all were sent, in bytes. */
  readonly rowBytes: number;
}

/**
 * What a message costs in a table of few rows and in one of many, at the same age of everything else: the worker is a
 * new one each time, the rows were made just before, and nobody has gathered statistics but PostgreSQL by itself.
 */
export async function costBySize(options: CostOptions): Promise<Costs> {
  const sink = await startSink();
  try {
    const small: Cost[] = [];
    for (let round = 0; round < options.rounds; round++) {
      const { cluster } = await filled(options, sink, `small_${round}`, options.small);
      small.push(await costOf(cluster, options.database, options.small));
      await cluster.close();
    }
    options.report(`${options.small} rows: ${Math.round(small[0]!.database)} µs of the database for each`);
    const { cluster, importRate, makeRate } = await filled(options, sink, 'large', options.large);
    options.report(`${options.large} leads imported, ${Math.round(importRate)} rows/s`);
    const large: Cost[] = [];
    for (let round = 0; round < options.rounds; round++)
      large.push(await costOf(cluster, options.database, options.small));
    options.report(`${options.large} rows: ${Math.round(large[0]!.database)} µs of the database for each`);
    const rest = await costOf(cluster, options.database, options.large - (await cluster.sent()));
    const rowBytes = await deliveriesBytes(cluster, options.large);
    await cluster.close();
    return { small, large, rest, importRate, makeRate, rowBytes };
  } finally {
    await sink.stop();
  }
}

/** Leads, audience, and a send whose rows are made, of which hardly anything is sent. */
async function filled({ database }: CostOptions, sink: Sink, schema: string, leads: number) {
  const cluster = await Cluster.open({ database, schema, sink, connections: 20 });
  const startedAt = performance.now();
  await cluster.importLeads(leads);
  const importRate = (leads * 1_000) / (performance.now() - startedAt);
  const audience = await cluster.audience();
  await cluster.startWorkers(1, { SMTP_RATE: '1' });
  const sentAt = performance.now();
  await cluster.send(audience, 'c');
  await cluster.untilMade();
  const makeRate = (leads * 1_000) / (performance.now() - sentAt);
  await cluster.stopWorkers();
  return { cluster, importRate, makeRate };
}

async function deliveriesBytes({ ledger }: Cluster, rows: number): Promise<number> {
  const size = await ledger.get<{ bytes: number }>("SELECT pg_total_relation_size('deliveries') AS bytes");
  return size!.bytes / rows;
}

/** A new worker sends the next `messages`; the first tenth, in which it warms up, and the last are not counted. */
async function costOf(cluster: Cluster, database: PostgresServer, messages: number): Promise<Cost> {
  const first = await cluster.sent();
  await cluster.startWorkers(1);
  const begun = await cluster.untilSent(first + Math.floor(0.1 * messages));
  const [before, countsBefore] = [cluster.usage(), await counts(database)];
  const done = await cluster.untilSent(first + Math.floor(0.9 * messages));
  const [after, countsAfter] = [cluster.usage(), await counts(database)];
  await cluster.stopWorkers();
  const sent = done - begun;
  return {
    database: ((after.database - before.database) * 1e6) / sent,
    worker: ((after.workers - before.workers) * 1e6) / sent,
    statements: (countsAfter.statements - countsBefore.statements) / sent,
    commits: (countsAfter.commits - countsBefore.commits) / sent,
    wal: (countsAfter.wal - countsBefore.wal) / sent,
  };
}

/** Needs pg_stat_statements among `shared_preload_libraries`. Looking itself is not counted. */
async function counts(database: PostgresServer): Promise<Pick<Cost, 'statements' | 'commits' | 'wal'>> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  const { rows } = await client.query(
    `SELECT sum(calls) FILTER (WHERE query !~ 'sum\\(sent\\)') AS statements,
       sum(calls) FILTER (WHERE query = 'COMMIT') AS commits,
       pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal FROM pg_stat_statements`,
  );
  await client.end();
  const [row] = rows;
  return { statements: Number(row.statements), commits: Number(row.commits), wal: Number(row.wal) };
}
