import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { finishErasures } from '../../src/person/erase-person.ts';
import { removeOldTexts } from '../../src/person/retention.ts';
import { createOutbox } from '../../src/providers/sandbox/create-outbox.ts';
import { createSandboxSender } from '../../src/providers/sandbox/sandbox-sender.ts';
import { freshFolder, ledgerOf, openCore, removeFolder } from '../support/core.ts';
import { countedLedger } from '../support/counted-ledger.ts';

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

const DAY_MS = 24 * 60 * 60_000;
const count = async (table: string) =>
  (await ledger.get<{ count: number }>(`SELECT count(*) AS count FROM ${table}`))!.count;

async function sendTo(leads: number, max_wait_seconds = 45) {
  const people = Array.from({ length: leads }, (_, at) => ({ name: `N${at}`, email: `l${at}@example.com` }));
  await core.call('leads.import', { leads: people });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const message = {
    audience_id,
    channel: 'email',
    subject: 'Subject',
    message: 'Dear {{lead.name}}',
    max_wait_seconds,
  };
  return core.call('sendBulkMessages', message);
}

it('texts older than the days that were asked for go, in bounded steps; totals and deliveries stay', async () => {
  core.dispatcher.start();
  const done = await sendTo(700);
  const counted = countedLedger(ledger);
  await removeOldTexts(counted, 30, Date.now() + 29 * DAY_MS);
  expect([await count('outbox'), await count('outbox_bodies')]).toEqual([700, 1]);
  await removeOldTexts(counted, 30, Date.now() + 31 * DAY_MS);
  expect([await count('outbox'), await count('outbox_texts'), await count('outbox_bodies')]).toEqual([
    0, 0, 0,
  ]);
  for (const statements of counted.commits) expect(statements.length).toBeLessThan(520);
  const send = await core.call('sends.get', { send_id: done.send_id });
  expect(send).toMatchObject({ message: '', subject: null, total_sent: 700, state: 'completed' });
  expect((await core.call('sends.deliveries', { send_id: done.send_id, limit: 1 })).deliveries).toMatchObject(
    [{ send_status: 'sent', contact: 'l0@example.com' }],
  );
});

it('a send that is not completed keeps its text, however old it is', async () => {
  const { send_id } = await sendTo(2, 0);
  await core.call('sends.cancel', { send_id });
  await removeOldTexts(ledger, 1, Date.now() + 400 * DAY_MS);
  expect(await core.call('sends.get', { send_id })).toMatchObject({
    message: 'Dear {{lead.name}}',
    state: 'cancelled',
  });
});

it('an erasure whose process died goes on, and so does one that an older version left undone', async () => {
  core.dispatcher.start();
  await sendTo(3);
  // As an older version erased: the lead only.
  await ledger.write(async (tx) => {
    await tx.run(
      `UPDATE leads SET name = NULL, email = NULL, email_key = NULL, deleted_at = '2026-01-01' WHERE seq = 2`,
    );
    await tx.run("INSERT INTO erasures (leads, contacts, through_send) VALUES ('[2]', '[]', 1)");
  });
  await finishErasures(ledger, 5_000);
  const { deliveries } = await core.call('sends.deliveries', {
    send_id: (await core.call('sends.list')).sends[0].send_id,
  });
  expect(deliveries.map(({ contact }: { contact: string }) => contact)).toEqual([
    'l0@example.com',
    'erased',
    'l2@example.com',
  ]);
  expect([await count('outbox'), await count('erasures'), await count('erased_contacts')]).toEqual([2, 0, 1]);
});
