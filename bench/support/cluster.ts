import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { PostgresServer } from '../../test/support/postgres-server.ts';
import { HTML, leadsCsv, SUBJECT } from './leads.ts';
import { familySeconds, machineSeconds, processorSeconds } from './processor-time.ts';
import type { Sink } from './sink.ts';
import { TidingsServer } from './tidings-server.ts';
import { WorkerProcess } from './worker.ts';

/** Processor time spent so far, in seconds, by who spent it. */
export interface Usage {
  readonly at: number;
  readonly workers: number;
  readonly database: number;
  readonly sink: number;
  readonly busy: number;
  readonly idle: number;
}

/**
 * Many workers and one PostgreSQL, in a schema of its own: a server that only answers calls, and as many worker
 * processes as are wanted.
 */
export class Cluster {
  readonly ledger: Ledger;
  readonly server: TidingsServer;
  readonly #database: PostgresServer;
  readonly #sink: Sink;
  readonly #env: Readonly<Record<string, string>>;
  #workers: WorkerProcess[] = [];

  private constructor(
    options: { database: PostgresServer; sink: Sink },
    ledger: Ledger,
    server: TidingsServer,
    env: Readonly<Record<string, string>>,
  ) {
    this.#database = options.database;
    this.#sink = options.sink;
    this.ledger = ledger;
    this.server = server;
    this.#env = env;
  }

  /** @param options `schema`: each cluster of a database has its own. */
  static async open(options: {
    database: PostgresServer;
    schema: string;
    sink: Sink;
    connections: number;
  }): Promise<Cluster> {
    const url = new URL(options.database.url);
    url.searchParams.set('schema', options.schema);
    const env = {
      DATABASE_URL: url.href,
      SMTP_URL: options.sink.url,
      SMTP_CONNECTIONS: String(options.connections),
      EMAIL_FROM: 'News <news@shop.example>',
    };
    const server = await TidingsServer.start(env, { args: ['--no-dispatch'] });
    const ledger = await openLedger({ dataDir: '', databaseUrl: url.href });
    return new Cluster(options, ledger, server, env);
  }

  async importLeads(count: number): Promise<void> {
    await this.server.call('POST', '/api/leads/import', leadsCsv(count));
  }

  /** Of the first `limit` leads, or all. */
  async audience(limit?: number): Promise<string> {
    return this.server.audience(limit === undefined ? {} : { limit });
  }

  async startWorkers(count: number, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const own = { ...this.#env, ...env };
    this.#workers.push(...(await Promise.all(Array.from({ length: count }, () => WorkerProcess.start(own)))));
  }

  async stopWorkers(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    this.#workers = [];
  }

  /** @returns its `send_id`, at once. */
  async send(audience_id: string, campaign: string): Promise<string> {
    const text = { channel: 'email', subject: SUBJECT, message: HTML, allow_repeat: true };
    const message = { ...text, campaign, max_wait_seconds: 0 };
    const answer = await this.server.call('POST', '/api/sends', { audience_id, ...message });
    if (!answer.send_id) throw new Error(`The send was refused: ${JSON.stringify(answer)}`);
    return answer.send_id;
  }

  async cancel(sendId: string): Promise<void> {
    await this.server.call('POST', `/api/sends/${sendId}/cancel`);
  }

  /** How many of all sends have left, as the ledger has it. */
  async sent(): Promise<number> {
    const row = await this.ledger.get<{ sent: number }>(
      'SELECT CAST(coalesce(sum(sent), 0) AS BIGINT) AS sent FROM chunks',
    );
    return row!.sent;
  }

  async untilSent(count: number): Promise<number> {
    for (;;) {
      const sent = await this.sent();
      if (sent >= count) return sent;
      await sleep(10);
    }
  }

  async untilCompleted(sendId: string): Promise<void> {
    while (!(await this.ledger.get("SELECT 1 FROM sends WHERE id = ? AND state = 'completed'", sendId)))
      await sleep(50);
  }

  /** Until all rows of all sends that run are made. */
  async untilMade(): Promise<void> {
    for (;;) {
      const row = await this.ledger.get(
        "SELECT 1 FROM sends WHERE state = 'running' AND frozen_through < total",
      );
      if (!row) return;
      await sleep(50);
    }
  }

  usage(): Usage {
    return {
      at: performance.now() / 1_000,
      workers: this.#workers.reduce((sum, worker) => sum + worker.cpuSeconds(), 0),
      database: familySeconds(this.#database.pid),
      sink: processorSeconds(this.#sink.pid),
      ...machineSeconds(),
    };
  }

  async close(): Promise<void> {
    await this.stopWorkers();
    await this.server.stop();
    await this.ledger.close();
  }
}
