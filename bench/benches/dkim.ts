import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { atLeast, type Bench, median, type Row } from '../bench.ts';
import { HTML, leadsCsv, SUBJECT } from '../support/leads.ts';
import { startSink } from '../support/sink.ts';
import { TidingsServer } from '../support/tidings-server.ts';
import { timed } from '../support/timed.ts';

const SESSIONS = 20;
const SIGN = join(import.meta.dirname, '../rivals/sign.mjs');
const UNSIGNED = 'Tidings, unsigned';
const SIGNED = 'Tidings, signed with RSA-2048';
const ALONE = 'the threads of libuv, which only sign';

/** Email with a signature for each message, beside the same without, and beside what the machine can sign at all. */
export const dkim: Bench = async ({ quick, log }) => {
  const [rounds, count, few] = quick ? [1, 500, 300] : [3, 60_000, 15_000];
  const sink = await startSink();
  const pem = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  const unsigned = await server(sink.url, count, {});
  const signed = await server(sink.url, few, { DKIM_PRIVATE_KEY: pem });
  const contenders = [
    { what: UNSIGNED, count, run: unsigned.run },
    { what: SIGNED, count: few, run: signed.run },
    { what: ALONE, count: few, run: () => timed(SIGN, few) },
  ];
  const runs = new Map<string, number[]>(contenders.map(({ what }) => [what, []]));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const { what, count, run } of contenders) {
        const rate = count / (await run());
        runs.get(what)!.push(rate);
        log(`${what}: ${Math.round(rate)} a second`);
      }
    }
  } finally {
    await unsigned.close();
    await signed.close();
    await sink.stop();
  }
  const rows: Row[] = contenders.map(({ what, count }) => ({
    what,
    unit: what === ALONE ? 'signatures/s' : 'messages/s',
    runs: runs.get(what)!,
    note: `${count} a run`,
  }));
  const share = median(runs.get(SIGNED)!.map((rate, round) => rate / runs.get(ALONE)![round]!));
  return {
    setting: `Personalised HTML and text of about 3 KB with the link to unsubscribe in header and footer, ${SESSIONS} sessions, one process, to ${sink.name} on the same machine, which takes its own share of the cores; ${rounds === 1 ? 'one round' : `${rounds} rounds`}, all in turn`,
    rows,
    goals: [atLeast('at least 80 % of what the threads of libuv can sign', share, 0.8, 2)],
  };
};

async function server(url: string, count: number, more: Record<string, string>) {
  const tidings = await TidingsServer.start({
    SMTP_URL: url,
    SMTP_CONNECTIONS: String(SESSIONS),
    EMAIL_FROM: 'News <news@shop.example>',
    PUBLIC_URL: 'https://localhost',
    ...more,
  });
  await tidings.call('POST', '/api/leads/import', leadsCsv(count));
  const audience = await tidings.audience();
  let campaign = 0;
  return {
    async run() {
      campaign += 1;
      const message = { channel: 'email', subject: SUBJECT, message: HTML, campaign: `c${campaign}` };
      const { result, seconds } = await tidings.send(audience, message);
      if (result.total_sent !== count) throw new Error(`Not all were sent: ${JSON.stringify(result)}`);
      return seconds;
    },
    close: () => tidings.stop(),
  };
}
