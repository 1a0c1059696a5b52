import { afterEach, expect, it, vi } from 'vitest';
import { insertAudience } from '../../src/core/audiences/audience.store.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

const folder = freshFolder();
let core: Awaited<ReturnType<typeof openCore>>;
afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

it('a task of the house that fails keeps no other from being done', async () => {
  let failed = 0;
  core = await openCore([new FakeSender('email')], folder, (ledger) => ({
    dialect: ledger.dialect,
    get: ledger.get.bind(ledger),
    write: ledger.write.bind(ledger),
    writeConcurrently: ledger.writeConcurrently.bind(ledger),
    close: () => ledger.close(),
    all: (async (sql, ...parameters) => {
      // What looks for scheduled sends, for chunks that are held, and for stopped sends.
      if (!/'scheduled'|holder IS NOT NULL|'paused', 'cancelled'/.test(sql))
        return ledger.all(sql, ...parameters);
      failed += 1;
      throw new Error('a row that cannot be read');
    }) as Ledger['all'],
  }));
  await core.call('leads.create', { name: 'Ana' });
  const row = { description: null, max_leads: null, page_size: 50, created_at: '' };
  const ids = ['a1b2c3d4-0000-4000-8000-000000000001', 'a1b2c3d4-0000-4000-8000-000000000002'];
  await core.ledger.write(async (tx) => {
    await insertAudience(tx, { id: ids[0]!, name: 'Bad', filters: 'no JSON', ...row });
    await insertAudience(tx, { id: ids[1]!, name: 'Good', filters: '{}', ...row });
    await tx.run("INSERT INTO schema_migrations VALUES (999, 'later', 999)");
  });
  core.dispatcher.start();
  await vi.waitFor(
    async () => {
      const { audiences } = await core.call('audience.list');
      expect(audiences).toMatchObject([{ status: 'ready' }, { status: 'error' }]);
      // A newer version has changed the database, and this one has seen it.
      expect(core.dispatcher.senders().map(({ maySend }) => maySend)).not.toContain(true);
    },
    { timeout: 10_000, interval: 100 },
  );
  expect(failed).toBeGreaterThanOrEqual(3);
});
