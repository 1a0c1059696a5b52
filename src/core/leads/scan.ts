import { setTimeout as sleep } from 'node:timers/promises';
import { TidingsError } from '../../errors.ts';
import type { Reader } from '../../ledger/ledger.ts';

/** Leads looked at before everybody else gets a turn: a few milliseconds. SQLite answers without leaving the turn. */
const SPAN_ROWS = 2_500;
/**
 * And no more than this of notes and metadata, of which a lead may have 120 KB: the database reads through them even
 * for what stands behind them.
 */
const SPAN_BYTES = 500_000;

/** The last lead that is looked at together with those behind `after`. Lengths stand before the texts: this is quick. */
export async function spanEnd(
  reader: Reader,
  after: number,
  through: number,
  rows = SPAN_ROWS,
): Promise<number> {
  let end = Math.min(after + rows, through);
  while (end > after + 1) {
    const { bytes } = (await reader.get<{ bytes: number }>(
      `SELECT CAST(coalesce(sum(coalesce(octet_length(notes), 0) + octet_length(metadata)), 0) AS BIGINT) AS bytes
       FROM leads WHERE seq > ? AND seq <= ?`,
      after,
      end,
    ))!;
    if (bytes <= SPAN_BYTES) break;
    // At least half: where the long ones stand first, their share says too little.
    end = after + Math.max(1, Math.floor((end - after) * Math.min(0.5, SPAN_BYTES / bytes)));
  }
  return end;
}

/** Whoever waits to look at leads, in this process. */
let queue: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = queue.then(work);
  queue = turn.catch(() => {});
  return turn;
}

/**
 * Goes through all leads behind `afterSeq`, a span after the other, until `look` answers false or the caller leaves.
 * Of all who do this one looks at a time, each at one span, and rests as long as that took: somebody who asks for a list
 * again and again must not take the process from a send at full speed (it fell from 25,000 to 2,500 messages a second).
 * @param next the first lead behind one that is worth a look, null: there is none
 * @throws TidingsError `conflict` when `signal` is aborted: nobody waits for the rest.
 */
export async function eachSpan(
  reader: Reader,
  afterSeq: number,
  look: (after: number, through: number) => Promise<boolean>,
  signal?: AbortSignal,
  next: (after: number) => Promise<number | null> = async (after) => after + 1,
): Promise<void> {
  const newest = await newestLead(reader);
  for await (const goesOn of readSpans(reader, afterSeq, newest, look, signal, next)) if (!goesOn) return;
}

export async function newestLead(reader: Reader): Promise<number> {
  const row = await reader.get<{ newest: number }>('SELECT coalesce(max(seq), 0) AS newest FROM leads');
  return row!.newest;
}

/** The same as far as `newest`, giving what was read of each span: nobody is kept waiting by whoever takes it slowly. */
export async function* readSpans<T>(
  reader: Reader,
  afterSeq: number,
  newest: number,
  read: (after: number, through: number) => Promise<T>,
  signal?: AbortSignal,
  next: (after: number) => Promise<number | null> = async (after) => after + 1,
): AsyncGenerator<T> {
  let after = afterSeq;
  let restsUntil = 0;
  while (after < newest) {
    const found = await inTurn(async () => {
      const restMs = restsUntil - performance.now();
      if (restMs > 0) await sleep(restMs);
      if (signal?.aborted) throw left();
      const startedAt = performance.now();
      const first = await next(after);
      if (first === null || first > newest) return null;
      after = first - 1;
      const through = await spanEnd(reader, after, newest);
      const given = await read(after, through);
      after = through;
      restsUntil = 2 * performance.now() - startedAt;
      return { given };
    });
    if (found === null) return;
    yield found.given;
  }
}

/** The same from the newest lead on, or from those before `before`. */
export async function eachSpanBack(
  reader: Reader,
  before: number | null,
  look: (after: number, through: number) => Promise<boolean>,
  signal?: AbortSignal,
): Promise<void> {
  let through = before === null ? await newestLead(reader) : before - 1;
  // A span that is too fat is looked at in parts; the next one is as thin.
  let rows = SPAN_ROWS;
  let goesOn = true;
  while (goesOn && through > 0) {
    await inTurn(async () => {
      if (signal?.aborted) throw left();
      const startedAt = performance.now();
      const after = Math.max(0, through - rows);
      const end = await spanEnd(reader, after, through);
      if (end < through) {
        rows = Math.max(1, Math.floor((through - after) / 2));
        return;
      }
      goesOn = await look(after, through);
      through = after;
      rows = Math.min(SPAN_ROWS, rows * 2);
      if (goesOn && through > 0) await sleep(performance.now() - startedAt);
    });
  }
}

function left(): TidingsError {
  return new TidingsError('conflict', 'The caller left before the search was over.');
}
