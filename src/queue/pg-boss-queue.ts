import { PgBoss } from 'pg-boss';
import {
  JOB_LOST_MS,
  type JobData,
  type JobQueue,
  type NewJob,
  type TakenJob,
} from '../core/dispatch/workers/job-queue.ts';
import { START_QUEUE } from '../core/dispatch/workers/queues.ts';
import { readPostgresUrl } from '../ledger/postgres/postgres-url.ts';
import type { Log } from '../log/log.ts';

/** How often pg-boss looks for jobs whose worker has fallen silent. */
const WATCH_SECONDS = 2;
/** A turn puts a part as far behind as this many parts of its send. */
const TURN = 100;
export const JOB_CONNECTIONS = 3;

/** The ids that were refreshed, which its types leave out. */
interface KeptAnswer {
  readonly settled?: readonly string[];
}

/**
 * The queue that all workers share: pg-boss, in a schema of its own beside that of the ledger. It is begun when it is
 * first used, so that a command that only reads does not wait for it.
 */
export class PgBossQueue implements JobQueue {
  readonly #boss: PgBoss;
  #started: Promise<unknown> | null = null;
  /** Made, or being made, by this process: there is one for each sender, and which there are is seen as they come. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(databaseUrl: string, log: Log) {
    const { connectionString, schema } = readPostgresUrl(databaseUrl);
    this.#boss = new PgBoss({
      connectionString,
      schema: `${schema}_jobs`,
      application_name: 'tidings jobs',
      max: JOB_CONNECTIONS,
      schedule: false,
      superviseIntervalSeconds: WATCH_SECONDS,
      monitorIntervalSeconds: WATCH_SECONDS,
      // Each chunk that was held for two seconds leaves a job that is done: in a day there were hundreds of thousands.
      maintenanceIntervalSeconds: 60,
    });
    this.#boss.on('error', (error) => log.warn({ err: error }, 'the job queue met an error'));
  }

  async put(queue: string, jobs: readonly NewJob[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.#ready(queue);
    await this.#boss.insert(
      queue,
      jobs.map(({ send, part, startAt, turns = 0 }) => ({
        data: { send, part },
        singletonKey: keyOf({ send, part }),
        group: { id: String(send) },
        priority: -Math.min(part + TURN * turns, 30_000),
        ...(startAt !== undefined && { startAfter: new Date(startAt) }),
      })),
    );
  }

  async take(queue: string, count: number, except: readonly number[]): Promise<TakenJob[]> {
    await this.#ready(queue);
    const jobs = await this.#boss.fetch<TakenJob['data']>(queue, {
      batchSize: count,
      ignoreGroups: except.length > 0 ? except.map(String) : null,
      // What is to be done at once carries the time when it was put, by a clock that may have been set back since.
      ignoreStartAfter: queue !== START_QUEUE,
    });
    return jobs.map(({ id, retryCount, data }) => ({ id, retryCount, data }));
  }

  async keep(queue: string, jobs: readonly TakenJob[]): Promise<Set<string>> {
    await this.#ready(queue);
    const answer: KeptAnswer = await this.#boss.touch(queue, [...jobs]);
    if (answer.settled) return new Set(answer.settled);
    throw new Error(
      'pg-boss does not say which jobs it has kept: this version of it is not the one that was tried.',
    );
  }

  async done(queue: string, job: TakenJob): Promise<void> {
    await this.#ready(queue);
    await this.#boss.complete(queue, [job]);
  }

  async find(queue: string, job: JobData): Promise<TakenJob | null> {
    await this.#ready(queue);
    const jobs = await this.#boss.findJobs<JobData>(queue, { key: keyOf(job) });
    return jobs.find(({ state }) => state === 'active') ?? null;
  }

  async handBack(queue: string, job: TakenJob): Promise<void> {
    await this.#ready(queue);
    await this.#boss.fail(queue, [job]);
  }

  async close(): Promise<void> {
    if (this.#started === null) return;
    await this.#started.catch(() => {});
    await this.#boss.stop({ graceful: false });
  }

  async #ready(queue: string): Promise<void> {
    this.#started ??= this.#boss.start().catch((error: unknown) => {
      this.#started = null;
      throw error;
    });
    await this.#started;
    const made = this.#queues.get(queue) ?? this.#make(queue);
    this.#queues.set(queue, made);
    await made;
  }

  #make(queue: string): Promise<unknown> {
    const made = this.#boss.createQueue(queue, {
      // One job for each key, waiting or being done.
      policy: 'exclusive',
      heartbeatSeconds: JOB_LOST_MS / 1_000,
      // A chunk is given back long before; nothing is ever given up.
      expireInSeconds: 3_600,
      retryLimit: 1_000_000,
      retryDelay: 0,
      deleteAfterSeconds: 60,
    });
    made.catch(() => this.#queues.delete(queue));
    return made;
  }
}

function keyOf({ send, part }: JobData): string {
  return `${send}/${part}`;
}
