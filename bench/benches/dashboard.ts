import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Bench, median } from '../bench.ts';
import { HTML, leadsCsv, SUBJECT } from '../support/leads.ts';
import { startSink } from '../support/sink.ts';
import { TidingsServer } from '../support/tidings-server.ts';

const PAGES = 100;
/** Of the send whose pages are open while they are counted: every answer is another one each second. */
const RATE = 50;
/** So often somebody asks how far a send at full speed is, whoever else looks. */
const EVERY_MS = 50;
/** More than leave in the two looks of a turn beside what was waited for. */
const MARGIN = 5_000;

/** What it costs that many look on, and what whoever sends notices of them. In turn: alone, then with all pages open. */
export const dashboard: Bench = async ({ quick, log }) => {
  const [rounds, pages, count, seconds, turn] = quick
    ? [1, 10, 10_000, 0.3, 500]
    : [3, PAGES, 300_000, 15, 15_000];
  const sink = await startSink();
  const email = { SMTP_URL: sink.url, SMTP_CONNECTIONS: '20', EMAIL_FROM: 'News <news@shop.example>' };
  const slow = await TidingsServer.start({ ...email, SMTP_RATE: String(RATE) });
  const fast = await TidingsServer.start(email);
  try {
    const idle = await costOfLooking(slow, { rounds, pages, seconds });
    const share = median(idle.map(({ alone, watched, after }) => watched - (alone + after) / 2));
    log(`${pages} pages at a send of ${RATE} a second: ${share.toFixed(2)} % of a core`);
    await fast.call('POST', '/api/leads/import', leadsCsv(count));
    const audience = await fast.audience();
    const runs: { alone: Look; watched: Look }[] = [];
    for (let round = 0; round < rounds; round++)
      runs.push(...(await speedWatched(fast, audience, { campaign: `round ${round}`, pages, turn })));
    const slower = (of: 'rate' | 'cpu') =>
      median(
        runs.map(({ alone, watched }) =>
          of === 'rate' ? 100 * (1 - watched.rate / alone.rate) : 100 * (watched.cpu / alone.cpu - 1),
        ),
      );
    const all = (of: 'alone' | 'watched', what: 'rate' | 'cpu') => runs.map((run) => run[of][what]);
    return {
      setting: `${pages} pages of one send open at once, each with its three live queries in one stream; once while it goes on at ${RATE} messages a second, counted for ${seconds} s and compared with as long before and after that nobody looked; and ${rounds} sends at full speed to ${count} leads (${sink.name}, 20 sessions), at which nobody and all look in turns of ${turn} messages: each turn is compared with the one before and the one after`,
      rows: [
        { what: 'processor, nobody looks', unit: '% of a core', runs: idle.map(({ alone }) => alone) },
        { what: `processor, ${pages} pages`, unit: '% of a core', runs: idle.map(({ watched }) => watched) },
        { what: 'full speed, nobody looks', unit: 'messages/s', runs: all('alone', 'rate') },
        { what: `full speed, ${pages} pages`, unit: 'messages/s', runs: all('watched', 'rate') },
        { what: 'full speed, nobody looks: processor', unit: 'µs/message', runs: all('alone', 'cpu') },
        { what: `full speed, ${pages} pages: processor`, unit: 'µs/message', runs: all('watched', 'cpu') },
      ],
      goals: [
        atMost(`${PAGES} pages cost less than 5 % of a core`, share, 5),
        atMost('sending is slower by at most 2 %, turn by turn', slower('rate'), 2),
        atMost('a message costs at most 2 % more processor time, turn by turn', slower('cpu'), 2),
      ],
    };
  } finally {
    await slow.stop();
    await fast.stop();
    await sink.stop();
  }
};

/** While a send goes on slowly. */
async function costOfLooking(
  server: TidingsServer,
  { rounds, pages, seconds }: { rounds: number; pages: number; seconds: number },
) {
  await server.call('POST', '/api/leads/import', leadsCsv(RATE * seconds * 4 * (rounds + 2)));
  const audience_id = await server.audience();
  const { send_id } = await server.call('POST', '/api/sends', {
    ...{ audience_id, channel: 'email', subject: SUBJECT, message: HTML, max_wait_seconds: 0 },
  });
  const cost = async () => {
    const before = { cpu: server.cpuSeconds(), at: performance.now() };
    await sleep(seconds * 1_000);
    return (100_000 * (server.cpuSeconds() - before.cpu)) / (performance.now() - before.at);
  };
  const runs = [];
  // Until what runs often is compiled.
  await cost();
  for (let round = 0; round < rounds; round++) {
    const alone = await cost();
    const close = await openPages(server, send_id, pages);
    const watched = await cost();
    close();
    // The machine's mood changes: compared with what it was before and after.
    runs.push({ alone, watched, after: await cost() });
  }
  return runs;
}

/** While a send goes on as fast as it can: in turns nobody looks and all do, each time compared with before and after. */
async function speedWatched(
  server: TidingsServer,
  audience_id: string,
  { campaign, pages, turn }: { campaign: string; pages: number; turn: number },
) {
  const { send_id } = await server.call('POST', '/api/sends', {
    ...{ audience_id, channel: 'email', subject: SUBJECT, message: HTML, campaign, allow_repeat: true },
    max_wait_seconds: 0,
  });
  const status = () => server.call('GET', `/api/sends/${send_id}`);
  const look = async () => {
    const { total_sent } = await status();
    const before = { cpu: server.cpuSeconds(), at: performance.now() };
    let count = 0;
    while (count < turn) {
      await sleep(EVERY_MS);
      const { total_sent: now, state } = await status();
      count = now - total_sent;
      if (state !== 'running') throw new Error('The send was over while it was looked at.');
    }
    return {
      rate: (1_000 * count) / (performance.now() - before.at),
      cpu: (1e6 * (server.cpuSeconds() - before.cpu)) / count,
    };
  };
  const runs: { alone: Look; watched: Look }[] = [];
  await look();
  let before = await look();
  do {
    const close = await openPages(server, send_id, pages);
    const watched = await look();
    close();
    const after = await look();
    runs.push({
      alone: { rate: (before.rate + after.rate) / 2, cpu: (before.cpu + after.cpu) / 2 },
      watched,
    });
    before = after;
  } while ((await status()).total_remaining > 2 * turn + MARGIN);
  while ((await status()).state !== 'completed') await sleep(100);
  return runs;
}

interface Look {
  readonly rate: number;
  readonly cpu: number;
}

/** As the page of a send asks. Resolves when each has had its first answers. */
async function openPages(server: TidingsServer, send_id: string, pages: number): Promise<() => void> {
  const queries = [
    `sends.get?send_id=${send_id}`,
    `sends.map?send_id=${send_id}`,
    `sends.deliveries?send_id=${send_id}&limit=50`,
  ];
  const url = `${server.url}/api/live?${queries.map((one) => `q=${encodeURIComponent(one)}`).join('&')}`;
  const agent = new Agent({ keepAlive: false });
  const open = Array.from({ length: pages }, () => {
    const request = get(url, { agent });
    const first = new Promise<void>((resolve, reject) => {
      request.once('response', (response) => {
        response.once('data', () => resolve());
        response.on('error', () => {}).resume();
      });
      request.on('error', reject);
    });
    return { request, first };
  });
  await Promise.all(open.map(({ first }) => first));
  return () => {
    for (const { request } of open) request.on('error', () => {}).destroy();
  };
}
