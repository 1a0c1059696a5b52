import { afterEach, beforeEach, expect, it } from 'vitest';
import { freezeRows } from '../../src/core/deliveries/freeze.ts';
import { findSend, lockSend } from '../../src/core/sends/send.store.ts';
import { migrations } from '../../src/ledger/migrations.ts';
import { rekeyEmails } from '../../src/ledger/rekey-emails.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

let folder: string;
let core: Awaited<ReturnType<typeof openCore>>;
let email: FakeSender;

beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email');
  core = await openCore([email], folder);
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

const toAll = async (more: object = {}) => {
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  return { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', ...more };
};
const reached = () => email.accepted.map(({ contact }) => contact).sort();

it('somebody who opted out is not written to by another spelling of the address, nor anybody twice', async () => {
  await core.call('suppressions.add', { channel: 'email', contact: 'Ann@example.com' });
  await core.call('suppressions.add', { channel: 'email', contact: 'bob@xn--exmple-cua.de' });
  const given = ['ann@ｅｘａｍｐｌｅ.com', 'ANN@𝐞xample.com', 'ａｎｎ@example.com.', 'bob@exämple.de'];
  const carl = ['carl@example.org', 'Carl@exam\u00adple.org', 'dora@exämple.de', 'dora@xn--exmple-cua.de'];
  for (const address of [...given, ...carl]) {
    await core.call('leads.create', { email: address }).catch(() => {});
  }
  core.dispatcher.start();
  await core.call('sendBulkMessages', { ...(await toAll()), max_wait_seconds: 20 });
  expect(reached()).toEqual(['carl@example.org', 'dora@xn--exmple-cua.de']);
});

it('an import knows people by any spelling of their address', async () => {
  const rows = [
    'email,name',
    'dora@exämple.de,Dora',
    'DORA@xn--exmple-cua.de,Dora',
    'dora@exa\u0308mple.de.,Dora',
  ];
  const report = await core.call('leads.import', { csv: rows.join('\n') });
  expect(report).toMatchObject({ rows: 3, created: 1 });
});

/** The keys that were made before the domain was read as it goes over the wire. */
async function withOldKeys(rows: readonly (readonly [address: string, oldKey: string])[]): Promise<void> {
  for (const [at, [address, oldKey]] of rows.entries()) {
    const { lead } = await core.call('leads.create', { email: `old${at}@example.com` });
    const sql = 'UPDATE leads SET email = ?, email_key = ? WHERE id = ?';
    await core.ledger.write((tx) => tx.run(sql, address, oldKey, lead.id));
  }
}

it('keys made by an older version are brought over, and a send under way reaches each mailbox once', async () => {
  await withOldKeys([
    ['gone@exämple.de', 'gone@exämple.de'],
    ['dora@exämple.de', 'dora@exämple.de'],
    ['dora@xn--exmple-cua.de', 'dora@xn--exmple-cua.de'],
    ['sent@example.com', 'sent@example.com'],
    ['sent@ｅｘａｍｐｌｅ.com', 'sent@ｅｘａｍｐｌｅ.com'],
    ['plain@example.com', 'plain@example.com'],
    ['lost@⒈com.example', 'lost@⒈com.example'],
  ]);
  const add =
    "INSERT INTO suppressions (channel, contact, reason, created_at) VALUES ('email', ?, 'complained', ?)";
  for (const contact of ['gone@exämple.de', 'both@exämple.de', 'both@xn--exmple-cua.de']) {
    await core.ledger.write((tx) => tx.run(add, contact, '2026-01-01T00:00:00.000Z'));
  }
  const send = await toAll({ max_wait_seconds: 0 });
  const { send_id } = await core.call('sendBulkMessages', send);
  const { seq } = (await findSend(core.ledger, send_id))!;
  await core.ledger.write(async (tx) => {
    while (await freezeRows(tx, (await lockSend(tx, seq))!, 100));
    await tx.run("UPDATE deliveries SET status = 'sent', attempts = 1 WHERE contact = 'sent@example.com'");
    await tx.run('UPDATE chunks SET sent = 1');
  });

  await core.ledger.write(rekeyEmails);
  const keys = await core.ledger.all<{ email_key: string | null }>(
    'SELECT email_key FROM leads ORDER BY seq',
  );
  expect(keys.map(({ email_key }) => email_key)).toEqual([
    'gone@xn--exmple-cua.de',
    'dora@xn--exmple-cua.de',
    'dora@xn--exmple-cua.de',
    'sent@example.com',
    'sent@example.com',
    'plain@example.com',
    null,
  ]);
  expect(
    (await core.ledger.all('SELECT contact FROM suppressions')).map(({ contact }) => contact).sort(),
  ).toEqual(['both@xn--exmple-cua.de', 'gone@xn--exmple-cua.de']);
  const before = await core.ledger.all('SELECT * FROM deliveries ORDER BY position');
  await core.ledger.write(rekeyEmails);
  expect(await core.ledger.all('SELECT * FROM deliveries ORDER BY position')).toEqual(before);

  email.answer = ({ contact }) =>
    contact.startsWith('lost') ? { type: 'permanent', code: 'invalid_address', message: 'no' } : undefined;
  core.dispatcher.start();
  expect(await core.call('sendBulkMessages', { ...send, max_wait_seconds: 20 })).toMatchObject({
    state: 'completed',
    ...{ total_sent: 3, total_failed: 1, total_skipped: 3, total_remaining: 0, total_in_audience: 7 },
  });
  expect(reached()).toEqual(['dora@xn--exmple-cua.de', 'plain@example.com']);
});

it('a send of which nobody is left when keys are brought over is completed', async () => {
  await withOldKeys([
    ['dora@exämple.de', 'dora@exämple.de'],
    ['dora@xn--exmple-cua.de', 'dora@xn--exmple-cua.de'],
  ]);
  const { send_id } = await core.call('sendBulkMessages', await toAll({ max_wait_seconds: 0 }));
  const { seq } = (await findSend(core.ledger, send_id))!;
  await core.ledger.write(async (tx) => {
    while (await freezeRows(tx, (await lockSend(tx, seq))!, 100));
    await tx.run("UPDATE deliveries SET status = 'sent' WHERE position = 2");
    await tx.run('UPDATE chunks SET sent = 1');
    await rekeyEmails(tx);
  });
  expect(await core.call('sends.get', { send_id })).toMatchObject({
    ...{ state: 'completed', total_sent: 1, total_skipped: 1, total_remaining: 0 },
  });
});

it('the step is among the migrations, and more rows than one batch holds are brought over', async () => {
  expect(migrations.some(({ rows }) => rows === rekeyEmails)).toBe(true);
  const count = 2_500;
  await core.ledger.write(async (tx) => {
    for (let at = 0; at < count; at++) {
      await tx.run(
        `INSERT INTO leads (id, email, email_key, status, metadata, created_at, updated_at)
         VALUES (?, 'x', ?, 'new', '{}', '', '')`,
        `${at}`,
        `a${at}@exämple.de`,
      );
      await tx.run(
        "INSERT INTO suppressions (channel, contact, reason, created_at) VALUES ('email', ?, 'bounced', '')",
        `a${at}@exämple.de`,
      );
    }
    await rekeyEmails(tx);
  });
  for (const [table, column] of [
    ['leads', 'email_key'],
    ['suppressions', 'contact'],
  ]) {
    const sql = `SELECT count(*) AS count FROM ${table} WHERE ${column} LIKE '%@xn--exmple-cua.de'`;
    expect(await core.ledger.get(sql)).toEqual({ count });
  }
});
