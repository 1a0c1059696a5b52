import { afterEach, beforeEach, expect, it } from 'vitest';
import { findAudience, insertAudience, markDeleted } from '../../src/core/audiences/audience.store.ts';
import { buildAudience } from '../../src/core/audiences/build-audience.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

let folder: string;
let core: Awaited<ReturnType<typeof openCore>>;
let send: { audience_id: string; [more: string]: unknown };
/** What happens right before the next write begins. */
let meanwhile: (() => Promise<unknown>) | null = null;

beforeEach(async () => {
  folder = freshFolder();
  core = await openCore(
    [new FakeSender('email')],
    folder,
    (ledger) =>
      ({
        dialect: ledger.dialect,
        all: ledger.all.bind(ledger),
        get: ledger.get.bind(ledger),
        writeConcurrently: ledger.writeConcurrently.bind(ledger),
        close: () => ledger.close(),
        async write(work) {
          const first = meanwhile;
          meanwhile = null;
          await first?.();
          return ledger.write(work);
        },
      }) satisfies Ledger,
  );
  await core.call('leads.create', { email: 'ana@example.com' });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  send = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 0 };
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

const sends = async () => (await core.call('sends.list')).sends.length;

it('an audience that is deleted while a send of it is being made has no send', async () => {
  meanwhile = () => core.call('audience.delete', { audience_id: send.audience_id });
  await expect(core.call('sendBulkMessages', send)).rejects.toMatchObject({ code: 'not_found' });
  expect(await sends()).toBe(0);
});

it('an audience of which a send is made while it is being deleted stays, with its leads', async () => {
  meanwhile = () => core.call('sendBulkMessages', send);
  await expect(core.call('audience.delete', { audience_id: send.audience_id })).rejects.toMatchObject({
    code: 'conflict',
  });
  core.dispatcher.start();
  expect(await core.call('sendBulkMessages', { ...send, max_wait_seconds: 10 })).toMatchObject({
    state: 'completed',
    total_sent: 1,
  });
});

it('an audience that is deleted while it is being built gets no more members', async () => {
  await core.ledger.write((tx) =>
    insertAudience(tx, {
      id: 'a',
      name: 'Half built',
      description: null,
      filters: '{}',
      max_leads: null,
      page_size: 50,
      created_at: '',
    }),
  );
  const { seq } = (await findAudience(core.ledger, 'a'))!;
  await core.ledger.write((tx) => markDeleted(tx, seq));
  await buildAudience(core.ledger, seq);
  expect(
    await core.ledger.all('SELECT 1 AS found FROM audience_members WHERE audience_seq = ?', seq),
  ).toEqual([]);
});
