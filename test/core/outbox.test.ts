import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { outboxOperations } from '../../src/operations/outbox.ts';
import { createOutbox } from '../../src/providers/sandbox/create-outbox.ts';
import { createSandboxSender } from '../../src/providers/sandbox/sandbox-sender.ts';
import { CALLER } from '../support/caller.ts';
import { freshFolder, ledgerOf, openCore, removeFolder } from '../support/core.ts';

let folder: string;
let ledger: Ledger;
let core: Awaited<ReturnType<typeof openCore>>;

beforeEach(async () => {
  folder = freshFolder();
  ledger = await ledgerOf(folder);
  core = await openCore([createSandboxSender('email', createOutbox(ledger))], folder);
});

afterEach(async () => {
  await core.close();
  await ledger.close();
  removeFolder(folder);
});

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
async function call(name: string, input: object = {}): Promise<any> {
  const found = outboxOperations(ledger).find((one) => one.name === name)!;
  return found.output.parse(await found.run(found.input.strict().parse(input), { caller: CALLER }));
}

async function audienceOf(count: number, notes: string | null = null): Promise<string> {
  const leads = Array.from({ length: count }, (_, at) => ({
    name: `Lead ${at}`,
    email: `l${at}@example.com`,
    notes,
  }));
  await core.call('leads.import', { leads });
  return (await core.call('audience.create', { name: 'All' })).audience_id;
}

const send = (audience_id: string, message: string, more = {}) =>
  core.call('sendBulkMessages', { audience_id, channel: 'email', subject: 'Hi', message, ...more });

const held = async () =>
  (await ledger.get<{ characters: number }>(
    `SELECT CAST((SELECT coalesce(sum(length(parts)), 0) FROM outbox_bodies)
       + (SELECT coalesce(sum(length(fields)), 0) FROM outbox) AS BIGINT) AS characters`,
  ))!.characters;

it('a text of 2 MB is kept once for a send, however many leads get it', async () => {
  core.dispatcher.start();
  const audience = await audienceOf(40);
  await send(audience, `Dear {{lead.name}}, ${'é'.repeat(1_900_000)} {{lead.name}}`);
  expect(await held()).toBeLessThan(1_900_000 + 10_000);
  const { entries, total_count, next_cursor } = await call('outbox.list', { limit: 200 });
  expect([entries.length, total_count, next_cursor]).toEqual([40, 40, null]);
  // An answer holds the beginnings.
  expect(JSON.stringify(entries).length).toBeLessThan(40 * 5_000);
  expect(entries[0]).toMatchObject({ to: 'l39@example.com', subject: 'Hi', shortened: true });
  expect(entries[0].text).toMatch(/^Dear Lead 39, ééé/);
  const whole = await call('outbox.get', { entry_id: entries[0].entry_id });
  expect(whole.text.length).toBe('Dear Lead 39,  Lead 39'.length + 1_900_000);
  expect(whole.text.endsWith('é Lead 39')).toBe(true);
  expect(whole.shortened).toBeUndefined();
});

it('a value that stands in a text a hundred times is kept once for a lead', async () => {
  core.dispatcher.start();
  const audience = await audienceOf(3, 'n'.repeat(9_000));
  await send(audience, '{{lead.notes}}'.repeat(100));
  expect(await held()).toBeLessThan(3 * 10_000);
  const [entry] = (await call('outbox.list')).entries;
  expect((await call('outbox.get', { entry_id: entry.entry_id })).text).toBe('n'.repeat(900_000));
});

it('pages go through all entries once, over all sends and of one, also after its text was changed', async () => {
  const audience = await audienceOf(25);
  const first = await send(audience, 'One for {{lead.name}}', { max_wait_seconds: 0 });
  core.dispatcher.start();
  await send(audience, 'One for {{lead.name}}');
  await core.call('leads.import', { leads: [{ name: 'New', email: 'new@example.com' }] });
  const other = await core.call('audience.create', { name: 'More' });
  const second = await send(other.audience_id, 'Two for {{lead.name}}');
  for (const [send_id, total] of [
    [first.send_id, 25],
    [second.send_id, 26],
    [undefined, 51],
  ] as const) {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await call('outbox.list', {
        limit: 7,
        ...(send_id && { send_id }),
        ...(cursor && { cursor }),
      });
      expect(page.total_count).toBe(total);
      seen.push(...page.entries.map((entry: { entry_id: string }) => entry.entry_id));
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect([seen.length, new Set(seen).size]).toEqual([total, total]);
    if (send_id === undefined)
      expect(seen).toEqual(seen.toSorted((one, other) => Number(other) - Number(one)));
  }
  expect((await call('outbox.list', { channel: 'whatsapp' })).entries).toEqual([]);
  expect(
    (await call('outbox.list', { channel: 'email', send_id: first.send_id, limit: 1 })).entries,
  ).toMatchObject([{ to: 'l24@example.com', text: 'One for Lead 24', send_id: first.send_id }]);
  await expect(call('outbox.list', { cursor: '1.2.3' })).rejects.toThrow('not a cursor');
});
