import { atMost, type Bench, median, quantile } from '../bench.ts';
import { leadsCsv } from '../support/leads.ts';
import { TidingsServer } from '../support/tidings-server.ts';

/** An audience of everybody, and pages of it from anywhere, over HTTP. */
export const audience: Bench = async ({ quick, log }) => {
  const [count, pages] = quick ? [2_000, 20] : [1_000_000, 300];
  const server = await TidingsServer.start();
  try {
    await server.call('POST', '/api/leads/import', leadsCsv(count));
    const built: number[] = [];
    let id = '';
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      const startedAt = performance.now();
      id = await server.audience();
      built.push((performance.now() - startedAt) / 1_000);
      log(`built in ${built.at(-1)!.toFixed(2)} s`);
    }
    const { total_count, total_pages } = await server.call('GET', `/api/audiences/${id}`);
    if (total_count !== count) throw new Error(`The audience has ${total_count} leads, not ${count}.`);
    const times: number[] = [];
    const all: number[] = [];
    for (let at = 0; at < pages; at++) {
      const page = 1 + Math.floor((at / (pages - 1)) * (total_pages - 1));
      const three: number[] = [];
      for (let ask = 0; ask < 3; ask++) {
        const startedAt = performance.now();
        await server.call('GET', `/api/audiences/${id}?page=${page}`);
        three.push(performance.now() - startedAt);
      }
      times.push(median(three));
      all.push(...three);
    }
    return {
      setting: `An audience of ${count} leads; ${pages} pages of 50, evenly from the first to the last, over HTTP, each asked three times; a page is the median of its three`,
      rows: [
        { what: 'built in', unit: 's', runs: built },
        { what: 'a page, median', unit: 'ms', runs: [median(times)] },
        { what: 'a page, 99 %', unit: 'ms', runs: [quantile(times, 0.99)] },
        { what: 'a page, slowest', unit: 'ms', runs: [Math.max(...times)] },
        { what: 'a single answer, slowest', unit: 'ms', runs: [Math.max(...all)] },
      ],
      goals: [
        atMost('built within 5 s', median(built), 5, 2),
        atMost('any page within 20 ms', Math.max(...times), 20),
      ],
    };
  } finally {
    await server.stop();
  }
};
