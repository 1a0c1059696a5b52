import { setTimeout as sleep } from 'node:timers/promises';
import type { AcceptedMessage } from '../support/cloud-api-server.ts';
import { envelope, messages, seconds, signed } from '../support/whatsapp-webhook.ts';

const EVERY_MS = 20;
const IN_ONE = 40;
/** How late a status may be. */
const LATEST_MS = 3_000;
const STATUSES = ['sent', 'delivered', 'read'];
const TWICE = 0.2;
/** Of so many requests the answer is lost, and all that they said is said again. */
const UNHEARD = 0.1;

interface Status {
  readonly dueAt: number;
  readonly status: object;
}

/**
 * Tells of each accepted message that it was sent, delivered and read, as Meta does where things go wrong: late, some twice,
 * out of order, to whichever process answers, and again when none did.
 */
export class Teller {
  readonly #accepted: readonly AcceptedMessage[];
  readonly #urls: () => readonly string[];
  readonly #random: () => number;
  readonly #waiting: Status[] = [];
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;
  #seen = 0;
  #open = 0;

  /** @param urls of the processes that may answer now */
  constructor(accepted: readonly AcceptedMessage[], urls: () => readonly string[], random: () => number) {
    this.#accepted = accepted;
    this.#urls = urls;
    this.#random = random;
    this.#running = this.#run();
  }

  /** Resolves when everything was told, and somebody said 200 to it. */
  async drained(): Promise<void> {
    while (this.#seen < this.#accepted.length || this.#waiting.length > 0 || this.#open > 0)
      await sleep(EVERY_MS);
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      for (; this.#seen < this.#accepted.length; this.#seen++) this.#hear(this.#accepted[this.#seen]!);
      const now = performance.now();
      const due = this.#waiting.filter(({ dueAt }) => dueAt <= now).slice(0, IN_ONE);
      if (due.length > 0 && this.#urls().length > 0) {
        for (const one of due) this.#waiting.splice(this.#waiting.indexOf(one), 1);
        void this.#tell(due);
      }
      await sleep(EVERY_MS);
    }
  }

  #hear({ id, callbackData, at }: AcceptedMessage): void {
    for (const status of STATUSES) {
      const times = this.#random() < TWICE ? 2 : 1;
      for (let time = 0; time < times; time++)
        this.#waiting.push({
          dueAt: performance.now() + this.#random() * LATEST_MS,
          status: { id, status, timestamp: seconds(at), biz_opaque_callback_data: callbackData },
        });
    }
  }

  async #tell(due: readonly Status[]): Promise<void> {
    this.#open += 1;
    const urls = this.#urls();
    const url = urls[Math.floor(this.#random() * urls.length)]!;
    const body = JSON.stringify(envelope(messages({ statuses: due.map(({ status }) => status) })));
    const signal = AbortSignal.timeout(5_000);
    const answer = await fetch(`${url}/webhooks/whatsapp`, {
      method: 'POST',
      body,
      headers: signed(body),
      signal,
    }).catch(() => null);
    await answer?.arrayBuffer().catch(() => {});
    if (answer?.status !== 200 || this.#random() < UNHEARD)
      for (const { status } of due)
        this.#waiting.push({ dueAt: performance.now() + this.#random() * LATEST_MS, status });
    this.#open -= 1;
  }
}
