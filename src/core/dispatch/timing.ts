import { JOB_LOST_MS } from './workers/job-queue.ts';

/**
 * How long whoever sends waits for what. All processes of one database take the same, or one may call another dead that
 * only waits longer; so nobody sets these from outside, and only tests, which are in a hurry, have others.
 *
 * What is not here: how a provider is spared (pace/), how long a stop waits (drain.ts), and what stands in the definition
 * of a job queue (JOB_LOST_MS), which the database keeps.
 */
export interface Timing {
  /** How soon a change made by another process (a new send, a pause) is seen by whoever delivers. */
  readonly sendPollMs: number;

  /** How often the holder of a lease shows that it lives. Several fit into `leaseStaleMs`: one may be late. */
  readonly leaseBeatMs: number;
  /**
   * A holder that showed nothing for this long has lost it, by anybody's monotonic clock. The holder stops by itself one
   * beat sooner.
   */
  readonly leaseStaleMs: number;
  /** How often one that lacks a lease asks for it. It beats no more often than this: no longer than `leaseBeatMs`. */
  readonly leaseTakeMs: number;
  /** How late a scheduled send may start, where one process sends. */
  readonly dueMs: number;

  /** How often a worker looks for jobs: how long a chunk, a start or the rows of a send may wait for a free one. */
  readonly jobPollMs: number;
  /** How often a worker shows that it lives and keeps its jobs. Several fit into `keptFreshMs`. */
  readonly keepMs: number;
  /**
   * A chunk that was kept this long ago may go to another worker soon: nothing leaves any more. Less than
   * `workerLostMs`, and less than what the queue allows a job: what lies between is for a message that is leaving.
   */
  readonly keptFreshMs: number;
  /** A worker whose beat stands still for this long is lost, and what it held is free. */
  readonly workerLostMs: number;
  /** How often a worker looks at the beats of the others. */
  readonly watchMs: number;
  /**
   * The most that counts between two looks: whoever looks late has not watched all the while, for the database may have
   * been away for everybody. No shorter than `watchMs`, or a dead worker is found late.
   */
  readonly longestLookMs: number;
  /** How often work is laid out: how long a send waits that nobody was woken for. */
  readonly planMs: number;
  /** How often a worker shows which senders it serves, and looks for those that are gone. Fits twice into the next. */
  readonly inheritMs: number;
  /** A sender that no worker has shown for this long is gone, by the clock of the database: its sends are taken over. */
  readonly senderGoneMs: number;
  /**
   * Who has other sends leaves the second chunk of a new one to others for so long: two looks of theirs (`jobPollMs`).
   * A small send is two chunks, and all of it with one worker has a part of that one's speed only.
   */
  readonly leaveMs: number;
  /**
   * When no more can be owned, or none of a send, the chunk owned longest for at least this long makes room for others:
   * for what a worker that died has left, too. Shorter than `longestHoldMs`.
   */
  readonly sliceMs: number;
  /** Nobody keeps a chunk for longer without giving it back and asking for it again: jobs have an end. */
  readonly longestHoldMs: number;

  /** How often a provider that can tell is asked what became of messages whose outcome is unknown. */
  readonly doubtMs: number;

  /** How often chores are done. */
  readonly housekeepingMs: number;
  /** How often it is told that nothing is sent because somebody has to look first. */
  readonly tellHoldMs: number;
}

export const DEFAULT_TIMING: Timing = checked({
  sendPollMs: 200,
  leaseBeatMs: 1_000,
  leaseStaleMs: 5_000,
  leaseTakeMs: 500,
  dueMs: 500,
  jobPollMs: 250,
  keepMs: 2_000,
  keptFreshMs: JOB_LOST_MS - 2_500,
  workerLostMs: JOB_LOST_MS,
  watchMs: 1_000,
  longestLookMs: 2_000,
  planMs: 1_000,
  inheritMs: 2_000,
  senderGoneMs: JOB_LOST_MS,
  leaveMs: 500,
  sliceMs: 2_000,
  longestHoldMs: 60_000,
  doubtMs: 30_000,
  housekeepingMs: 60_000,
  tellHoldMs: 60_000,
});

/** @throws when nobody could rely on these: a message might leave twice, or the living be called dead. */
export function checked(timing: Timing): Timing {
  const relations: Record<string, boolean> = {
    'all are longer than nothing': Object.values(timing).every((ms) => ms > 0),
    '3 leaseBeatMs <= leaseStaleMs': 3 * timing.leaseBeatMs <= timing.leaseStaleMs,
    'leaseTakeMs <= leaseBeatMs': timing.leaseTakeMs <= timing.leaseBeatMs,
    '3 keepMs <= keptFreshMs': 3 * timing.keepMs <= timing.keptFreshMs,
    'keptFreshMs < workerLostMs': timing.keptFreshMs < timing.workerLostMs,
    'keptFreshMs < JOB_LOST_MS': timing.keptFreshMs < JOB_LOST_MS,
    'watchMs <= longestLookMs': timing.watchMs <= timing.longestLookMs,
    'longestLookMs < workerLostMs': timing.longestLookMs < timing.workerLostMs,
    '2 inheritMs < senderGoneMs': 2 * timing.inheritMs < timing.senderGoneMs,
    '2 jobPollMs <= leaveMs': 2 * timing.jobPollMs <= timing.leaveMs,
    'sliceMs < longestHoldMs': timing.sliceMs < timing.longestHoldMs,
  };
  const broken = Object.keys(relations).filter((relation) => !relations[relation]);
  if (broken.length > 0) throw new Error(`These waiting times do not go together: ${broken.join('; ')}.`);
  return timing;
}
