import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Bench, median, type Row } from '../bench.ts';
import { HTML, leadsCsv, SUBJECT } from '../support/leads.ts';
import { startSink } from '../support/sink.ts';
import { TidingsServer } from '../support/tidings-server.ts';

const SESSIONS = 20;
/** Messages of one figure: a long send gives several, so that what else the machine does shows as their spread. */
const SLICE = 100_000;

/** Memory and the cost of a message while the number of leads grows a hundredfold. */
export const growth: Bench = async ({ quick, log }) => {
  const counts = quick ? [200, 600] : [10_000, 100_000, 1_000_000];
  const sink = await startSink();
  const rates: Row[] = [];
  const costs: Row[] = [];
  const peaks: Row[] = [];
  try {
    for (const count of counts) {
      const run = { rate: [] as number[], cost: [] as number[], peak: [] as number[] };
      // A short send says little: it is repeated until as many messages were sent.
      const server = await TidingsServer.start({
        SMTP_URL: sink.url,
        SMTP_CONNECTIONS: String(SESSIONS),
        EMAIL_FROM: 'News <news@shop.example>',
      });
      await server.call('POST', '/api/leads/import', leadsCsv(count));
      const audience = await server.audience();
      for (let round = 0; round < (quick || count >= 1_000_000 ? 1 : 5); round++) {
        const sending = { isDone: false };
        const campaign = `c${round}`;
        const costs = costsWhile(server, sending, campaign, Math.min(count, SLICE));
        const message = { channel: 'email', subject: SUBJECT, message: HTML, campaign, allow_repeat: true };
        const { result, seconds } = await server.send(audience, message);
        sending.isDone = true;
        if (result.total_sent !== count) throw new Error(`Not all were sent: ${JSON.stringify(result)}`);
        run.rate.push(count / seconds);
        run.cost.push(...(await costs));
      }
      run.peak.push(server.peakMb());
      await server.stop();
      const what = count.toLocaleString('en-US');
      log(`${what}: ${Math.round(run.rate[0]!)} messages/s, ${Math.round(run.peak[0]!)} MB`);
      rates.push({ what: `messages, ${what} leads`, unit: 'messages/s', runs: run.rate });
      costs.push({ what: `processor time, ${what} leads`, unit: 'µs for each message', runs: run.cost });
      peaks.push({ what: `peak of resident memory, ${what} leads`, unit: 'MB', runs: run.peak });
    }
  } finally {
    await sink.stop();
  }
  const middle = (row: Row | undefined) => median(row!.runs);
  const ratio = (rows: Row[]) => middle(rows.at(-1)) / middle(rows[0]);
  return {
    setting: `Import, audience and send of personalised HTML and text to ${sink.name}, ${SESSIONS} sessions; the peak is of the whole life of the server`,
    rows: [...rates, ...costs, ...peaks],
    goals: [
      atMost('the peak at the largest size, at most 160 MB', middle(peaks.at(-1)), 160, 0),
      atMost('stretch: 120 MB', middle(peaks.at(-1)), 120, 0),
      atMost('the peak, at most 1.2 times that of the smallest size', ratio(peaks), 1.2, 2),
      atMost('processor time for a message, flat within 10 %', ratio(costs), 1.1, 2),
    ],
  };
};

/** Processor time of each slice of the send that runs, in µs for each message. */
async function costsWhile(
  server: TidingsServer,
  sending: { isDone: boolean },
  campaign: string,
  slice: number,
): Promise<number[]> {
  const costs: number[] = [];
  let cpu = server.cpuSeconds();
  let sent = 0;
  for (;;) {
    const isLast = sending.isDone;
    const now = await server.sent(campaign);
    if (now - sent >= slice) {
      const spent = server.cpuSeconds();
      costs.push(((spent - cpu) * 1e6) / (now - sent));
      [cpu, sent] = [spent, now];
    }
    if (isLast) return costs;
    await sleep(50);
  }
}
