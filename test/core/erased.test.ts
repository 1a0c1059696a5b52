import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/deliveries/sender.ts';
import { suppress } from '../../src/core/suppressions/suppression.store.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { finishErasures } from '../../src/person/erase-person.ts';
import { createOutbox } from '../../src/providers/sandbox/create-outbox.ts';
import { createSandboxSender } from '../../src/providers/sandbox/sandbox-sender.ts';
import { freshFolder, ledgerOf, openCore, removeFolder } from '../support/core.ts';
import { onPostgres } from '../support/database.ts';
import { tablesOf } from '../support/dump-schema.ts';
import { FakeSender } from '../support/fake-sender.ts';

let folder: string;
const closing: (() => Promise<void>)[] = [];

beforeEach(() => {
  folder = freshFolder();
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  removeFolder(folder);
});

async function open(senders: Parameters<typeof openCore>[0]) {
  const core = await openCore(senders, folder);
  closing.push(() => core.close());
  return core;
}

async function openSandbox() {
  const ledger = await ledgerOf(folder);
  const outbox = createOutbox(ledger);
  const core = await openCore(
    [createSandboxSender('email', outbox), createSandboxSender('whatsapp', outbox)],
    folder,
  );
  const close = async () => {
    await core.close();
    await ledger.close();
  };
  closing.push(close);
  return { core, close };
}

const person = (at: number) => ({
  name: `Zanahoria${at} Quimbaya${at}`,
  email: `zana-${at}@carrot.example`,
  phone: `+52 55 7${String(1_000_000 + at * 7)}`,
  company: `Verdura${at} SA`,
  notes: `note-marker-${at} `.repeat(20),
  metadata: { diagnosis: `diag-marker-${at}` },
});
/** What must not be found of them. */
const traces = (at: number) => [
  `Zanahoria${at} `,
  `Quimbaya${at}`,
  `zana-${at}@`,
  `557${1_000_000 + at * 7}`,
  `note-marker-${at} `,
  `diag-marker-${at}"`,
  `Verdura${at} `,
];

/** Everything in all tables, as text. */
async function dump(ledger: Ledger): Promise<string> {
  const rows: string[] = [];
  for (const table of await tablesOf(ledger))
    rows.push(JSON.stringify(await ledger.all(`SELECT * FROM ${table}`)));
  return rows.join('\n');
}

function expectNoTrace(text: string, at: number): void {
  for (const trace of traces(at)) expect(text.includes(trace), trace).toBe(false);
}

/** The data file and those beside it. */
function file(): string {
  return ['', '-wal', '-shm']
    .map((end) => join(folder, `tidings.db${end}`))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'latin1'))
    .join('');
}

it('nothing of forty people is left after they were erased: in no table, no file, no outbox', async () => {
  const { core, close } = await openSandbox();
  core.dispatcher.start();
  const leads: { id: string }[] = [];
  for (let at = 0; at < 40; at++) leads.push((await core.call('leads.create', person(at))).lead);
  // Values that are written over are old copies, too.
  for (const { id } of leads.slice(0, 10))
    await core.call('leads.update', { lead_id: id, status: 'qualified' });
  await core.call('leads.import', {
    leads: [
      { ...person(1), position: 'Chief' },
      { name: 'Stays', email: 's@example.com' },
    ],
  });
  const { audience_id } = await core.call('audience.create', {
    name: 'For zana-3@carrot.example',
    description: 'Zanahoria3 Quimbaya3 and others',
    search: 'zana-3@c',
    where: {
      any: [
        { field: 'email', starts_with: 'zana-3@' },
        {
          all: [{ not: { field: 'name', contains: 'Quimbaya3' } }, { field: 'email', in: [person(3).email] }],
        },
      ],
    },
  });
  const all = await core.call('audience.create', { name: 'All' });
  for (const channel of ['email', 'whatsapp'])
    await core.call('sendBulkMessages', {
      audience_id: all.audience_id,
      channel,
      ...(channel === 'email' && { subject: 'For {{lead.name}}' }),
      message: 'Dear {{lead.name}}: {{lead.notes}} {{lead.metadata.diagnosis}} {{lead.company}}',
    });
  await core.call('suppressions.add', { channel: 'email', contact: person(5).email, reason: 'complained' });
  const before = await dump(core.ledger);
  expect(before).toContain('zana-3@');

  for (const [at, { id }] of leads.entries()) {
    if (at % 2 === 0) await core.call('leads.delete', { lead_id: id });
    else expect((await core.call('person.erase', { contact: person(at).phone })).leads_erased).toBe(1);
  }
  const after = await dump(core.ledger);
  for (let at = 0; at < 40; at++) expectNoTrace(after, at);
  expect(after).toContain('s@example.com');
  // Pages and counts stay, and what holds for them by their hash.
  expect((await core.call('audience.get', { audience_id })).total_count).toBe(1);
  expect((await core.call('suppressions.list')).suppressions).toMatchObject([
    { contact: 'erased', reason: 'complained' },
  ]);
  const [send] = (await core.call('sends.list')).sends;
  expect([send.total_sent, send.total_in_audience]).toEqual([40, 41]);
  expect((await core.call('sends.deliveries', { send_id: send.send_id })).deliveries[0]).toMatchObject({
    contact: 'erased',
    name: null,
    send_status: 'sent',
  });
  closing.length = 0;
  await close();
  if (onPostgres) return;
  const text = file();
  for (let at = 0; at < 40; at++) expectNoTrace(text, at);
  expect(text).toContain('s@example.com');
  expect(existsSync(join(folder, 'tidings.db-wal'))).toBe(false);
});

describe.skipIf(onPostgres)('the data file', () => {
  it('keeps no old copies of many people with random addresses, who were changed and then erased', async () => {
    const core = await openCore([], folder);
    const people = Array.from({ length: 6_000 }, (_, at) => ({
      name: `Tag${at}x Y`,
      email: `${Math.random().toString(36).slice(2)}-tag${at}x@example.com`,
      notes: `tag${at}x `.repeat(1 + (at % 40)),
    }));
    const importAll = async () => {
      for (let at = 0; at < people.length; at += 1_000)
        await core.call('leads.import', { leads: people.slice(at, at + 1_000) });
    };
    await importAll();
    for (const [at, one] of people.entries()) one.notes = `tag${at}x `.repeat(1 + ((at * 7) % 90));
    await importAll();
    const erased = people.map((_, at) => at).filter((at) => at % 60 === 0);
    for (const at of erased) await core.call('person.erase', { contact: people[at]!.email });
    await core.close();
    const text = file().toLowerCase();
    expect(erased.filter((at) => text.includes(`tag${at}x`))).toEqual([]);
    expect(text).toContain('tag1x');
  }, 120_000);

  it('is written anew by whoever closes it last, and the log beside it is emptied at once', async () => {
    const server = await openCore([], folder);
    const command = await openCore([], folder);
    const { lead } = await command.call('leads.create', person(1));
    await command.call('leads.delete', { lead_id: lead.id });
    expectNoTrace(file(), 1);
    await command.close();
    const isDue = () => server.ledger.get("SELECT 1 AS due FROM marks WHERE name = 'scrub'");
    expect(await isDue()).toBeDefined();
    await server.close();
    const again = await open([]);
    expect(await again.ledger.get("SELECT 1 AS due FROM marks WHERE name = 'scrub'")).toBeUndefined();
    expect((await again.call('leads.list')).total_count).toBe(0);
  });
});

const EMAIL = { channel: 'email', subject: 'Hi', message: 'Dear {{lead.name}}' } as const;

describe('whoever was erased', () => {
  it('is refused by an import, with the reason, and comes back only knowingly; suppressions hold then', async () => {
    const core = await open([]);
    const { lead } = await core.call('leads.create', person(1));
    await core.call('suppressions.add', { channel: 'email', contact: person(1).email, reason: 'opted_out' });
    await core.call('leads.delete', { lead_id: lead.id });
    const again = { ...person(1), email: 'ZANA-1@Carrot.example' };
    const report = await core.call('leads.import', {
      leads: [again, person(2), { name: 'Phone', phone: person(1).phone }],
    });
    expect(report).toMatchObject({ rows: 3, created: 1, rejected: 2 });
    expect(report.rejects).toMatchObject([{ line: 1 }, { line: 3 }]);
    expect(report.rejects[0].reason).toMatch(/^erased/);
    await expect(core.call('leads.create', again)).rejects.toMatchObject({ code: 'conflict' });
    const other = (await core.call('leads.list')).leads[0];
    await expect(
      core.call('leads.update', { lead_id: other.id, phone: person(1).phone }),
    ).rejects.toMatchObject({
      fix: expect.stringContaining('restore_erased'),
    });
    await core.call('leads.create', { ...again, restore_erased: true });
    expect((await core.call('suppressions.list')).suppressions).toMatchObject([
      { contact: 'zana-1@carrot.example', reason: 'opted_out' },
    ]);
    expect((await core.call('leads.import', { leads: [again] })).rejected).toBe(0);
  });

  it('is not messaged by a send that they were pending in, nor by retry and resume', async () => {
    const sender = new FakeSender('email');
    const core = await open([sender]);
    await core.call('leads.import', { leads: [person(1), person(2), person(3)] });
    const { audience_id } = await core.call('audience.create', { name: 'All' });
    const later = { audience_id, ...EMAIL, schedule_at: new Date(Date.now() + 3_600_000).toISOString() };
    await core.call('sendBulkMessages', { ...later, max_wait_seconds: 0 });
    const answer = await core.call('person.erase', { contact: person(2).email });
    expect(answer).toMatchObject({ leads_erased: 1, suppressed: false, in_flight: 0 });
    core.dispatcher.start();
    const done = await core.call('sendBulkMessages', { audience_id, ...EMAIL, schedule_at: 'now' });
    expect(done).toMatchObject({ total_sent: 2, total_skipped: 1, total_in_audience: 3, state: 'completed' });
    await core.call('sendBulkMessages', { audience_id, ...EMAIL, retry: 'skipped' });
    expect(sender.accepted.map(({ contact }) => contact)).toEqual([
      'zana-1@carrot.example',
      'zana-3@carrot.example',
    ]);
  });

  it('is not messaged twice by one send: another lead of it that takes the address counts as the same', async () => {
    const sender = new FakeSender('email');
    const core = await open([sender]);
    core.dispatcher.start();
    await core.call('leads.import', { leads: [person(1), { name: 'Without email' }] });
    const { audience_id } = await core.call('audience.create', { name: 'All' });
    await core.call('sendBulkMessages', { audience_id, ...EMAIL });
    await core.call('person.erase', { contact: person(1).email });
    const [other] = (await core.call('leads.list')).leads;
    await core.call('leads.update', { lead_id: other.id, email: person(1).email, restore_erased: true });
    const done = await core.call('sendBulkMessages', { audience_id, ...EMAIL, retry: 'skipped' });
    expect(done).toMatchObject({ total_sent: 1, total_skipped: 1 });
    expect(sender.tries).toBe(1);
  });

  it('leaves no address when the answer comes afterwards: bounced, passing or uncertain', async () => {
    for (const outcome of [
      {
        type: 'permanent',
        code: 'smtp_550',
        message: 'No Zanahoria1 here',
        said: 'zana-1@carrot.example',
        suppress: 'bounced',
      },
      { type: 'transient', scope: 'recipient', code: 'smtp_451', message: 'Zanahoria1 later' },
      { type: 'uncertain', code: 'lost', message: 'Zanahoria1 may have it' },
    ] as const satisfies Outcome[]) {
      const answers: (() => void)[] = [];
      const sender = new FakeSender('email');
      sender.answer = () => new Promise((resolve) => answers.push(() => resolve(outcome)));
      const core = await openCore([sender], freshFolder());
      await core.call('leads.import', { leads: [person(1)] });
      const { audience_id } = await core.call('audience.create', { name: 'All' });
      core.dispatcher.start();
      await core.call('sendBulkMessages', { audience_id, ...EMAIL, max_wait_seconds: 0 });
      await expect.poll(() => answers.length, { timeout: 10_000 }).toBe(1);
      expect(await core.call('person.erase', { contact: person(1).email })).toMatchObject({ in_flight: 1 });
      answers[0]!();
      await expect
        .poll(() => core.ledger.get("SELECT 1 AS open FROM deliveries WHERE status = 'sending'"), {
          timeout: 10_000,
        })
        .toBeUndefined();
      await finishErasures(core.ledger, 5_000);
      expectNoTrace((await dump(core.ledger)).replaceAll('"Zanahoria1"', ''), 1);
      expect(JSON.stringify(await core.ledger.all('SELECT error, contact FROM deliveries'))).not.toContain(
        'Zana',
      );
      expect(await core.ledger.all('SELECT * FROM erasures')).toEqual([]);
      expect(sender.tries).toBe(1);
      await core.close();
      removeFolder(core.folder);
    }
  }, 60_000);

  it('keeps a suppression that comes later as a hash, and and_suppress makes one', async () => {
    const core = await open([]);
    await core.call('leads.create', person(1));
    await core.call('person.erase', { contact: person(1).email });
    await core.ledger.write((tx) => suppress(tx, 'email', 'zana-1@carrot.example', 'complained'));
    await core.call('person.erase', { contact: '+52 55 7000 0000', and_suppress: true });
    expect(await dump(core.ledger)).not.toMatch(/zana-1@|5570000000/);
    expect((await core.call('suppressions.list')).suppressions).toMatchObject([
      { channel: 'email', reason: 'complained' },
      { channel: 'whatsapp', reason: 'unsubscribed' },
    ]);
    await core.call(
      'suppressions.remove',
      { channel: 'email', contact: person(1).email },
      { caller: { door: 'cli' } },
    );
    expect((await core.call('suppressions.history', { contact: person(1).email })).history).toMatchObject([
      { reason: 'complained', lifted_by: 'cli' },
    ]);
  });

  it('takes nothing from somebody who shares the phone', async () => {
    const sender = new FakeSender('whatsapp');
    const core = await open([sender]);
    const phone = person(1).phone;
    await core.call('leads.create', person(1));
    await core.call('leads.create', { name: 'Sister', email: 'sister@example.com', phone });
    await core.call('suppressions.add', { channel: 'whatsapp', contact: phone });
    await core.call('person.erase', { contact: person(1).email });
    expect((await core.call('suppressions.list')).suppressions).toMatchObject([{ contact: '+525571000007' }]);
    expect((await core.call('leads.import', { leads: [{ name: 'Sister', phone }] })).rejected).toBe(0);
    await expect(core.call('leads.create', { email: person(1).email })).rejects.toThrow('erased');
  });

  it('is unknown afterwards: nothing is held, and a typing error erases nobody', async () => {
    const core = await open([]);
    await core.call('leads.create', person(1));
    await core.call('person.erase', { contact: `Zana <${person(1).email.toUpperCase()}>` });
    await expect(core.call('person.erase', { contact: 'zana-9@carrot.example' })).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await core.ledger.get('SELECT count(*) AS count FROM erased_contacts')).toEqual({ count: 2 });
    await expect(core.call('person.erase', { contact: 'nobody' })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });
});

it('an export holds everything about a person, by any spelling of their contact', async () => {
  const { core } = await openSandbox();
  core.dispatcher.start();
  await core.call('leads.import', { leads: [person(1), person(2)] });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  await core.call('sendBulkMessages', {
    audience_id,
    ...EMAIL,
    message: 'Dear {{lead.name}}: {{lead.notes}}',
  });
  await core.call('suppressions.add', { channel: 'email', contact: person(1).email });
  const found = await core.call('person.export', { contact: 'ZANA-1@carrot.EXAMPLE' });
  expect(found).toMatchObject({
    contact: 'zana-1@carrot.example',
    erased_at: null,
    leads: [{ name: person(1).name, notes: person(1).notes.trim(), metadata: person(1).metadata }],
    audiences: [{ audience_id, position: 1 }],
    deliveries: [{ contact: 'zana-1@carrot.example', send_status: 'sent', subject: 'Hi' }],
    outbox: [{ to: 'zana-1@carrot.example', text: expect.stringContaining('note-marker-1 note') }],
    suppressions: [{ channel: 'email', reason: 'unsubscribed' }],
  });
  expect(JSON.stringify(found)).not.toContain('zana-2');
  await core.call('person.erase', { contact: person(1).email });
  expect(await core.call('person.export', { contact: person(1).phone })).toMatchObject({
    erased_at: expect.any(String),
    leads: [],
    outbox: [],
    suppressions: [],
  });
});
