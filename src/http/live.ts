import { setTimeout as sleep, setImmediate as yieldTurn } from 'node:timers/promises';
import type * as z from 'zod';
import { TidingsError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import type { Caller, Operation } from '../operations/operation.ts';
import { runOperation } from '../operations/run-operation.ts';
import { untilAny } from '../until-any.ts';
import { toErrorResponse } from './error-response.ts';
import { fromQuery } from './rest-input.ts';

const PERIOD_MS = 1_000;
const PERIOD_MAX_MS = 10_000;
/** Looking on may take this part of a second: whoever sends shares the thread. */
const SHARE = 0.05;
const BEAT_MS = 10_000;
/** Then the browser comes again by itself, and is asked anew who it is. */
const STREAM_MS = 60_000;
const QUERIES_MAX = 8;
const READERS_MAX = 1_000;
/** Bytes that a reader leaves unfetched before it is let go. */
const UNFETCHED_MAX = 1024 * 1024;

export interface LiveOptions {
  readonly operations: readonly Operation[];
  readonly log: Log;
  readonly stop: AbortSignal;
}

interface Query {
  /** As it was asked: `sends.get?send_id=…`. */
  readonly text: string;
  readonly operation: Operation;
  readonly input: Record<string, unknown>;
  /** Whoever asked first: reading is what every role may. */
  readonly caller: Caller;
  readonly readers: Set<Reader>;
  answer: string | null;
  askedAt: number;
}

interface Reader {
  write(text: string): void;
}

/**
 * What pages show while it moves: each read that somebody looks at is repeated once a second, once for all who look, and
 * told when its answer is another one. Nothing is added to what sends; with many processes each does so for its own readers.
 */
export class Live {
  readonly #options: LiveOptions;
  readonly #queries = new Map<string, Query>();
  readonly #readers = new Set<Reader>();
  #running = false;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /**
   * A stream of server-sent events: `data` is `{ q, at, answer }`, or `{ q, at, refusal }`; `beat` says that nothing has
   * changed.
   * @param texts read operations with their arguments: `sends.get?send_id=…`
   * @throws TidingsError `invalid_argument`, or `busy`
   */
  open(texts: readonly string[], caller: Caller, gone: AbortSignal): Response {
    const queries = this.#read(texts, caller);
    if (this.#readers.size >= READERS_MAX)
      throw new TidingsError('busy', `${READERS_MAX} pages look on already.`, { fix: 'Try again later.' });
    const encoder = new TextEncoder();
    const own = new AbortController();
    const close = () => own.abort();
    const { signal: over, end: letGo } = untilAny(gone, this.#options.stop, own.signal);
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const reader: Reader = {
            write: (text) => {
              if (over.aborted) return;
              if ((controller.desiredSize ?? 0) < -UNFETCHED_MAX) return close();
              controller.enqueue(encoder.encode(text));
            },
          };
          const beat = setInterval(() => reader.write('event: beat\ndata:\n\n'), BEAT_MS);
          const end = setTimeout(close, STREAM_MS);
          over.addEventListener('abort', () => {
            letGo();
            clearInterval(beat);
            clearTimeout(end);
            this.#leave(reader, queries);
            try {
              controller.close();
            } catch {
              // Its reader has cancelled it.
            }
          });
          reader.write(`retry: ${1_000 + Math.round(Math.random() * 2_000)}\n\n`);
          this.#join(reader, queries);
        },
        cancel: close,
      },
      { highWaterMark: 0 },
    );
    return new Response(body, {
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      },
    });
  }

  #read(texts: readonly string[], caller: Caller): Query[] {
    if (texts.length === 0 || texts.length > QUERIES_MAX)
      throw new TidingsError('invalid_argument', `q is given ${texts.length} times.`, {
        fix: `Give it 1 to ${QUERIES_MAX} times, each a read operation: q=sends.get?send_id=…`,
      });
    return [...new Set(texts)].map((text) => {
      const known = this.#queries.get(text);
      if (known) return known;
      const [name = '', ...rest] = text.split('?');
      const operation = this.#options.operations.find((one) => one.name === name && one.isLive);
      if (!operation) {
        const live = this.#options.operations.filter(({ isLive }) => isLive).map((one) => one.name);
        throw new TidingsError('invalid_argument', `q names "${name.slice(0, 100)}", which is not live.`, {
          fix: `Live are: ${live.join(', ')}.`,
        });
      }
      const input = fromQuery(operation.input as z.ZodObject, new URLSearchParams(rest.join('?')));
      return { text, operation, input, caller, readers: new Set(), answer: null, askedAt: 0 };
    });
  }

  #join(reader: Reader, queries: readonly Query[]): void {
    this.#readers.add(reader);
    for (const query of queries) {
      this.#queries.set(query.text, query);
      query.readers.add(reader);
      // Whoever comes later has what the others see at once.
      if (query.answer !== null) reader.write(toEvent(query));
    }
    void this.#run();
  }

  #leave(reader: Reader, queries: readonly Query[]): void {
    this.#readers.delete(reader);
    for (const query of queries) {
      query.readers.delete(reader);
      if (query.readers.size === 0 && this.#queries.get(query.text) === query)
        this.#queries.delete(query.text);
    }
  }

  /** Until nobody looks any more. */
  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#queries.size > 0) {
        let tookMs = 0;
        for (const query of [...this.#queries.values()]) {
          if (query.readers.size === 0 || performance.now() - query.askedAt < PERIOD_MS * 0.9) continue;
          const took = stopwatch();
          await this.#ask(query);
          tookMs += took();
          await yieldTurn();
        }
        await this.#pause(Math.min(Math.max(PERIOD_MS, tookMs / SHARE), PERIOD_MAX_MS));
      }
    } finally {
      this.#running = false;
    }
  }

  /** Somebody who asks for something new meanwhile does not wait for it. */
  async #pause(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (performance.now() < until && this.#queries.size > 0) {
      await sleep(Math.max(0, Math.min(50, until - performance.now())));
      for (const query of this.#queries.values()) if (query.answer === null) await this.#ask(query);
    }
  }

  async #ask(query: Query): Promise<void> {
    const { operation, input, text, caller } = query;
    const { log, stop } = this.#options;
    query.askedAt = performance.now();
    let answer: string;
    try {
      answer = JSON.stringify({ answer: await runOperation(operation, input, caller, { signal: stop }) });
    } catch (error) {
      answer = JSON.stringify({ refusal: toErrorResponse(error, log, operation.name).body });
    }
    if (answer === query.answer) return;
    query.answer = answer;
    if (this.#queries.get(text) !== query) return;
    const event = toEvent(query);
    for (const reader of query.readers) reader.write(event);
  }
}

/** Of this thread, as far as can be known: what others of the machine do meanwhile is no reason to look less often. */
function stopwatch(): () => number {
  const started = performance.now();
  const { user, system } = process.threadCpuUsage();
  return () => {
    const used = process.threadCpuUsage();
    return Math.min(performance.now() - started, (used.user + used.system - user - system) / 1_000);
  };
}

function toEvent({ text, answer }: Query): string {
  const head = JSON.stringify({ q: text, at: new Date().toISOString() });
  return `data: ${head.slice(0, -1)},${answer!.slice(1)}\n\n`;
}
