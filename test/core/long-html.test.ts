import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseMergeText } from '../../src/core/messages/parse-merge-text.ts';
import { readyContent } from '../../src/core/messages/ready-content.ts';
import { findBriefSend, listSends } from '../../src/core/sends/send.store.ts';
import { createSandboxSender, type OutboxText } from '../../src/providers/sandbox/sandbox-sender.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { countTurns } from '../support/turns.ts';

type Core = Awaited<ReturnType<typeof openCore>>;

const MESSAGE = '<p>Hello {{lead.name}}</p>'.repeat(500) + '<p>some words</p>'.repeat(60_000);

let folder: string;
let recorded: OutboxText['parts'][];
const opened: Core[] = [];

async function open(): Promise<Core> {
  const outbox = { record: ({ parts }: OutboxText) => void recorded.push(parts) };
  const core = await openCore([createSandboxSender('email', outbox)], folder);
  opened.push(core);
  return core;
}

beforeEach(() => {
  folder = freshFolder();
  recorded = [];
});

afterEach(async () => {
  for (const core of opened.splice(0)) await core.close();
  removeFolder(folder);
});

const html = (message: string) => ({
  channel: 'email' as const,
  format: 'html' as const,
  body: parseMergeText(message),
  subject: parseMergeText('Hi'),
  fromName: null,
});

const send = (core: Core, audience_id: string, message = MESSAGE, max_wait_seconds = 30) =>
  core.call('sendBulkMessages', {
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message,
    max_wait_seconds,
  });

async function audienceIn(core: Core): Promise<string> {
  await core.call('leads.import', { leads: [{ name: 'Ana', email: 'ana@example.com' }] });
  return (await core.call('audience.create', { name: 'All' })).audience_id;
}

it('HTML of a megabyte is read for a call and sent while everything else goes on', async () => {
  const core = await open();
  const audience = await audienceIn(core);
  const { result, turns } = await countTurns(() => send(core, audience, MESSAGE, 0));
  expect(result).toMatchObject({ success: true, total_remaining: 1 });
  expect(turns).toBeGreaterThan(50);
  core.dispatcher.start();
  expect(await send(core, audience)).toMatchObject({ total_sent: 1 });
  expect(recorded[0]!.slice(0, 3)).toEqual(['Hello ', 0, '\n\nHello ']);
});

it('whoever sends reads long HTML beside its transactions, when it was not read for a call in this process', async () => {
  const core = await open();
  const audience = await audienceIn(core);
  await send(core, audience, MESSAGE, 0);
  // Of what was read for calls only the last is kept.
  await readyContent(html(`${MESSAGE}<p>Another</p>`), 60_000);
  const { turns } = await countTurns(async () => {
    core.dispatcher.start();
    while (recorded.length === 0) await sleep(10);
  });
  expect(turns).toBeGreaterThan(50);
  expect(recorded[0]!.slice(0, 3)).toEqual(['Hello ', 0, '\n\nHello ']);
});

it('HTML that cannot become text in time pauses its send, with the reason, and others go on', async () => {
  const core = await open();
  const audience = await audienceIn(core);
  core.dispatcher.start();
  await core.call('sendBulkMessages', {
    audience_id: audience,
    channel: 'email',
    subject: 'Hi',
    message: 'Hello',
    schedule_at: new Date(Date.now() + 3_600_000).toISOString(),
    campaign: 'deep',
    max_wait_seconds: 0,
  });
  // As a version without this limit may have taken it.
  const deep = '<div>'.repeat(600) + MESSAGE;
  await core.ledger.write((tx) =>
    tx.run(
      "UPDATE sends SET message = ?, format = 'html', state = 'running', revision = 2 WHERE campaign = 'deep'",
      deep,
    ),
  );
  const { sends } = await vi.waitFor(async () => {
    const listed = await core.call('sends.list', {});
    expect(listed.sends[0].state).toBe('paused');
    return listed;
  }, 20_000);
  expect(sends[0].paused_reason).toMatch(/more than 500 elements open at once/);
  expect(await send(core, audience, '<p>Short</p>')).toMatchObject({ total_sent: 1, state: 'completed' });
});

it('whoever lists sends, or watches one, does not read their messages', async () => {
  const core = await open();
  await send(core, await audienceIn(core), '<p>Short</p>', 0);
  const [listed] = await listSends(core.ledger, { beforeSeq: 10, limit: 10 });
  expect(listed).toMatchObject({ campaign: 'default', total: 1, sent: 0, audience_name: 'All' });
  expect(listed).not.toHaveProperty('message');
  expect(await findBriefSend(core.ledger, listed!.id)).toEqual(listed);
});
