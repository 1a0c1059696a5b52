import { afterAll, beforeAll, expect, it } from 'vitest';
import { findConversation, noteConversations } from '../../src/core/conversations/conversation.store.ts';
import { anyUnfolded, insertEvents, lockFolded, setFolded } from '../../src/core/events/event.store.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { freshFolder, ledgerOf, removeFolder } from '../support/core.ts';
import { providerEvent } from '../support/provider-event.ts';

const folder = freshFolder();
let ledger: Ledger;
beforeAll(async () => {
  ledger = await ledgerOf(folder);
});
afterAll(async () => {
  await ledger.close();
  removeFolder(folder);
});

it('what a provider says twice is one event, also within one body and from ten at once', async () => {
  const events = ['a', 'b', 'a'].map((key) => providerEvent({ key }));
  const take = () => ledger.writeConcurrently((tx) => insertEvents(tx, events, Date.now()));
  const counts = await Promise.all(Array.from({ length: 10 }, take));
  expect(counts.reduce((all, one) => all + one, 0)).toBe(2);
  expect((await ledger.get<{ n: number }>('SELECT count(*) AS n FROM events'))?.n).toBe(2);
});

it('an attempt id that is none of ours leaves an event about no delivery', async () => {
  const odd = ['nonsense', `${'0'.repeat(32)}.1.1`, "'; DROP TABLE events; --"];
  await ledger.write((tx) =>
    insertEvents(
      tx,
      odd.map((attemptId) => providerEvent({ key: `odd ${attemptId}`, attemptId })),
      1,
    ),
  );
  const rows = await ledger.all("SELECT send_seq, position, attempt FROM events WHERE event_key LIKE 'odd%'");
  expect(rows).toEqual(odd.map(() => ({ send_seq: null, position: null, attempt: null })));
});

it('who folds keeps how far it came, and sees what is new', async () => {
  expect(await anyUnfolded(ledger)).toBe(true);
  const { seq } = (await ledger.get<{ seq: number }>('SELECT max(seq) AS seq FROM events'))!;
  await ledger.write(async (tx) => {
    expect(await lockFolded(tx)).toBe(0);
    await setFolded(tx, seq);
  });
  expect(await anyUnfolded(ledger)).toBe(false);
  await ledger.write((tx) => insertEvents(tx, [providerEvent({ key: 'new' })], 1));
  expect(await anyUnfolded(ledger)).toBe(true);
});

it('the last word of a contact never goes back, and an id stays until another one is told', async () => {
  const key = { sender: 'whatsapp:1', contact: '+5215512345678' };
  const note = (change: object) => ledger.write((tx) => noteConversations(tx, [{ ...key, ...change }]));
  await note({ last_inbound_at: 2_000, user_id: 'MX.1' });
  await note({ last_inbound_at: 1_000 });
  await note({ refused_at: 3_000 });
  expect(await findConversation(ledger, key.sender, key.contact)).toMatchObject({
    ...key,
    user_id: 'MX.1',
    last_inbound_at: 2_000,
    refused_at: 3_000,
  });
  await note({ user_id: 'MX.2', last_inbound_at: 4_000 });
  expect(await findConversation(ledger, key.sender, key.contact)).toMatchObject({
    user_id: 'MX.2',
    last_inbound_at: 4_000,
  });
});
