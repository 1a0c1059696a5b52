export interface JobData {
  readonly send: number;
  /** Which part of it: the number of a chunk, the time of its start, or 0 for the whole. */
  readonly part: number;
}

/** A job that was taken: to be kept alive, and to be ended by this attempt only. */
export interface TakenJob {
  readonly id: string;
  /** Numbers the attempt: a job that went to somebody else since is no longer ours to end. */
  readonly retryCount: number;
  readonly data: JobData;
}

export interface NewJob extends JobData {
  /**
   * How often it was worked on before. Who had fewest turns goes first, so that what a dead worker left is not passed
   * by for ever; among equals the beginning of a send before the middle of another one.
   */
  readonly turns?: number;
  /** Milliseconds since 1970; absent: at once. */
  readonly startAt?: number;
}

/** A job that was not kept for this long goes to somebody else. It stands in the definition of each queue, which the database keeps. */
export const JOB_LOST_MS = 10_000;

/**
 * Jobs that all processes of a database share. Declared here, by whoever uses it; an engine stands behind it. A job is
 * known by (queue, send, part): putting one that waits or is being done changes nothing.
 */
export interface JobQueue {
  put(queue: string, jobs: readonly NewJob[]): Promise<void>;
  /** At most `count` jobs, none of the sends in `except`. */
  take(queue: string, count: number, except: readonly number[]): Promise<TakenJob[]>;
  /** Shows that they are being worked on. @returns the ids of those that are still this worker's. */
  keep(queue: string, jobs: readonly TakenJob[]): Promise<Set<string>>;
  done(queue: string, job: TakenJob): Promise<void>;
  /** The job that somebody is doing, or has died over. */
  find(queue: string, job: JobData): Promise<TakenJob | null>;
  /** It waits again at once, unless it went to somebody else since it was found. */
  handBack(queue: string, job: TakenJob): Promise<void>;
}
