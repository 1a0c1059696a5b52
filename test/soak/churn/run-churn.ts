import { churn, type Held } from './churn.ts';

/** One move after the other, begun so far apart. */
const EVERY_MS = 500;
const SAMPLES = 12;
const WARM_UP = 2;
const GROWTH_MAX_MB = 10;

/** @returns the exit code: 1 when something was lost, came twice or is kept */
export async function runChurn(minutes: string): Promise<number> {
  if (!/^[1-9]\d{0,3}$/.test(minutes)) {
    console.error(`"${minutes}" is no whole number of minutes above 0: --minutes N`);
    return 2;
  }
  const moves = (Number(minutes) * 60_000) / EVERY_MS;
  console.log('  second   heap, MB   resident, MB   files and sockets');
  const show = ({ atSecond, heapMb, residentMb, handles }: Held) =>
    console.log(
      `${atSecond.toFixed(0).padStart(8)}${heapMb.toFixed(1).padStart(11)}${residentMb.toFixed(0).padStart(15)}${String(handles).padStart(20)}`,
    );
  const sampleEvery = Math.ceil(moves / SAMPLES);
  const { held, losses, ...counts } = await churn({ moves, everyMs: EVERY_MS, sampleEvery, report: show });
  console.log(
    `${counts.moves} moves, ${counts.calls} calls (${counts.refusedMeanwhile} refused, as something else had happened), ${counts.sends} sends, ${counts.messages} messages, ${counts.leads} leads`,
  );
  // Code is compiled and caches fill in the beginning.
  const grown = held.at(-1)!.heapMb - held[Math.min(WARM_UP, held.length - 1)]!.heapMb;
  const kept = held.at(-1)!.handles - held[0]!.handles;
  const wrong = [
    ...losses,
    ...(grown >= GROWTH_MAX_MB ? [`the heap grew by ${grown.toFixed(1)} MB`] : []),
    ...(kept > 0 ? [`${kept} files or sockets more are open than at the start`] : []),
  ];
  for (const one of wrong) console.error(one);
  if (wrong.length === 0) console.log('Nothing was lost, nothing came twice, nothing is kept.');
  return wrong.length > 0 ? 1 : 0;
}
