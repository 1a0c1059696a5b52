import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

it('a small send beside a large one is shared by the workers, and does not wait for one of them', async () => {
  const folder = freshFolder();
  const senders = [new FakeSender('email'), new FakeSender('email')];
  for (const sender of senders) sender.answer = () => sleep(100, undefined);
  const cores = await Promise.all(senders.map((sender) => openCore([sender], folder)));
  const [core] = cores as [(typeof cores)[0]];
  for (let at = 0; at < 4_000; at += 1_000) {
    const leads = Array.from({ length: 1_000 }, (_, one) => ({ email: `l${at + one}@example.com` }));
    await core.call('leads.import', { leads });
  }
  const large = await core.call('audience.create', { name: 'All' });
  const small = await core.call('audience.create', { name: 'Some', limit: 1_000 });
  const message = { channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 0 };
  const holders = async (audience: string) =>
    core.ledger.all<{ holder: string }>(
      `SELECT DISTINCT c.holder FROM chunks c JOIN sends s ON s.seq = c.send_seq
       JOIN audiences a ON a.seq = s.audience_seq WHERE a.id = ? AND c.holder IS NOT NULL`,
      audience,
    );

  for (const { dispatcher } of cores) dispatcher.start();
  await core.call('sendBulkMessages', { ...message, audience_id: large.audience_id });
  await expect.poll(() => holders(large.audience_id), { timeout: 10_000 }).toHaveLength(2);
  await core.call('sendBulkMessages', { ...message, message: 'Hello', audience_id: small.audience_id });
  await expect.poll(() => holders(small.audience_id), { timeout: 4_000 }).toHaveLength(2);

  await Promise.all(cores.map((one) => one.close()));
  removeFolder(folder);
});
