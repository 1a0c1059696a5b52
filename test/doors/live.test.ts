import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Live } from '../../src/http/live.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import { CALLER } from '../support/caller.ts';
import { openCore, quiet, removeFolder } from '../support/core.ts';
import { type CountedLedger, countedLedger } from '../support/counted-ledger.ts';
import { FakeSender } from '../support/fake-sender.ts';

/* What pages are told while it moves: docs/guides/dashboard.md. */

let core: Awaited<ReturnType<typeof openCore>>;
let ledger: CountedLedger;
let send_id: string;
const stop = new AbortController();

beforeAll(async () => {
  core = await openCore([new FakeSender('email')], undefined, (opened) => {
    ledger = countedLedger(opened);
    return ledger;
  });
  await core.call('leads.import', { leads: [{ email: 'a@example.com' }, { email: 'b@example.com' }] });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  ({ send_id } = await core.call('sendBulkMessages', {
    ...{ audience_id, channel: 'email', subject: 'S', message: 'M', max_wait_seconds: 0 },
  }));
});
afterAll(async () => {
  stop.abort();
  await core.close();
  removeFolder(core.folder);
});

interface Told {
  readonly q: string;
  readonly answer?: { readonly state: string };
  readonly refusal?: { readonly code: string };
}

/** Reads a stream to its end; `told` is what has come so far. */
function reading(live: Live, texts: readonly string[]) {
  const gone = new AbortController();
  const told: Told[] = [];
  const response = live.open(texts, CALLER, gone.signal);
  const over = (async () => {
    for await (const bytes of response.body!) {
      for (const line of new TextDecoder().decode(bytes).split('\n'))
        if (line.startsWith('data: {')) told.push(JSON.parse(line.slice(6)) as Told);
    }
  })();
  return { told, response, leave: () => gone.abort(), over };
}

let runs = 0;

function open() {
  const operations = core.tidings.operations.map((one): typeof one => ({
    ...one,
    run(input, call) {
      runs += 1;
      return one.run(input, call);
    },
  }));
  return new Live({ operations, log: quiet, stop: stop.signal });
}

describe('what moves', () => {
  it('is told at once, then only when it is another, and read once for all who look', async () => {
    const live = open();
    const query = `sends.get?send_id=${send_id}`;
    const first = reading(live, [query]);
    expect(first.response.headers.get('content-type')).toBe('text/event-stream');
    await expect.poll(() => first.told.length).toBe(1);
    const others = Array.from({ length: 20 }, () => reading(live, [query]));
    await expect.poll(() => others.every(({ told }) => told.length === 1)).toBe(true);
    const before = runs;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(runs - before, 'once or twice, however many look on').toBeLessThanOrEqual(2);
    expect(first.told.length).toBe(1);
    await core.call('sends.pause', { send_id });
    await expect
      .poll(() => others.map(({ told }) => told.at(-1)!.answer!.state), { timeout: 15_000 })
      .toEqual(others.map(() => 'paused'));
    for (const { leave } of [first, ...others]) leave();
    await Promise.all([first, ...others].map(({ over }) => over));
    const after = runs;
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect(runs, 'nobody looks: nothing is read').toBe(after);
  });

  it('is only what is cheap and names nobody: all else is refused by name', () => {
    const live = open();
    const gone = new AbortController().signal;
    for (const text of ['leads.list?search=ana@example.com', 'sends.pause?send_id=1', 'nothing', ''])
      expect(() => live.open([text], CALLER, gone), text).toThrow(/is not live/);
    expect(() => live.open([], CALLER, gone)).toThrow(/given 0 times/);
    const live_operations = core.tidings.operations.filter(({ isLive }) => isLive);
    expect(live_operations.length).toBeGreaterThan(2);
    for (const { effect, input, name } of live_operations) {
      expect(effect, name).toBe('read');
      expect(Object.keys(input.shape).filter((key) => /search|contact|email|phone|name/.test(key))).toEqual(
        [],
      );
    }
  });

  it('that is not there, or asked for wrongly, is told as a refusal, and the stream goes on', async () => {
    const missing = send_id.replace(/^.{4}/, '0000');
    const { told, leave, over } = reading(open(), [
      `sends.get?send_id=${missing}`,
      'sends.get?send_id=17',
      'sends.list',
    ]);
    await expect.poll(() => told.length).toBe(3);
    const codes = told.map(({ refusal }) => refusal?.code ?? 'fine').sort();
    expect(codes).toEqual(['fine', 'invalid_argument', 'not_found']);
    leave();
    await over;
  });
});

it('the map of a send and its deliveries by reason cost the same for two leads and for many', async () => {
  const map = core.tidings.operations.find(({ name }) => name === 'sends.map')!;
  const before = ledger.reads.count;
  const { cells } = (await runOperation(map, { send_id }, CALLER)) as { cells: { looked: number }[] };
  expect(ledger.reads.count - before).toBe(2);
  expect(cells).toMatchObject([
    { first: 1, last: 1, looked: 1 },
    { first: 2, last: 2, looked: 1 },
  ]);
});
