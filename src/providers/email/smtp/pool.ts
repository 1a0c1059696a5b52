import type { Outcome } from '../../../core/deliveries/sender.ts';
import type { Log } from '../../../log/log.ts';
import { type Opened, openSession, quit, type RelayAccess } from './connect.ts';
import { type Delivered, type Job, type Owner, type Parcel, SmtpSession } from './session.ts';
import type { Relay } from './settings.ts';

export const CLOSED: Outcome = {
  type: 'transient',
  scope: 'sender',
  code: 'channel_closed',
  message: 'The email channel is closing; nothing was sent.',
};

/** Relays end long sessions on their own, often in the middle of a message; better to part before. */
const MESSAGES_PER_SESSION = 1_000;

/** How long to make do with fewer sessions after the relay refused one more. */
const FEWER_MS = 30_000;

/**
 * Sessions with one relay, and the messages that wait for one.
 *
 *   opening ── logged in ──▶ busy ◀── next message ── idle
 *      │                      │ └──── done ───────────▶ │
 *      ▼                      ▼                         ▼
 *   refused                 lost, worn               15 s, or close(): QUIT
 *
 * A session refused while others stand means "use fewer for a while", never a failed message; only when the last
 * one is refused do those who wait hear why.
 */
export class SmtpPool implements Owner {
  pipelining: Relay['pipelining'];
  messagesPerSession = MESSAGES_PER_SESSION;
  readonly #access: RelayAccess;
  readonly #log: Log | undefined;
  readonly #size: number;
  readonly #open = new Set<SmtpSession>();
  readonly #idle = new Map<SmtpSession, NodeJS.Timeout>();
  readonly #waiting: Job[] = [];
  readonly #quitting = new Set<Promise<void>>();
  #opening = 0;
  #allowed: number;
  #inFlight = 0;
  #closing = false;
  #gaveUp = false;
  readonly #drained: (() => void)[] = [];

  constructor(access: RelayAccess, size: number, log?: Log) {
    this.pipelining = access.relay.pipelining;
    this.#access = access;
    this.#log = log;
    this.#size = size;
    this.#allowed = size;
  }

  /** Never rejects. */
  send(parcel: Parcel): Promise<Delivered> {
    if (this.#closing) return Promise.resolve(CLOSED);
    this.#inFlight++;
    return new Promise((resolve) => {
      const done = (delivered: Delivered) => {
        this.#inFlight--;
        if (this.#inFlight === 0) for (const resume of this.#drained.splice(0)) resume();
        resolve(delivered);
      };
      this.#waiting.push({ parcel, done });
      this.#hire();
    });
  }

  /** Lets every message that was handed over reach its outcome, then says goodbye on every session. */
  async close(waitMs?: number): Promise<void> {
    this.#closing = true;
    const limit = waitMs === undefined ? undefined : setTimeout(() => this.#giveUp(), waitMs);
    while (this.#inFlight > 0) await new Promise<void>((resolve) => void this.#drained.push(resolve));
    clearTimeout(limit);
    for (const session of [...this.#open]) this.#retire(session);
    await Promise.all(this.#quitting);
  }

  next(): Job | undefined {
    return this.#waiting.shift();
  }

  giveBack(job: Job): void {
    if (this.#gaveUp) job.done(CLOSED);
    else this.#waiting.unshift(job);
  }

  limitHeard(carried: number, countsBySession: boolean): void {
    if (countsBySession && carried > 0) this.messagesPerSession = Math.min(this.messagesPerSession, carried);
  }

  groupRefused(): void {
    if (this.pipelining === 'off') return;
    this.pipelining = 'off';
    const relay = `${this.#access.relay.host}:${this.#access.relay.port}`;
    this.#log?.warn(
      { relay },
      'the mail server offers PIPELINING and refuses it; each command now waits for its reply, which is slower',
    );
  }

  idle(session: SmtpSession): void {
    if (session.isWorn || (this.#closing && this.#inFlight === 0)) {
      return void this.#retire(session);
    }
    const timer = setTimeout(() => this.#retire(session), this.#access.timeouts.idleMs).unref();
    this.#idle.set(session, timer);
  }

  ended(session: SmtpSession): void {
    this.#forget(session);
    this.#hire();
  }

  /** Gives waiting messages to idle sessions, and opens more while some wait. */
  #hire(): void {
    for (const session of this.#idle.keys()) {
      const job = this.next();
      if (!job) return;
      clearTimeout(this.#idle.get(session));
      this.#idle.delete(session);
      session.carry(job);
    }
    while (this.#open.size + this.#opening < this.#allowed && this.#opening < this.#waiting.length) {
      this.#opening++;
      void openSession(this.#access).then((opened) => {
        this.#opening--;
        this.#opened(opened);
      });
    }
  }

  #opened(opened: Opened): void {
    if (opened.type === 'open') {
      const { silenceMs } = this.#access.timeouts;
      const session = new SmtpSession(opened, silenceMs, this);
      this.#open.add(session);
      this.idle(session);
      return void this.#hire();
    }
    const others = this.#open.size + this.#opening;
    if (others > 0) return void this.#useFewer(others);
    this.#allowed = this.#size;
    this.#tellAll(opened.outcome);
  }

  #giveUp(): void {
    this.#gaveUp = true;
    this.#tellAll(CLOSED);
    for (const session of [...this.#open]) session.giveUp();
  }

  #tellAll(outcome: Outcome): void {
    for (const job of this.#waiting.splice(0)) job.done(outcome);
  }

  #useFewer(count: number): void {
    if (this.#allowed === this.#size) {
      setTimeout(() => {
        this.#allowed = this.#size;
        this.#hire();
      }, FEWER_MS).unref();
    }
    this.#allowed = Math.min(this.#allowed, count);
  }

  #retire(session: SmtpSession): void {
    this.#forget(session);
    const parting = quit(session.release());
    this.#quitting.add(parting);
    void parting.then(() => this.#quitting.delete(parting));
    this.#hire();
  }

  #forget(session: SmtpSession): void {
    clearTimeout(this.#idle.get(session));
    this.#idle.delete(session);
    this.#open.delete(session);
  }
}
