import { expect, test } from 'vitest';
import { fakeApp, post } from './fake-tidings.ts';

const SMALL = 4 * 1024;
const TIMES = 16;
const { app } = fakeApp({ apiKey: 'correct horse' });
const KEY = { 'x-api-key': 'correct horse' };

/** The least of some runs: others on the machine make some of them longer, and none shorter. */
async function leastMs(work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 7; run++) {
    const startedAt = performance.now();
    await work();
    least = Math.min(least, performance.now() - startedAt);
  }
  return least;
}

const list = { method: 'tools/list' };
const cases: Record<string, (size: number) => unknown> = {
  'a key of blanks': (size) =>
    app.request('/api/leads', { headers: { authorization: `Bearer ${' '.repeat(size)}\u00a0` } }),
  'a key of one letter': (size) => app.request('/api/leads', { headers: { 'x-api-key': 'k'.repeat(size) } }),
  'a Host of dots': (size) =>
    app.request('/api/leads', { headers: { ...KEY, host: `${'.'.repeat(size)}!` } }),
  'an Origin of slashes': (size) =>
    app.request('/api/leads', { headers: { ...KEY, origin: `http:${'/'.repeat(size)}@` } }),
  'a content type of pluses': (size) =>
    app.request('/api/sends', {
      method: 'POST',
      body: '{}',
      headers: { ...KEY, 'content-type': `application/${'a+'.repeat(size / 2)}` },
    }),
  'a content type of blanks': (size) =>
    app.request('/api/sends', {
      method: 'POST',
      body: '{}',
      headers: { ...KEY, 'content-type': `application/json${' '.repeat(size)}x` },
    }),
  'a content type of parameters': (size) =>
    app.request(
      '/mcp',
      post(list, { ...KEY, 'content-type': `application/json${'; a="'.repeat(size / 5)}` }),
    ),
  'a method of MCP in base64': (size) =>
    app.request(
      '/mcp',
      post(list, {
        ...KEY,
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': `=?base64?${'A'.repeat(size)}`,
      }),
    ),
  'an Accept of commas': (size) => app.request('/mcp', post(list, { ...KEY, accept: ', '.repeat(size / 2) })),
  'a number of digits': (size) => app.request(`/api/leads?limit=${'1'.repeat(size)}x`, { headers: KEY }),
  'an argument of no name': (size) => app.request(`/api/leads?${'_a'.repeat(size / 2)}=1`, { headers: KEY }),
  'a name of an action': (size) =>
    app.request(
      '/mcp',
      post(
        { method: 'tools/call', params: { name: 'leads', arguments: { action: 'lists '.repeat(size / 6) } } },
        KEY,
      ),
    ),
};

test.each(Object.entries(cases))(
  '%s costs in proportion to its length, not to its square',
  async (_, ask) => {
    await ask(SMALL);
    const small = await leastMs(() => ask(SMALL));
    const large = await leastMs(() => ask(SMALL * TIMES));
    // Proportional would be 16 times, its square 256 times; what a request costs anyway makes it less.
    expect(large).toBeLessThan(5 + small * TIMES * 3);
  },
);
