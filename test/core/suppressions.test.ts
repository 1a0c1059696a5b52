import { afterEach, beforeEach, expect, it } from 'vitest';
import { suppress } from '../../src/core/suppressions/suppression.store.ts';
import { openCore, removeFolder } from '../support/core.ts';

let core: Awaited<ReturnType<typeof openCore>>;
beforeEach(async () => {
  core = await openCore([]);
});
afterEach(async () => {
  await core.close();
  removeFolder(core.folder);
});

const ann = { channel: 'email', contact: 'Ann@Example.com' };
const reasons = async () =>
  (await core.call('suppressions.list')).suppressions.map(({ reason }: { reason: string }) => reason);

it.each(['mcp', 'http'] as const)('a complaint or an opt-out is not lifted by %s', async (door) => {
  for (const [reason, contact] of [
    ['complained', 'a@example.com'],
    ['opted_out', 'b@example.com'],
  ]) {
    await core.call('suppressions.add', { channel: 'email', contact, reason });
    const lifted = core.call('suppressions.remove', { channel: 'email', contact }, { caller: { door } });
    await expect(lifted).rejects.toMatchObject({
      code: 'forbidden',
      fix: expect.stringContaining('tidings suppressions remove CONTACT --channel email'),
    });
  }
  expect(await reasons()).toEqual(['complained', 'opted_out']);
  expect((await core.call('suppressions.history')).history).toEqual([]);
});

it('what a person lifts at the command line stays as history, and can be added again', async () => {
  await core.call('suppressions.add', { ...ann, reason: 'complained' });
  await core.call('suppressions.remove', ann, { caller: { door: 'cli' } });
  expect(await reasons()).toEqual([]);
  await core.call('suppressions.add', { ...ann, reason: 'unsubscribed' });
  await core.call('suppressions.remove', ann, { caller: { door: 'mcp' } });
  const { history } = await core.call('suppressions.history', { contact: 'ann@example.com' });
  expect(history).toMatchObject([
    { contact: 'ann@example.com', reason: 'unsubscribed', lifted_by: 'mcp' },
    { contact: 'ann@example.com', reason: 'complained', lifted_by: 'cli', lifted_at: expect.any(String) },
  ]);
  const page = await core.call('suppressions.history', { limit: 1 });
  expect((await core.call('suppressions.history', { cursor: page.next_cursor })).history).toMatchObject([
    { reason: 'complained' },
  ]);
  expect((await core.call('suppressions.history', { contact: '+525512345678' })).history).toEqual([]);
});

it('the weightier reason takes the place of the other, which is not forgotten; never the other way round', async () => {
  for (const reason of ['bounced', 'complained', 'unsubscribed', 'bounced'])
    await core.ledger.write((tx) => suppress(tx, 'email', 'ann@example.com', reason));
  expect(await reasons()).toEqual(['complained']);
  expect((await core.call('suppressions.history')).history).toMatchObject([
    { reason: 'bounced', lifted_by: 'complained' },
  ]);
});

it('what is not suppressed is not lifted', async () => {
  await expect(core.call('suppressions.remove', ann, { caller: { door: 'cli' } })).rejects.toThrow(
    'is not suppressed',
  );
});
