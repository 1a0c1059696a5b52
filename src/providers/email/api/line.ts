import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Outcome, STALLED } from '../../../core/deliveries/sender.ts';
import { parseJson } from '../../answers.ts';
import { exchange, openPool, type Request } from '../../exchange.ts';
import type { EmailApi } from './api-sender.ts';
import { classifyFailure } from './classify.ts';
import type { Mail } from './mail.ts';

interface Waiting {
  readonly mail: Mail;
  readonly mayLeave: () => boolean;
  readonly resolve: (outcome: Outcome) => void;
}

/** What comes in meanwhile shares a request. */
const GATHER_MS = 3;
const REQUESTS_AT_ONCE = 5;
/** Bytes of one request: well below what every provider takes. */
const MOST_BYTES = 5 * 1024 * 1024;

/** The connections to one provider: a request for each message, or one for many where the provider takes many. */
export class ApiLine {
  readonly #api: EmailApi;
  readonly #askAgainMs: readonly number[];
  readonly #pool: ReturnType<typeof openPool>;
  readonly #closing = new AbortController();
  readonly #waiting: Waiting[] = [];
  readonly #sending = new Set<Promise<Outcome>>();
  #gathering: NodeJS.Timeout | null = null;
  #requests = 0;

  /** @param connections at most so many at once: as many as messages in flight, where each is a request */
  constructor(api: EmailApi, connections: number, askAgainMs: readonly number[]) {
    this.#api = api;
    this.#askAgainMs = askAgainMs;
    this.#pool = openPool(api.endpoint, api.batch ? 2 * REQUESTS_AT_ONCE : connections);
  }

  send(mail: Mail, mayLeave: () => boolean): Promise<Outcome> {
    const sending =
      this.#api.batch && !mail.hasAttachments ? this.#gather(mail, mayLeave) : this.#alone(mail, mayLeave);
    this.#sending.add(sending);
    void sending.finally(() => this.#sending.delete(sending));
    return sending;
  }

  /** What the provider answers to a question; undefined: nothing that could be read. */
  async look(path: string): Promise<unknown> {
    const { endpoint } = this.#api;
    const reply = await exchange(this.#pool, endpoint, this.#api.get(path));
    if (reply.type !== 'answered' || reply.status !== 200) return undefined;
    return parseJson(reply.body) ?? undefined;
  }

  /** Lets what is on its way finish, for at most `waitMs`; what is given up then has its outcome at once. */
  async close(waitMs?: number): Promise<void> {
    if (this.#pool.closed || this.#pool.destroyed) return;
    const giveUp = () => {
      this.#closing.abort();
      void this.#pool.destroy();
    };
    const limit = waitMs === undefined ? undefined : setTimeout(giveUp, waitMs);
    while (this.#sending.size > 0) await Promise.allSettled(this.#sending);
    if (!this.#pool.destroyed) await this.#pool.close();
    clearTimeout(limit);
  }

  #gather(mail: Mail, mayLeave: () => boolean): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#waiting.push({ mail, mayLeave, resolve });
      if (this.#waiting.length >= this.#api.batch!.size) this.#flush();
      else this.#gathering ??= setTimeout(() => this.#flush(), GATHER_MS);
    });
  }

  #flush(): void {
    if (this.#gathering) clearTimeout(this.#gathering);
    this.#gathering = null;
    while (this.#waiting.length > 0 && this.#requests < REQUESTS_AT_ONCE) {
      const group = this.#waiting.splice(0, this.#api.batch!.size);
      this.#requests += 1;
      void this.#together(group).finally(() => {
        this.#requests -= 1;
        if (this.#waiting.length > 0) this.#flush();
      });
    }
  }

  async #alone(mail: Mail, mayLeave: () => boolean): Promise<Outcome> {
    const request = this.#api.request(mail);
    const [outcome] = await this.#untilKnown(() => this.#ask({ ...request, mayLeave }, 1));
    return outcome!;
  }

  async #together(given: Waiting[]): Promise<void> {
    const requests = given.map(({ mail }) => this.#api.request(mail));
    const count = howMany(requests);
    this.#waiting.unshift(...given.slice(count));
    const group = given.slice(0, count);
    if (group.length === 1) return group[0]!.resolve(await this.#alone(group[0]!.mail, group[0]!.mayLeave));
    const { path, headers } = this.#api.batch!;
    const attempts = group.map(({ mail }) => mail.attemptId).join(' ');
    const key = createHash('sha256').update(attempts).digest('base64url');
    const held = new Set<Waiting>();
    const request: Request = {
      method: 'POST',
      path,
      headers: headers(key),
      body: `[${requests
        .slice(0, count)
        .map(({ body }) => body)
        .join(',')}]`,
      mayLeave: () => {
        for (const one of group) if (!one.mayLeave()) held.add(one);
        return held.size === 0;
      },
    };
    const outcomes = await this.#untilKnown(() => this.#ask(request, count));
    const [first] = outcomes;
    if (outcomes.every((one) => one === STALLED) && held.size > 0) {
      // One may not leave any more: the others do, without it.
      for (const one of held) one.resolve(STALLED);
      this.#waiting.unshift(...group.filter((one) => !held.has(one)));
      return;
    }
    // Certainly refused, and nobody knows because of which: each is asked for by itself.
    const isForAll = outcomes.every((one) => one === first);
    if (isForAll && (first!.type === 'permanent' || first!.type === 'stop_send')) {
      await Promise.all(
        group.map(async ({ mail, mayLeave, resolve }) => resolve(await this.#alone(mail, mayLeave))),
      );
      return;
    }
    group.forEach(({ resolve }, at) => {
      resolve(outcomes[at]!);
    });
  }

  /**
   * A lost answer is asked for again where the provider knows repeats. Only that something was accepted tells anything of the
   * first time: a refusal is of the later request alone.
   */
  async #untilKnown(ask: () => Promise<Outcome[]>): Promise<Outcome[]> {
    const first = await ask();
    if (!this.#api.isIdempotent || first.some(({ type }) => type !== 'uncertain')) return first;
    for (const waitMs of this.#askAgainMs) {
      await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => {});
      if (this.#closing.signal.aborted) break;
      const again = await ask();
      if (again.some(({ type }) => type === 'accepted')) return again;
    }
    return first;
  }

  /** One request; an outcome for each of its messages, the same object where it is about all of them. */
  async #ask(request: Request, count: number): Promise<Outcome[]> {
    const { endpoint } = this.#api;
    const reply = await exchange(this.#pool, endpoint, request);
    if (reply.type === 'not_sent' && reply.code === STALLED.code) return Array(count).fill(STALLED);
    if (reply.type === 'answered' && reply.status >= 200 && reply.status < 300) {
      const json = parseJson(reply.body);
      if (count > 1) {
        const each = this.#api.batch!.read(json, reply, count, endpoint.hidden);
        if (each) return each;
      } else {
        const id = this.#api.accepted(json, reply);
        if (id !== null) return [{ type: 'accepted', providerMessageId: id }];
      }
    }
    return Array(count).fill(classifyFailure(this.#api, reply, endpoint.hidden));
  }
}

/** How many of the first ones fit into one request; at least one. */
function howMany(requests: readonly Pick<Request, 'body'>[]): number {
  let bytes = 0;
  const most = requests.findIndex(({ body = '' }, at) => {
    bytes += Buffer.byteLength(body);
    return at > 0 && bytes > MOST_BYTES;
  });
  return most < 0 ? requests.length : most;
}
