import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { pruneAudit } from '../../src/core/access/audit.store.ts';
import type { Caller } from '../../src/operations/operation.ts';
import { runUpload } from '../../src/operations/run-operation.ts';
import { CALLER, PERSON } from '../support/caller.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

const folder = freshFolder();
let core: Awaited<ReturnType<typeof openCore>>;
let caller: Partial<Caller>;

beforeAll(async () => {
  core = await openCore([new FakeSender('email')], folder);
  const { key } = await core.call('keys.create', { name: 'assistant', role: 'author' }, PERSON);
  caller = { door: 'mcp', client: 'claude-code', principal: (await core.tidings.access.byKey(key))! };
});

afterAll(async () => {
  await core.close();
  removeFolder(folder);
});

beforeEach(() => core.ledger.write((tx) => tx.run('DELETE FROM audit')));

const entries = async () => (await core.call('audit.list', {}, PERSON)).entries;
const as = (name: string, input: object, by = caller) =>
  core.call(name, input, { caller: by }).catch((error) => error);

it('tells who did what to what, by which door and program, and what came of it; what only reads leaves nothing', async () => {
  const made = await as('leads.create', { name: 'Ann', email: 'ann@example.com' });
  const { id } = made.lead;
  await as('leads.list', {});
  await as('leads.update', { lead_id: id, company: 'Acme' });
  await as('leads.update', { lead_id: id, company: 1, nonsense: true });
  await as('keys.create', { name: 'x', role: 'admin' }, { ...caller, door: 'http' });
  const { audience_id } = await as('audience.create', { name: 'All' });
  const send = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 0 };
  await as('sendBulkMessages', { ...send, dry_run: true }, {});
  const { send_id } = await as('sendBulkMessages', send, {});
  await as('sends.cancel', { send_id }, {});
  await as('sends.pause', { send_id }, {});
  const who = { who: 'key assistant', who_id: caller.principal!.id, door: 'mcp', client: 'claude-code' };
  const open = { who: 'this machine', who_id: null, door: 'http' };
  expect((await entries()).toReversed()).toMatchObject([
    { ...who, operation: 'leads.create', subject: id, answer: 'done' },
    { ...who, operation: 'leads.update', subject: id, answer: 'done' },
    { ...who, door: 'http', operation: 'keys.create', answer: 'forbidden' },
    { ...who, operation: 'audience.create', subject: audience_id, answer: 'done' },
    { ...open, operation: 'sendBulkMessages', subject: audience_id, answer: 'dry_run' },
    { ...open, operation: 'sendBulkMessages', subject: send_id, answer: 'done' },
    { ...open, operation: 'sends.cancel', subject: send_id, answer: 'done' },
    { ...open, operation: 'sends.pause', subject: send_id, answer: 'conflict' },
  ]);
});

it('is in the transaction of the change: neither is there without the other', async () => {
  await core.ledger.write((tx) => tx.run('ALTER TABLE audit RENAME TO audit_away'));
  await expect(
    core.call('leads.create', { name: 'Nobody', email: 'nobody@example.com' }, { caller }),
  ).rejects.toThrow();
  await core.ledger.write((tx) => tx.run('ALTER TABLE audit_away RENAME TO audit'));
  expect(await core.call('leads.list', { search: 'nobody@example.com' })).toMatchObject({ total_count: 0 });
  expect(await entries()).toEqual([]);
});

it('holds nothing of a person that erasing would have to erase', async () => {
  const secret = {
    name: 'Zacharias Quirk',
    email: 'zq@quirk.example',
    phone: '+525512345678',
    company: 'Quirkworks',
  };
  const made = await as('leads.create', secret);
  const lead_id = made.lead.id;
  await as('suppressions.add', { contact: secret.email, channel: 'email' });
  await as('suppressions.remove', { contact: 'zq2@quirk.example', channel: 'email' });
  await as('leads.import', { leads: [{ email: 'zq3@quirk.example', name: 'Quirk' }] });
  await as('person.erase', { contact: secret.phone });
  await as('leads.delete', { lead_id });
  const rows = JSON.stringify(await core.ledger.all('SELECT * FROM audit'));
  expect(rows).toContain('person.erase');
  for (const part of ['uirk', 'zq', '5512345678', 'Zacharias']) expect(rows).not.toContain(part);
});

it('a key that is revoked in the middle of a call changes nothing more', async () => {
  const { key } = await core.call('keys.create', { name: 'midway', role: 'author' }, PERSON);
  const by = { ...CALLER, principal: (await core.tidings.access.byKey(key))! };
  const operation = core.tidings.operations.find(({ name }) => name === 'leads.import')!;
  const stored = async (like = 'm%'): Promise<number> => {
    const sql = 'SELECT count(*) AS n FROM leads WHERE email LIKE ?';
    return Number((await core.ledger.get<{ n: number }>(sql, `${like}@midway.example`))!.n);
  };
  async function* file() {
    yield Buffer.from(
      `email\n${Array.from({ length: 8_000 }, (_, at) => `m${at}@midway.example\n`).join('')}`,
    );
    for (let waited = 0; waited < 100; waited++) {
      if ((await stored()) > 0) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await core.call('keys.revoke', { key: 'midway' }, PERSON);
    yield Buffer.from(Array.from({ length: 5_000 }, (_, at) => `late${at}@midway.example\n`).join(''));
  }
  await expect(runUpload(operation, file(), {}, by)).rejects.toMatchObject({ code: 'unauthorized' });
  expect(await stored('late4%')).toBe(0);
  expect(await stored()).toBeGreaterThan(0);
  expect((await entries()).find(({ who }: { who: string }) => who === 'key midway')).toMatchObject({
    answer: 'unauthorized',
  });
});

it('is read by admins alone, never over MCP, and is removed with its age', async () => {
  await as('leads.create', { name: 'Old' });
  for (const role of ['viewer', 'author', 'operator'] as const)
    expect(
      await as('audit.list', {}, { principal: { kind: 'user', id: 'x', name: 'x', role } }),
    ).toMatchObject({ code: 'forbidden' });
  expect(await as('audit.list', {}, { ...PERSON.caller, door: 'mcp' })).toMatchObject({ code: 'forbidden' });
  expect(await entries()).toHaveLength(5);
  await pruneAudit(core.ledger, 1, Date.now() + 86_000_000);
  expect(await entries()).toHaveLength(5);
  await pruneAudit(core.ledger, 1, Date.now() + 87_000_000);
  expect(await entries()).toEqual([]);
});
