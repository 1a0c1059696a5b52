import type { Reader } from '../../../ledger/ledger.ts';
import { CHANNEL_NAMES, CHANNELS, type ChannelName } from '../../channel.ts';
import { eachSpan } from '../scan.ts';
import { suppressedSql } from './leaf-sql.ts';
import { nextLead } from './next-lead.ts';
import { placeInSample, Smallest } from './sample.ts';
import type { Selection } from './selection.ts';

export type Reach = { reachable: number; suppressed: number; without_contact: number };

export interface Counted {
  total: number;
  readonly reach: Readonly<Record<ChannelName, Reach>>;
  /** The first ones. */
  readonly examples: number[];
}

const EXAMPLES = 5;
const NOT_THERE = (channel: ChannelName) => `l.${CHANNELS[channel].key} IS NULL AS none_${channel}`;
const SUPPRESSED = (channel: ChannelName) => `${suppressedSql(channel)} AS out_${channel}`;
const FACTS = CHANNEL_NAMES.flatMap((channel) => [NOT_THERE(channel), SUPPRESSED(channel)]);
const SUMS = CHANNEL_NAMES.flatMap((channel) => [
  `count(*) FILTER (WHERE q.none_${channel}) AS none_${channel}`,
  `count(*) FILTER (WHERE q.out_${channel}) AS out_${channel}`,
]);

/** How many leads there are, and how many of them each channel would reach. A span at a time, as lists are read. */
export async function countSelected(
  reader: Reader,
  selection: Selection,
  signal?: AbortSignal,
): Promise<Counted> {
  const none = () => ({ reachable: 0, suppressed: 0, without_contact: 0 });
  const counted: Counted = { total: 0, reach: { email: none(), whatsapp: none() }, examples: [] };
  const add = (row: Readonly<Record<string, unknown>>, count: number) => {
    counted.total += count;
    for (const channel of CHANNEL_NAMES) {
      const reach = counted.reach[channel];
      const [without, out] = [Number(row[`none_${channel}`]), Number(row[`out_${channel}`])];
      reach.without_contact += without;
      reach.suppressed += out;
      reach.reachable += count - without - out;
    }
  };
  const look = async (after: number, through: number) => {
    if (selection.isTold) {
      const { from, parameters, holds } = await selection.statement(reader, after, through, FACTS);
      const told = (await reader.get<{ count: number }>(
        `SELECT count(*) AS count, ${SUMS.join(', ')} FROM ${from} WHERE ${holds}`,
        ...parameters,
      ))!;
      add(told as never, told.count);
    } else for (const row of await selection.rows(reader, after, through, FACTS)) add(row as never, 1);
    if (counted.examples.length < EXAMPLES && counted.total > counted.examples.length) {
      const rows = await selection.rows(reader, after, through);
      counted.examples.push(...rows.slice(0, EXAMPLES - counted.examples.length).map(({ seq }) => seq));
    }
    return true;
  };
  await eachSpan(reader, 0, look, signal, (after) => nextLead(reader, selection, after));
  return counted;
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
