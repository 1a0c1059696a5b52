import { setTimeout as sleep } from 'node:timers/promises';
import { TidingsError } from '../../errors.ts';
import { byDialect, type Reader } from '../../ledger/ledger.ts';

/** Leads looked at in one go: as many as take about so long. SQLite answers within the turn, and others wait for it. */
const SPAN_MS = byDialect({ sqlite: 8, postgres: 40 });
const SPAN_ROWS = { first: 2_500, least: 250, most: 10_000 };
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
  rows = SPAN_ROWS.first,
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

/** How many leads make the next span, by how long those before took. */
export class SpanSize {
  readonly #ms: number;
  rows = SPAN_ROWS.first;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** @param rows how many there were; fewer than were asked for where they are fat */
  took(ms: number, rows: number): void {
    const wanted = rows * (this.#ms / Math.max(ms, 0.1));
    // A span that was slow since others were busy says little: at most twice and half as many.
    const near = Math.min(2 * this.rows, Math.max(this.rows / 2, wanted));
    this.rows = Math.round(Math.min(SPAN_ROWS.most, Math.max(SPAN_ROWS.least, near)));
  }
}

/** A look at what others of this process do. */
const LOOK_MS = 1;

/** Rests while others have work, for `ms` at most: half of the process stays theirs, and what they do not need is used. */
export async function rest(ms: number): Promise<void> {
  const until = performance.now() + ms;
  do {
    const before = performance.eventLoopUtilization();
    await sleep(LOOK_MS);
    const { active, idle } = performance.eventLoopUtilization(before);
    if (idle > active) return;
  } while (performance.now() < until);
}

/**
 * Goes through all leads behind `afterSeq`, a span after the other, until `look` answers false or the caller leaves.
 * Of all who do this one looks at a time, each at one span, and rests as long as that took where others have work: somebody
 * who asks for a list again and again must not take the process from a send at full speed (it fell from 25,000 to 2,500
 * messages a second).
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
  let tookMs = 0;
  const size = new SpanSize(SPAN_MS(reader));
  while (after < newest) {
    const found = await inTurn(async () => {
      if (tookMs > 0) await rest(tookMs);
      if (signal?.aborted) throw left();
      const startedAt = performance.now();
      const first = await next(after);
      if (first === null || first > newest) return null;
      const through = await spanEnd(reader, first - 1, newest, size.rows);
      const given = await read(first - 1, through);
      tookMs = performance.now() - startedAt;
      size.took(tookMs, through - first + 1);
      after = through;
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
  let rows = SPAN_ROWS.first;
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
      rows = Math.min(SPAN_ROWS.first, rows * 2);
      if (goesOn && through > 0) await rest(performance.now() - startedAt);
    });
  }
}

function left(): TidingsError {
  return new TidingsError('conflict', 'The caller left before the search was over.');
}
