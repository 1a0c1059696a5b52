import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importCsv } from '../../src/core/leads/import-csv.ts';
import { LeadImport } from '../../src/core/leads/import-leads.ts';
import { PLAIN_WORDS } from '../../src/words.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

let folder: string;
let core: Awaited<ReturnType<typeof openCore>>;

beforeEach(async () => {
  folder = freshFolder();
  core = await openCore([new FakeSender('email')], folder);
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const cli = { caller: { door: 'cli', words: PLAIN_WORDS } } as const;
const read = (text: string, file = 'people.csv') =>
  importCsv({ ledger: core.ledger, defaultCountry: null }, bytes(text), { file });
const undo = (import_id: string, context: object = cli) => core.call('imports.undo', { import_id }, context);
const names = async () => (await core.call('leads.list')).leads.map(({ name }: { name: string }) => name);
const isSuppressed = async (contact: string) =>
  (await core.call('suppressions.list')).suppressions.some(
    (one: { contact: string }) => one.contact === contact,
  );

describe('an import', () => {
  it('is listed with its file, its counts and its state, through whichever door it came', async () => {
    const { import_id } = await read('Name,Email\nAna,ana@example.com\nBob,\n,\n');
    const text = await core.call('leads.import', { csv: 'Email\ncid@example.com\n' });
    const objects = await core.call('leads.import', { leads: [{ name: 'Dan' }, {}] });
    const { imports } = await core.call('imports.list');
    expect(imports.map((one: { import_id: string }) => one.import_id)).toEqual([
      objects.import_id,
      text.import_id,
      import_id,
    ]);
    expect(imports.at(-1)).toMatchObject({
      kind: 'leads',
      file: 'people.csv',
      state: 'completed',
      rows: 2,
      created: 2,
      ended_at: expect.any(String),
    });
    const first = await core.call('imports.list', { limit: 2 });
    const second = await core.call('imports.list', { limit: 2, cursor: first.next_cursor });
    expect([...first.imports, ...second.imports]).toEqual(imports);
    expect(second.next_cursor).toBeNull();
    expect((await core.call('imports.get', { import_id })).report).toMatchObject({
      created: 2,
      columns: { Name: 'name', Email: 'email' },
      rejects: [],
    });
  });

  it('that made nothing of a file that cannot be read is none', async () => {
    await expect(read('\n\n')).rejects.toMatchObject({ code: 'invalid_file' });
    expect((await core.call('imports.list')).imports).toEqual([]);
  });

  it('whose file breaks in the middle is stopped, and its report tells how far it came', async () => {
    async function* broken() {
      yield Buffer.from('Name,Email\n');
      for (let at = 0; at < 20_000; at += 1_000) yield Buffer.from(lines(at, 1_000));
      throw new Error('the line went dead');
    }
    await expect(
      importCsv({ ledger: core.ledger, defaultCountry: null }, broken(), { file: 'half.csv' }),
    ).rejects.toThrow('the line went dead');
    const [one] = (await core.call('imports.list')).imports;
    expect(one).toMatchObject({ state: 'stopped', file: 'half.csv' });
    expect(one.created).toBeGreaterThan(1_000);
    expect((await core.call('leads.list', { limit: 1 })).total_count).toBe(one.created);
    expect((await core.call('imports.get', { import_id: one.import_id })).notice).toContain('imports undo');
  });

  it('whose process is gone is told as stopped, and can be taken back; one that lives cannot', async () => {
    const run = new LeadImport(core.ledger, null);
    await run.save([{ line: 1, input: { name: 'Ana' } }]);
    const { import_id } = run.report;
    const state = async () => (await core.call('imports.get', { import_id })).import.state;
    expect(await state()).toBe('running');
    await expect(undo(import_id)).rejects.toMatchObject({ code: 'conflict' });
    await core.ledger.write((tx) =>
      tx.run("UPDATE imports SET holder = 'elsewhere/1', beat_at = ?", Date.now()),
    );
    expect(await state()).toBe('running');
    await core.ledger.write((tx) => tx.run('UPDATE imports SET beat_at = 0'));
    expect(await state()).toBe('stopped');
    expect(await undo(import_id)).toMatchObject({ leads_removed: 1 });
    // It was not dead after all: what it still reads is nobody's.
    await expect(run.save([{ line: 2, input: { name: 'Bob' } }])).rejects.toMatchObject({ code: 'conflict' });
    await run.end('stopped');
    expect([await names(), await state()]).toEqual([[], 'undone']);
  });

  it('keeps what it did not take as a file that imports again, a page at a time', async () => {
    const rows = Array.from({ length: 30 }, (_, at) => `Person ${at},p${at}@example.com,too,many`).join('\n');
    const { import_id, rejected } = await read(`Name,Email\n${rows}\nMia,not an address\n`);
    expect(rejected).toBe(30);
    let csv = '';
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await core.call('imports.rows', { import_id, limit: 8, ...(cursor && { cursor }) });
      csv += page.csv;
      cursor = page.next_cursor;
    }
    expect(csv.trimEnd().split('\r\n')).toHaveLength(31);
    expect(csv.split('\r\n')[0]).toBe('"rejected_line","rejected_reason","Name","Email"');
    expect(csv).toContain('"Person 7","p7@example.com"');
    const again = await core.call('leads.import', { csv: csv.replaceAll(',"too","many"', '') });
    expect(again).toMatchObject({ created: 30, rejected: 0 });
    const warned = await core.call('imports.rows', { import_id, kind: 'warnings' });
    expect(warned.csv).toContain('"Mia","not an address"');
  });

  it('says how many of its rows were people who were erased here, and keeps no row of them', async () => {
    const { import_id } = await read('Name,Email\nAna Erased,ana@example.com\nBob,bob@example.com\n');
    expect(import_id).toBeTruthy();
    await core.call('person.erase', { contact: 'ana@example.com' });
    const again = await read('Name,Email\nAna Erased,ana@example.com\nBob,bob@example.com\n');
    expect(again).toMatchObject({ rejected: 1, erased_before: 1, unchanged: 1 });
    expect(JSON.stringify(await core.ledger.all('SELECT * FROM import_rows'))).not.toContain('Ana');
  });

  it('leaves nothing of a person who is erased: no row, no former value', async () => {
    await core.call('leads.create', { name: 'Ana Old', email: 'ana@example.com', phone: '+14155550101' });
    await core.call('leads.create', { name: 'Bob Two', email: 'bob@example.com', phone: '+14155550199' });
    await read(
      'Name,Email,Phone,Company\nAna New,ana@example.com,+14155550102,Acme\nBob Two,bob@example.com,,Acme\n',
    );
    await read('Name,Email,Phone\nX,ana@example.com,1,2\nAna New,,(415) 555-0102 999\nCid,,12\n');
    await core.call('person.erase', { contact: 'ana@example.com' });
    await core.call('person.erase', { contact: '+14155550199' });
    const left = JSON.stringify([
      await core.ledger.all('SELECT * FROM import_rows'),
      await core.ledger.all('SELECT * FROM import_leads'),
    ]);
    expect(left).not.toMatch(/ana|Ana|0101|0102|0199/);
    expect(left).toContain('Cid');
  });
});

function lines(from: number, count: number): string {
  return Array.from({ length: count }, (_, at) => `P ${from + at},p${from + at}@example.com\n`).join('');
}

describe('taking an import back', () => {
  it('removes its leads, so that the corrected file can be imported', async () => {
    const wrong = await read(`Name,Email\n${lines(0, 450)}`);
    expect(await undo(wrong.import_id)).toMatchObject({
      leads_removed: 450,
      kept_messaged: 0,
      notice: 'Everything that it made is taken back.',
    });
    expect(await names()).toEqual([]);
    expect((await core.call('imports.list')).imports[0].state).toBe('undone');
    expect(await read(`Name,Email\n${lines(0, 450)}`)).toMatchObject({ created: 450, erased_before: 0 });
    // Twice is once.
    expect(await undo(wrong.import_id)).toMatchObject({ leads_removed: 450 });
    expect((await core.call('leads.list', { limit: 1 })).total_count).toBe(450);
  });

  it('gives known leads their former values, unless somebody changed them since', async () => {
    const [ana, bob] = await Promise.all(
      ['ana', 'bob'].map(async (name) => {
        const made = await core.call('leads.create', {
          name,
          email: `${name}@example.com`,
          company: 'Old',
          metadata: { city: 'Lima', plan: 'gold' },
          tags: ['vip'],
        });
        return made.lead;
      }),
    );
    const file = 'Email,Company,City,plan,Tags,extra\n';
    const { import_id } = await read(
      `${file}ana@example.com,New,Quito,gold,news,1\nbob@example.com,New,Quito,silver,news,1\n`,
    );
    await core.call('leads.update', { lead_id: bob.id, company: 'By hand' });
    expect(await undo(import_id)).toMatchObject({ leads_removed: 0, leads_restored: 2, values_kept: 1 });
    expect((await core.call('leads.get', { lead_id: ana.id })).lead).toEqual(ana);
    expect((await core.call('leads.get', { lead_id: bob.id })).lead).toEqual({ ...bob, company: 'By hand' });
  });

  it('in whichever order two imports of the same people are taken back, nothing of either is left', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const known = await core.call('leads.create', { name: 'Zoe', email: `zoe${order[0]}@example.com` });
      const email = known.lead.email;
      const files = [
        await read(`Email,Company,City\n${email},A,Lima\nnew${order[0]}@example.com,A,Lima\n`),
        await read(`Email,Company,City\n${email},B,Quito\nnew${order[0]}@example.com,B,Quito\n`),
      ];
      for (const at of order) await undo(files[at]!.import_id);
      expect((await core.call('leads.get', { lead_id: known.lead.id })).lead).toEqual(known.lead);
      expect((await core.call('leads.list', { search: `new${order[0]}@` })).total_count).toBe(0);
    }
  });

  it('leaves leads that were messaged or changed since, and says so; a waiting send skips those that are gone', async () => {
    const { import_id } = await read(
      'Name,Email\nAna,ana@example.com\nBob,bob@example.com\nCid,cid@example.com\n',
    );
    const { leads } = await core.call('leads.list');
    await core.call('leads.update', { lead_id: leads[1].id, company: 'Acme' });
    const only = await core.call('audience.create', { name: 'Ana', search: 'ana@' });
    core.dispatcher.start();
    const send = { channel: 'email', subject: 'Hi', message: 'Hi' };
    await core.call('sendBulkMessages', { ...send, audience_id: only.audience_id });
    const all = await core.call('audience.create', { name: 'All' });
    const later = { ...send, audience_id: all.audience_id, campaign: 'later', allow_repeat: true };
    await core.call('sendBulkMessages', {
      ...later,
      schedule_at: new Date(Date.now() + 86_400_000).toISOString(),
      max_wait_seconds: 0,
    });
    const done = await undo(import_id);
    expect(done).toMatchObject({ leads_removed: 1, kept_messaged: 1, kept_changed: 1 });
    expect(done.notice).toContain('2 leads stay');
    expect(await names()).toEqual(['Ana', 'Bob']);
    expect(await core.call('sendBulkMessages', { ...later, schedule_at: 'now' })).toMatchObject({
      total_sent: 2,
      total_skipped: 1,
      total_in_audience: 3,
    });
  });

  it('goes on where it was killed', async () => {
    const { import_id } = await read(`Name,Email,Unsubscribed\n${lines(0, 450).replaceAll('\n', ',yes\n')}`);
    let writes = 0;
    const write = core.ledger.write.bind(core.ledger);
    core.ledger.write = (work) => (++writes > 2 ? Promise.reject(new Error('killed')) : write(work));
    const { undoImport } = await import('../../src/core/imports/undo-import.ts');
    const seq = (await core.ledger.get<{ seq: number }>('SELECT seq FROM imports'))!.seq;
    await expect(undoImport(core.ledger, { seq, state: 'completed' }, true)).rejects.toThrow('killed');
    core.ledger.write = write;
    const { undo: before, notice, import: one } = await core.call('imports.get', { import_id });
    expect([before.leads_removed, before.suppressions_ended, one.state]).toEqual([400, 0, 'completed']);
    expect(notice).toContain('was begun');
    expect(await undo(import_id)).toMatchObject({ leads_removed: 450, suppressions_ended: 450 });
    expect((await core.call('suppressions.list')).suppressions).toEqual([]);
  });

  it('lifts the suppressions that it alone made, with history; a no that came another way stays', async () => {
    const { import_id } = await read(
      'Email,Unsubscribed\nann@example.com,yes\nbob@example.com,yes\ncid@example.com,yes\n',
    );
    await core.call('suppressions.add', { channel: 'email', contact: 'bob@example.com', reason: 'bounced' });
    await core.call('suppressions.add', {
      channel: 'email',
      contact: 'cid@example.com',
      reason: 'complained',
    });
    expect(await undo(import_id)).toMatchObject({ suppressions_ended: 1, suppressions_kept: 1 });
    expect((await core.call('suppressions.list')).suppressions).toMatchObject([
      { contact: 'bob@example.com', reason: 'bounced' },
      { contact: 'cid@example.com', reason: 'complained' },
    ]);
    const { history } = await core.call('suppressions.history', { contact: 'ann@example.com' });
    expect(history).toMatchObject([{ reason: 'unsubscribed', lifted_by: 'imports.undo' }]);
  });

  it('by a model or a script lifts no opt-out and no complaint; a person at the command line does', async () => {
    const { import_id } = await read('Email,Status\nann@example.com,opted out\nbob@example.com,bounced\n');
    const http = { caller: { door: 'http', words: PLAIN_WORDS } };
    expect(await undo(import_id, http)).toMatchObject({ suppressions_ended: 1, suppressions_left: 1 });
    expect(await isSuppressed('ann@example.com')).toBe(true);
    expect(await undo(import_id)).toMatchObject({ suppressions_ended: 2, suppressions_left: 0 });
    expect(await isSuppressed('ann@example.com')).toBe(false);
  });
});
