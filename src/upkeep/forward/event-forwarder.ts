import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../../core/deliveries/resolve-outcome.ts';
import {
  anyForwardable,
  type Forwardable,
  noteForwarded,
  restForwarding,
  takeForwardable,
} from '../../core/events/forward.store.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Log } from '../../log/log.ts';
import { toEvent } from '../../operations/events.ts';
import { signedHeaders } from './sign.ts';

export interface ForwardOptions {
  readonly ledger: Ledger;
  readonly log: Log;
  /** `EVENTS_FORWARD_URL` */
  readonly url: string;
  /** `EVENTS_FORWARD_SECRET`: `whsec_…` */
  readonly secret: string;
  /** For tests, which cannot wait as long. */
  readonly pollMs?: number;
}

const POLL_MS = 1_000;
const AT_ONCE = 100;
const ANSWER_MS = 15_000;
/** Longer than a request may take, so that nobody else brings the same. */
const LEASE_MS = 30_000;
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 15 * 60_000;

/**
 * Passes events on to an address of the owner's, in order and at least once: what was not answered with 2xx is brought
 * again, later and later. Nothing waits for it; a process that dies is followed by another.
 */
export class EventForwarder {
  readonly #options: ForwardOptions;
  readonly #ended = new AbortController();
  #failures = 0;
  #running: Promise<void> | null = null;

  constructor(options: ForwardOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { ledger, log, pollMs = POLL_MS } = this.#options;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      const isDone = await this.#next(ledger).catch((error: unknown) => {
        log.error({ err: error }, 'events cannot be passed on; trying again');
        return false;
      });
      if (!isDone) await sleep(pollMs, undefined, { signal }).catch(() => {});
    }
  }

  /** @returns whether some arrived, and more may follow at once */
  async #next(ledger: Ledger): Promise<boolean> {
    if (!(await anyForwardable(ledger))) return false;
    const taken = await ledger.write((tx) => takeForwardable(tx, Date.now(), LEASE_MS, AT_ONCE));
    if (taken === null) return false;
    const problem = await this.#bring(taken);
    if (problem === null) {
      this.#failures = 0;
      await ledger.write((tx) => noteForwarded(tx, taken));
      return true;
    }
    const restMs = backoffMs(this.#failures, Math.random(), FIRST_REST_MS, LONGEST_REST_MS);
    // A stop is no fault of the other side.
    const until = this.#ended.signal.aborted ? 0 : Date.now() + restMs;
    if (until > 0 && this.#failures++ === 0)
      this.#options.log.warn({ problem }, 'EVENTS_FORWARD_URL takes no events; they are brought again later');
    await ledger.write((tx) => restForwarding(tx, until));
    return false;
  }

  /** null: they arrived. */
  async #bring({ rows }: Forwardable): Promise<string | null> {
    const { url, secret } = this.#options;
    const id = `events_${rows[0]!.seq}_${rows.at(-1)!.seq}`;
    const body = JSON.stringify({
      type: 'events',
      timestamp: new Date().toISOString(),
      data: { events: rows.map(toEvent) },
    });
    const headers = {
      'content-type': 'application/json',
      ...signedHeaders(secret, id, Math.floor(Date.now() / 1_000), body),
    };
    try {
      const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(ANSWER_MS)]);
      const answer = await fetch(url, { method: 'POST', body, headers, redirect: 'manual', signal });
      await answer.body?.cancel();
      return answer.ok ? null : `HTTP ${answer.status}`;
    } catch (error) {
      const { name, cause } = error as Error & { cause?: { code?: string } };
      return cause?.code ?? name;
    }
  }
}
