import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Bench } from '../bench.ts';
import { TidingsServer } from '../support/tidings-server.ts';

/** A server that nobody asks anything. */
export const idle: Bench = async ({ quick }) => {
  const seconds = quick ? 1 : 60;
  const server = await TidingsServer.start();
  try {
    await sleep(quick ? 500 : 5_000);
    const before = server.cpuSeconds();
    await sleep(seconds * 1_000);
    const share = ((server.cpuSeconds() - before) / seconds) * 100;
    const memory = server.residentMb();
    await server.call('GET', '/health');
    await server.call('POST', '/mcp', { method: 'tools/list' });
    return {
      setting: `A server just started, both channels in sandbox, left alone for ${seconds} s`,
      rows: [
        { what: 'resident memory', unit: 'MB', runs: [memory] },
        { what: 'after a call over HTTP and one over MCP', unit: 'MB', runs: [server.residentMb()] },
        { what: 'processor', unit: '% of one core', runs: [share] },
      ],
      goals: [
        atMost('at most 90 MB', memory, 90, 0),
        atMost('no processor worth measuring: 0.5 % of a core', share, 0.5, 2),
      ],
    };
  } finally {
    await server.stop();
  }
};
