import { byDialect, type Reader } from '../../../ledger/ledger.ts';
import { CHANNEL_NAMES, CHANNELS, type ChannelName } from '../../channel.ts';
import { eachSpan } from '../scan.ts';
import { suppressedSql } from './leaf-sql.ts';
import { nextLead } from './next-lead.ts';
import { placeInSample, Smallest } from './sample.ts';
import { FENCE, type Selection } from './selection.ts';

export type Reach = { reachable: number; suppressed: number; without_contact: number };

export interface Counted {
  total: number;
  readonly reach: Readonly<Record<ChannelName, Reach>>;
  /** The first ones. */
  readonly examples: number[];
}

const EXAMPLES = 5;
const KEYS = CHANNEL_NAMES.map((channel) => `l.${CHANNELS[channel].key} AS key_${channel}`);
/** Of the rows of a `q` with the columns of {@link KEYS}: all, or those for which something holds. */
const sums = (holds: string) =>
  [
    `count(*) FILTER (WHERE ${holds}) AS count`,
    ...CHANNEL_NAMES.flatMap((channel) => {
      const key = `q.key_${channel}`;
      const isOut = `${key} IS NOT NULL AND ${suppressedSql(channel, key)}`;
      return [
        `count(*) FILTER (WHERE ${holds} AND ${key} IS NULL) AS none_${channel}`,
        `count(*) FILTER (WHERE ${holds} AND ${isOut}) AS out_${channel}`,
      ];
    }),
  ].join(', ');
const SUMS = sums('TRUE');
const TOLD_SUMS = sums('q.holds');
const OF_LEADS = byDialect({
  sqlite: 'l.seq IN (SELECT value FROM json_each(?))',
  postgres: 'l.seq = ANY (CAST(? AS BIGINT[]))',
});

type Sums = { readonly count: number; readonly unsure?: number };

/** How many leads there are, and how many of them each channel would reach. A span at a time, as lists are read. */
export async function countSelected(
  reader: Reader,
  selection: Selection,
  signal?: AbortSignal,
): Promise<Counted> {
  const none = () => ({ reachable: 0, suppressed: 0, without_contact: 0 });
  const counted: Counted = { total: 0, reach: { email: none(), whatsapp: none() }, examples: [] };
  const add = (sum: Sums) => {
    counted.total += sum.count;
    for (const channel of CHANNEL_NAMES) {
      const reach = counted.reach[channel];
      const [without, out] = [`none_${channel}`, `out_${channel}`].map((name) => sum[name as 'count']);
      reach.without_contact += without!;
      reach.suppressed += out!;
      reach.reachable += sum.count - without! - out!;
    }
  };
  const counter = new SpanCounter(reader, selection);
  const look = async (after: number, through: number) => {
    for (const sum of await counter.count(after, through)) add(sum);
    if (counted.examples.length < EXAMPLES && counted.total > counted.examples.length) {
      const seqs = await selection.seqs(reader, after, through);
      counted.examples.push(...seqs.slice(0, EXAMPLES - counted.examples.length));
    }
    return true;
  };
  await eachSpan(reader, 0, look, signal, (after) => nextLead(reader, selection, after));
  return counted;
}

/** Where of more than this share the database cannot tell, it is not asked to count the rest by itself. */
const UNSURE_SHARE = 0.1;
/** Spans after which it is asked again. */
const ASKED_AGAIN = 20;

/** Counts a span by the database alone as far as it can tell, and by their numbers those of whom it cannot. */
class SpanCounter {
  readonly #reader: Reader;
  readonly #selection: Selection;
  #spans = 0;
  #isMostlySure = true;

  constructor(reader: Reader, selection: Selection) {
    this.#reader = reader;
    this.#selection = selection;
  }

  async count(after: number, through: number): Promise<Sums[]> {
    const [reader, selection] = [this.#reader, this.#selection];
    if (selection.isTold) {
      const { from, parameters, holds } = await selection.statement(reader, after, through, KEYS);
      return [(await reader.get<Sums>(`SELECT ${SUMS} FROM ${from} WHERE ${holds}`, ...parameters))!];
    }
    if (!this.#isMostlySure && this.#spans++ % ASKED_AGAIN > 0)
      return this.#ofLeads(await selection.seqs(reader, after, through));
    const { from, parameters, holds } = await selection.statement(reader, after, through, KEYS, FENCE);
    const keys = CHANNEL_NAMES.map((channel) => `q.key_${channel}`).join(', ');
    const told = await reader.get<Sums & { unsure: number }>(
      `SELECT ${TOLD_SUMS}, count(*) FILTER (WHERE q.holds IS NULL) AS unsure
       FROM (SELECT (${holds}) AS holds, ${keys} FROM ${from}${FENCE}) q`,
      ...parameters,
    );
    this.#isMostlySure = told!.unsure <= UNSURE_SHARE * (through - after);
    if (told!.unsure === 0) return [told!];
    return [told!, ...(await this.#ofLeads(await selection.seqs(reader, after, through, 'unsure')))];
  }

  async #ofLeads(seqs: readonly number[]): Promise<Sums[]> {
    if (seqs.length === 0) return [];
    const given = this.#reader.dialect === 'sqlite' ? JSON.stringify(seqs) : seqs;
    return this.#reader.all<Sums>(
      `SELECT ${SUMS} FROM (SELECT ${KEYS.join(', ')} FROM leads l
         WHERE ${OF_LEADS(this.#reader)} AND l.deleted_at IS NULL) q`,
      given,
    );
  }
}

/** The place up to which `size` of the leads stand in the order that a seed makes of them; -1: there are no leads. */
export async function sampleThrough(
  reader: Reader,
  selection: Selection,
  { seed, size }: { readonly seed: string; readonly size: number },
  signal?: AbortSignal,
): Promise<number> {
  const places = new Smallest(size);
  const look = async (after: number, through: number) => {
    const rows = await selection.rows<{ id: string }>(reader, after, through, ['l.id']);
    for (const { id } of rows) places.add(placeInSample(id, seed));
    return true;
  };
  await eachSpan(reader, 0, look, signal, (after) => nextLead(reader, selection, after));
  return places.largest();
}
