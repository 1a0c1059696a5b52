import { setTimeout as sleep, setImmediate as yieldTurn } from 'node:timers/promises';
import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import { TidingsError } from '../errors.ts';
import type { Log } from '../log.ts';
import { parseContent } from '../sends/content.ts';
import { completeIfDealtWith, type SendRow, setState } from '../sends/send.store.ts';
import { type Channel, HELD_UP, modeOf, type Outcome } from './channel.ts';
import { type Claim, claimWindow, type ReadySend } from './claim-window.ts';
import { settle, suppress } from './delivery.store.ts';
import { DomainGates } from './domain-gates.ts';
import type { Lease } from './lease.ts';
import { Pacer } from './pacer.ts';
import { type Now, now, resolveOutcome } from './resolve-outcome.ts';

/** How soon a change made by another process (a new send, a pause) is seen. */
const POLL_MS = 200;
/** Results are gathered this long, so that one commit settles many. */
const GATHER_MS = 3;
/** As many equal refusals in a row say that the message is wrong, not the leads. */
const BREAKER_AT = 20;

/** A fault of the disk is tried every second and told once a minute. */
export const FAULTS_FOR_A_LINE = 60;

/** To be told "too fast" is how a limit is found; hearing nothing else for this long is worth a word. */
const NOTEWORTHY_MS = 10_000;

/** A relay that was away, or took nothing, for this long is a person's business; until then the send goes on by itself. */
const DOWN_LIMIT_MS = 60 * 60_000;

interface Finished {
  readonly claim: Claim;
  readonly outcome: Outcome;
  readonly at: Now;
  /** It was one refusal too many of the same kind. */
  readonly breaks: boolean;
}

/**
 * Sends everything that leaves by one sender.
 *
 *   claim (commit) ──▶ deliver ──▶ gather results ──▶ settle + claim the next window (one commit) ──▶ …
 *
 * At most `windowSize` deliveries are between claim and settle: only they are in doubt when the process dies.
 */
export class SenderLoop {
  readonly #ledger: Ledger;
  readonly #lease: Lease;
  readonly #channel: Channel;
  readonly #siteName: string | null;
  readonly #log: Log;
  readonly #pacer: Pacer;
  readonly #domains = new DomainGates();
  readonly #prepared = new Map<number, { revision: number; ready: Omit<ReadySend, 'send' | 'gate'> }>();
  readonly #refusals = new Map<number, { code: string; count: number }>();
  readonly #speed = new Map<number, { since: number; sent: number; rate: number }>();
  #finished: Finished[] = [];
  #inFlight = 0;
  #turns = 0;
  #stopping = false;
  #abandoned = false;
  #wake: () => void = () => {};

  constructor(options: {
    ledger: Ledger;
    lease: Lease;
    channel: Channel;
    siteName: string | null;
    log: Log;
  }) {
    this.#ledger = options.ledger;
    this.#lease = options.lease;
    this.#channel = options.channel;
    this.#siteName = options.siteName;
    this.#log = options.log;
    this.#pacer = new Pacer(options.channel.sender.ratePerSecond, performance.now());
  }

  get mode(): SendRow['mode'] {
    return modeOf(this.#channel);
  }

  get inFlight(): number {
    return this.#inFlight + this.#finished.length;
  }

  wake(): void {
    this.#wake();
  }

  stop(): void {
    this.#stopping = true;
    this.#wake();
  }

  /** Ends it although answers are still out or cannot be written down: the next process sees to them. */
  abandon(): void {
    this.#abandoned = true;
    this.#wake();
  }

  /** Resolves when it was stopped and nothing is in flight. A fault of the disk is waited out: nothing is lost by it. */
  async run(): Promise<void> {
    let faults = 0;
    while (!this.#abandoned && (!this.#stopping || this.inFlight > 0)) {
      try {
        if (!(await this.#turn())) await this.#wait();
        faults = 0;
        // SQLite answers without leaving the turn: timers and sockets get theirs here.
        await yieldTurn();
      } catch (error) {
        if (faults++ % FAULTS_FOR_A_LINE === 0) {
          this.#log.error(
            { err: error, channel: this.#channel.name },
            'the ledger cannot be written; trying again every second',
          );
        }
        await sleep(1_000);
      }
    }
  }

  /** @returns true when another turn should follow at once. */
  async #turn(): Promise<boolean> {
    const room = this.#room();
    if (this.#finished.length === 0 && (room === 0 || !(await this.#anyRunning()))) return false;
    const results = this.#finished;
    this.#finished = [];
    try {
      const turn = await this.#ledger.write(async (tx) => {
        for (const [seq, group] of Map.groupBy(results, ({ claim }) => claim.sendSeq))
          await this.#settle(tx, seq, group);
        return room > 0 && (await this.#lease.holds(tx))
          ? this.#claim(tx, room)
          : { claims: [], more: false };
      });
      this.#pacer.take(turn.claims.length, performance.now());
      for (const claim of turn.claims) this.#deliver(claim);
      return turn.more && this.#room() > 0;
    } catch (error) {
      this.#finished = results.concat(this.#finished);
      throw error;
    }
  }

  #room(): number {
    if (this.#stopping || !this.#lease.isFresh()) return 0;
    // What has finished is settled by the transaction that claims: its place in the window is free.
    const room = this.#channel.sender.windowSize - this.#inFlight;
    return Math.max(0, Math.min(room, this.#pacer.available(performance.now())));
  }

  async #anyRunning(): Promise<boolean> {
    const sql = "SELECT 1 AS found FROM sends WHERE channel = ? AND mode = ? AND state = 'running' LIMIT 1";
    return (await this.#ledger.get(sql, this.#channel.name, this.mode)) !== undefined;
  }

  /** Running sends take turns at being first, and share the room: a small one never waits for a large one. */
  async #claim(tx: Transaction, room: number): Promise<{ claims: Claim[]; more: boolean }> {
    const sends = await tx.all<SendRow>(
      "SELECT * FROM sends WHERE channel = ? AND mode = ? AND state = 'running' ORDER BY seq",
      this.#channel.name,
      this.mode,
    );
    const claims: Claim[] = [];
    let more = false;
    this.#turns += 1;
    for (let at = 0; at < sends.length && claims.length < room; at++) {
      const send = sends[(at + this.#turns) % sends.length]!;
      const ready = await this.#ready(tx, send);
      if (!ready) continue;
      const share = Math.ceil((room - claims.length) / (sends.length - at));
      const { steadyMs } = now();
      const gate = (contact: string) => this.#domains.closedUntil(contact, steadyMs);
      const part = await claimWindow(tx, { send, ...ready, gate }, share, this.#siteName, steadyMs);
      claims.push(...part.claims);
      more ||= part.more;
      await this.#noteSpeed(tx, send.seq);
    }
    return { claims, more };
  }

  /** The message of a send, compiled once for each revision. One that this channel cannot carry pauses its send. */
  async #ready(tx: Transaction, send: SendRow): Promise<Omit<ReadySend, 'send' | 'gate'> | null> {
    const known = this.#prepared.get(send.seq);
    if (known?.revision === send.revision) return known.ready;
    try {
      const content = parseContent(send, send.channel);
      const ready = { content, message: this.#channel.prepare(content) };
      if (this.#prepared.size >= 100) this.#prepared.clear();
      this.#prepared.set(send.seq, { revision: send.revision, ready });
      return ready;
    } catch (error) {
      if (!(error instanceof TidingsError)) throw error;
      await setState(tx, send.seq, 'paused', { code: error.code, message: error.message });
      return null;
    }
  }

  #deliver(claim: Claim): void {
    this.#inFlight += 1;
    const startedAtMs = performance.now();
    // A process that was stopped between commit and here, and continued, must not send what others took over.
    const mayLeave = () => this.#lease.isFresh();
    const outcome: Promise<Outcome> = mayLeave()
      ? claim.message.deliver(claim.recipient, { ...claim.attempt, mayLeave })
      : Promise.resolve(HELD_UP);
    outcome
      .catch((error: unknown): Outcome => {
        this.#log.error({ err: error, attempt: claim.attempt.attemptId }, 'a channel broke its promise');
        return { type: 'uncertain', code: 'internal', message: 'The channel failed in an unexpected way.' };
      })
      .then((settled) => {
        this.#inFlight -= 1;
        // Counted when it is heard, not when it is written down: that may have to be tried again.
        this.#pace(claim, settled, startedAtMs);
        const breaks = this.#breaks(claim, settled);
        this.#finished.push({ claim, outcome: settled, at: now(), breaks });
        this.#wake();
      });
  }

  async #settle(tx: Transaction, sendSeq: number, group: readonly Finished[]): Promise<void> {
    const settlements = group.map(({ claim, outcome, at }) => {
      const settlement = resolveOutcome(claim, outcome, at, Math.random());
      if (outcome.type !== 'throttled' || outcome.scope !== 'domain') return settlement;
      return {
        ...settlement,
        retryAt: this.#domains.close(claim.recipient.contact, at.steadyMs, outcome.retryAfterMs),
      };
    });
    await settle(tx, sendSeq, settlements);
    for (const { claim, outcome, breaks } of group) {
      if (outcome.type === 'permanent' && outcome.suppress) {
        await suppress(tx, this.#channel.name, claim.recipient.contact, outcome.suppress);
      }
      if (outcome.type === 'stop_send') await this.#pause(tx, sendSeq, outcome);
      if (outcome.type === 'account') await this.#pauseAll(tx, outcome);
      if (breaks) await this.#pause(tx, sendSeq, outcome as { code: string; message: string });
    }
    await completeIfDealtWith(tx, sendSeq);
    const last = group.at(-1)!.outcome;
    const down = this.#pacer.downMs(performance.now());
    const isHeld = last.type === 'transient' ? down > 0 : last.type === 'throttled' && down > NOTEWORTHY_MS;
    const held = isHeld ? (last as { code: string; message: string }) : null;
    if (held && down > DOWN_LIMIT_MS) await this.#pauseAll(tx, held);
    await tx.run(
      "UPDATE sends SET problem_code = ?, problem = ? WHERE seq = ? AND state = 'running' AND problem IS NOT ?",
      held?.code ?? null,
      held?.message ?? null,
      sendSeq,
      held?.message ?? null,
    );
  }

  #pace(claim: Claim, outcome: Outcome, startedAtMs: number): void {
    const now = performance.now();
    if (outcome.type === 'transient' && outcome.scope === 'sender') {
      if (outcome !== HELD_UP) this.#pacer.unreachable(now, Math.random());
    } else if (outcome.type === 'throttled' && outcome.scope === 'sender') {
      this.#pacer.throttled(now, startedAtMs, outcome.retryAfterMs);
    } else if (outcome.type === 'accepted') {
      this.#pacer.accepted(now);
      this.#domains.open(claim.recipient.contact);
      const speed = this.#speed.get(claim.sendSeq);
      if (speed) speed.sent += 1;
    } else this.#pacer.reached();
  }

  /** Only a message that was taken, or another reason, says that the one before was not the message's fault. */
  #breaks({ sendSeq, recipient: { contact } }: Claim, outcome: Outcome): boolean {
    if (outcome.type === 'accepted') this.#refusals.delete(sendSeq);
    if (outcome.type !== 'permanent' || !outcome.breaker) return false;
    const known = this.#refusals.get(sendSeq);
    const count = known?.code === outcome.code ? known.count + 1 : 1;
    this.#refusals.set(sendSeq, { code: outcome.code, count: count % BREAKER_AT });
    // What all of them refuse is no domain's doing.
    if (count === BREAKER_AT) this.#domains.open(contact);
    else this.#domains.refused(contact, outcome.code, now().steadyMs);
    return count === BREAKER_AT;
  }

  async #pause(tx: Transaction, sendSeq: number, problem: { code: string; message: string }): Promise<void> {
    const send = await tx.get<{ state: string }>('SELECT state FROM sends WHERE seq = ?', sendSeq);
    if (send?.state === 'running') await setState(tx, sendSeq, 'paused', problem);
  }

  /** What is wrong with the account is wrong for every send that leaves by it. */
  async #pauseAll(tx: Transaction, problem: { code: string; message: string }): Promise<void> {
    await tx.run(
      `UPDATE sends SET state = 'paused', problem_code = ?, problem = ?, rate_per_second = NULL
       WHERE channel = ? AND mode = ? AND state = 'running'`,
      problem.code,
      problem.message,
      this.#channel.name,
      this.mode,
    );
  }

  /** Once a second, for whoever watches. */
  async #noteSpeed(tx: Transaction, sendSeq: number): Promise<void> {
    const now = performance.now();
    const speed = this.#speed.get(sendSeq);
    if (!speed) {
      if (this.#speed.size >= 100) this.#speed.clear();
      this.#speed.set(sendSeq, { since: now, sent: 0, rate: 0 });
      return;
    }
    const seconds = (now - speed.since) / 1000;
    if (seconds < 1) return;
    const current = speed.sent / seconds;
    const rate = speed.rate === 0 ? current : 0.6 * current + 0.4 * speed.rate;
    this.#speed.set(sendSeq, { since: now, sent: 0, rate });
    await tx.run("UPDATE sends SET rate_per_second = ? WHERE seq = ? AND state = 'running'", rate, sendSeq);
  }

  /** Until enough results are in to be worth a commit, something is due, or somebody calls. */
  async #wait(): Promise<void> {
    const paceMs = this.#stopping ? POLL_MS : this.#pacer.waitMs(performance.now());
    const idleMs = paceMs > 0 ? Math.min(paceMs, POLL_MS) : POLL_MS;
    const enough = Math.max(1, Math.min(this.#channel.sender.windowSize / 2, 64));
    await new Promise<void>((resolve) => {
      let timer = setTimeout(resolve, idleMs);
      let gathering = false;
      const look = (called: boolean) => {
        const done = this.#finished.length;
        if (done >= enough || (done > 0 && this.#inFlight === 0) || (called && done === 0)) {
          clearTimeout(timer);
          resolve();
        } else if (done > 0 && !gathering) {
          gathering = true;
          clearTimeout(timer);
          timer = setTimeout(resolve, GATHER_MS);
        }
      };
      this.#wake = () => look(true);
      look(false);
    });
    this.#wake = () => {};
  }
}
