import { tortureWorkers } from './workers.ts';

/** The long run on PostgreSQL, and what came of it. @returns the exit code: 1 when a promise was broken. */
export async function runWorkers(options: {
  kills: number;
  leads: number;
  seed: number;
  workers: number;
  tells: boolean;
  signal: AbortSignal;
}): Promise<number> {
  const databaseUrl = process.env['DATABASE_URL'] || null;
  const where = databaseUrl === null ? 'a PostgreSQL of its own' : 'the PostgreSQL of DATABASE_URL';
  console.log(
    `${options.kills} kills, ${options.workers} workers on ${where}, ${options.leads} leads, seed ${options.seed}`,
  );
  const result = await tortureWorkers({ ...options, databaseUrl, report: (line) => console.log(line) });
  const broken = [
    ...result.duplicates.map((one) => `twice: ${one}`),
    ...result.lost.map((one) => `lost: ${one}`),
    ...result.wrong.map((one) => `wrong: ${one}`),
    ...result.missed.map((one) => `never met: ${one}`),
    ...result.complaints,
    ...(options.tells && result.unknownArrivedByWhatsApp > 0
      ? [`${result.unknownArrivedByWhatsApp} unknown of whom the provider told`]
      : []),
  ];
  const counts = Object.values(result.faults);
  console.log(`
faults met             ${counts.reduce((sum, count) => sum + count, 0)} of ${counts.length} kinds; ${result.kills} kills
sends                  ${result.sends}, ${result.deliveries} deliveries, ${result.accepted} accepted by the providers
sent twice             ${result.duplicates.length}
lost                   ${result.lost.length}
ledger not true        ${result.wrong.length}
unknown                ${result.unknown}, of which ${result.unknownArrived} had arrived (${result.unknownArrivedByWhatsApp} by WhatsApp); at most ${result.unknownBound} were in flight
most in doubt          ${result.mostInDoubt} by the end of one worker
killed to taken over   ${spread(result.takeovers.killed)}
stalled to taken over  ${spread(result.takeovers.stalled)}
the same, no database  ${spread(result.takeovers.databaseAway)}
the same, nobody up    ${spread(result.takeovers.aloneThen)}
database back to sent  ${spread(result.returnMs)}
SIGTERM to the end     ${spread(result.drainMs)}
took                   ${Math.round(result.seconds)} s`);
  for (const line of broken) console.error(line);
  return broken.length > 0 ? 1 : 0;
}

function spread(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return `${at(0.5)} ms median, ${at(0.95)} at 95 %, ${at(1)} longest (of ${sorted.length})`;
}
