import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseContactLimit } from '../../src/core/deliveries/contact-limit.ts';
import type { Sender } from '../../src/core/deliveries/sender.ts';
import { createSandboxSender } from '../../src/providers/sandbox/sandbox-sender.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { databaseUrlOf } from '../support/database.ts';
import { FakeSender } from '../support/fake-sender.ts';

type Core = Awaited<ReturnType<typeof openCore>>;

let folder: string;
const opened: Core[] = [];
beforeEach(() => {
  folder = freshFolder();
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  removeFolder(folder);
});

async function open(email: Sender, limit: string | null): Promise<Core> {
  const parsed = limit === null ? null : parseContactLimit(limit);
  const senders = [email, new FakeSender('whatsapp')];
  const core = await openCore(senders, folder, undefined, databaseUrlOf(folder), { contactLimit: parsed });
  opened.push(core);
  core.dispatcher.start();
  return core;
}

async function audienceOf(core: Core, count: number) {
  const leads = Array.from({ length: count }, (_, at) => ({ email: `l${at}@example.com` }));
  await core.call('leads.import', { leads });
  return (await core.call('audience.create', { name: 'Any' })).audience_id as string;
}

const send = (core: Core, audience_id: string, message: string, more: object = {}) =>
  core.call('sendBulkMessages', {
    audience_id,
    channel: 'email',
    subject: 'Offer',
    message,
    campaign: message,
    ...more,
  });

it('holds across sends and audiences, skips with too_soon, and lets them in again when the time is over', async () => {
  const email = new FakeSender('email');
  const core = await open(email, '1/24h');
  expect(await send(core, await audienceOf(core, 5), 'One')).toMatchObject({ total_sent: 5 });
  const all = await audienceOf(core, 8);
  const second = await send(core, all, 'Two');
  expect(second).toMatchObject({ state: 'completed', total_sent: 3, total_skipped: 5 });
  const { deliveries } = await core.call('sends.deliveries', { send_id: second.send_id, status: 'skipped' });
  expect(deliveries[0]).toMatchObject({ error_code: 'too_soon', error: expect.stringContaining('1/24h') });
  expect(await send(core, all, 'Two', { retry: 'skipped' })).toMatchObject({
    total_sent: 3,
    total_skipped: 5,
  });
  await core.ledger.write((tx) => tx.run('UPDATE deliveries SET sent_at = sent_at - 86400001'));
  expect(await send(core, all, 'Two', { retry: 'skipped' })).toMatchObject({
    total_sent: 8,
    total_skipped: 0,
  });
});

it('is counted by a dry run, before and after rows are made', async () => {
  const core = await open(new FakeSender('email'), '1/24h');
  await send(core, await audienceOf(core, 5), 'One');
  const all = await audienceOf(core, 8);
  const forecast = { would_send: 3, total_skipped: 5, skips: { too_soon: 5 } };
  const { confirm, ...dry } = await send(core, all, 'Two', { dry_run: true });
  expect(dry).toMatchObject(forecast);
  const paused = await send(core, all, 'Two', { confirm });
  expect(paused).toMatchObject({ total_sent: 3, total_skipped: 5 });
  await core.ledger.write((tx) => tx.run('UPDATE deliveries SET sent_at = sent_at - 86400001'));
  expect(await send(core, all, 'Two', { dry_run: true, retry: 'skipped' })).toMatchObject({ would_send: 5 });
});

it('goes by the contact, not by the lead, and counts what was sent before it was set', async () => {
  const email = new FakeSender('email');
  const first = await open(email, null);
  const { lead } = await first.call('leads.create', { name: 'Ana', email: 'ana@example.com' });
  const before = (await first.call('audience.create', { name: 'Any' })).audience_id as string;
  expect(await send(first, before, 'One')).toMatchObject({ total_sent: 1 });
  await first.call('leads.update', { lead_id: lead.id, email: 'other@example.com' });
  await first.call('leads.create', { name: 'Ana again', email: 'Ana@EXAMPLE.com' });
  await opened.pop()!.close();
  const core = await open(email, '1/7d');
  const all = (await core.call('audience.create', { name: 'Any' })).audience_id as string;
  expect(await send(core, all, 'Two')).toMatchObject({ total_sent: 1, total_skipped: 1 });
  expect(email.accepted.map(({ contact }) => contact)).toEqual(['ana@example.com', 'other@example.com']);
});

it('holds for sends that run at once, in many workers too, and a refusal uses nothing up', async () => {
  const email = new FakeSender('email');
  email.answer = async ({ contact }) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return contact === 'l0@example.com' ? { type: 'permanent', code: 'x', message: 'No.' } : undefined;
  };
  const core = await open(email, '2/24h');
  // On PostgreSQL a second worker; on SQLite it waits for the lease.
  await open(email, '2/24h');
  const all = await audienceOf(core, 60);
  const texts = ['a', 'b', 'c', 'd', 'e'];
  const results = await Promise.all(texts.map((text) => send(core, all, text)));
  const sent = results.reduce((sum, { total_sent }) => sum + total_sent, 0);
  expect(sent).toBe(59 * 2);
  expect(results.reduce((sum, { total_failed }) => sum + total_failed, 0)).toBe(5);
  const byContact = Map.groupBy(email.accepted, ({ contact }) => contact);
  expect(Math.max(...[...byContact.values()].map(({ length }) => length))).toBe(2);
});

it('does not count what the sandbox recorded', async () => {
  const sandbox = await open(createSandboxSender('email', { record: async () => {} }), '1/24h');
  const all = await audienceOf(sandbox, 4);
  expect(await send(sandbox, all, 'One')).toMatchObject({ mode: 'sandbox', total_sent: 4 });
  expect(await send(sandbox, all, 'Two')).toMatchObject({ mode: 'sandbox', total_sent: 4 });
  await opened.pop()!.close();
  const live = await open(new FakeSender('email'), '1/24h');
  expect(await send(live, all, 'Three')).toMatchObject({ mode: 'live', total_sent: 4 });
});

it('without it nothing is looked up: there is no index for it', async () => {
  const core = await open(new FakeSender('email'), null);
  const sql =
    core.ledger.dialect === 'sqlite'
      ? "SELECT 1 AS x FROM sqlite_master WHERE name = 'deliveries_of_contact'"
      : "SELECT 1 AS x WHERE to_regclass('deliveries_of_contact') IS NOT NULL";
  expect(await core.ledger.get(sql)).toBeUndefined();
});
