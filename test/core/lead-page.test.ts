import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { type CountedLedger, countedLedger } from '../support/counted-ledger.ts';
import { FakeSender } from '../support/fake-sender.ts';

let core: Awaited<ReturnType<typeof openCore>>;
let sender: FakeSender;
let counted: CountedLedger;

beforeEach(async () => {
  sender = new FakeSender('email');
  core = await openCore([sender, new FakeSender('whatsapp')], freshFolder(), (ledger) => {
    counted = countedLedger(ledger);
    return counted;
  });
  core.dispatcher.start();
});

afterEach(async () => {
  await core.close();
  removeFolder(core.folder);
});

const show = (lead_id: string, more: object = {}) => core.call('leads.get', { lead_id, ...more });

async function audience(filters: object = {}): Promise<string> {
  return (await core.call('audience.create', { name: 'Some', ...filters })).audience_id;
}

function send(audience_id: string, campaign: string, channel = 'email') {
  const subject = channel === 'email' ? { subject: `About ${campaign}` } : {};
  const message = `Hi {{lead.name}}, ${campaign}`;
  return core.call('sendBulkMessages', {
    audience_id,
    channel,
    campaign,
    message,
    ...subject,
    allow_repeat: true,
  });
}

describe('the page of a lead', () => {
  it('shows what was sent to them, the newest send first, and what became of it', async () => {
    const rows = Array.from({ length: 30 }, (_, at) => `P${at},p${at}@example.com,+5255123456${at + 10}\n`);
    await core.call('leads.import', { csv: `name,email,phone\n${rows.join('')}` });
    sender.answer = ({ contact, text }) =>
      contact === 'p7@example.com' && text.endsWith('second')
        ? { type: 'permanent', code: 'mailbox_unknown', message: 'Nobody there.', providerSaid: '550 no' }
        : undefined;
    const all = await audience();
    await send(all, 'first');
    await send(await audience({ search: 'P1' }), 'others');
    await send(all, 'second');
    await send(await audience({ search: 'P7' }), 'third', 'whatsapp');
    const page = await show('p7@example.com');
    expect(
      page.messages.map((one: Record<string, unknown>) => [
        one['campaign'],
        one['channel'],
        one['send_status'],
      ]),
    ).toEqual([
      ['third', 'whatsapp', 'sent'],
      ['second', 'email', 'failed'],
      ['first', 'email', 'sent'],
    ]);
    expect(page.messages[1]).toMatchObject({
      subject: 'About second',
      message: 'Hi {{lead.name}}, second',
      contact: 'p7@example.com',
      error_code: 'mailbox_unknown',
      mode: 'live',
    });
    expect(page.messages[0].sent_at).toMatch(/^20/);
    expect(page.messages_next_cursor).toBeNull();
    // Each lead is found in each send that has it, and in no other.
    for (const [at, expected] of [
      [0, 2],
      [1, 3],
      [10, 3],
      [29, 2],
    ] as const)
      expect((await show(`p${at}@example.com`)).messages).toHaveLength(expected);
  });

  it('gives long histories in pages that miss nothing and repeat nothing', async () => {
    await core.call('leads.create', { name: 'Ann', email: 'ann@example.com' });
    const all = await audience();
    for (let at = 0; at < 7; at++) await send(all, `c${at}`);
    const seen: string[] = [];
    let cursor: string | null | undefined;
    let pages = 0;
    while (cursor !== null) {
      const page = await show('ann@example.com', { limit: 3, ...(cursor && { cursor }) });
      seen.push(...page.messages.map(({ campaign }: { campaign: string }) => campaign));
      cursor = page.messages_next_cursor;
      pages += 1;
    }
    expect(seen).toEqual(['c6', 'c5', 'c4', 'c3', 'c2', 'c1', 'c0']);
    expect(pages).toBe(3);
    await expect(show('ann@example.com', { cursor: 'x' })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });

  it('asks the database as often for twenty sends as for one', async () => {
    await core.call('leads.create', { name: 'Ann', email: 'ann@example.com' });
    const all = await audience();
    // Whatever else the house reads meanwhile is not of the page: the least of some looks.
    const costOf = async () => {
      const costs: number[] = [];
      for (let look = 0; look < 5; look++) {
        const before = counted.reads.count;
        await show('ann@example.com');
        costs.push(counted.reads.count - before);
      }
      return Math.min(...costs);
    };
    await send(all, 'c');
    const one = await costOf();
    for (let at = 0; at < 20; at++) await send(all, `c${at}`);
    expect(await costOf()).toBe(one);
    expect(one).toBeLessThan(15);
  });

  it('looks through a part of very many sends, and says where to go on', async () => {
    await core.call('leads.create', { name: 'Ann', email: 'ann@example.com' });
    await send(await audience(), 'first');
    const columns =
      'audience_seq, channel, mode, sender, state, revision, message, format, placeholder_policy, total, frozen_through, created_at';
    await core.ledger.write((tx) =>
      tx.run(`WITH RECURSIVE g (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < 2100)
        INSERT INTO sends (id, campaign, campaign_key, ${columns})
        SELECT 'x' || g.i, 'x' || g.i, 'x' || g.i, ${columns} FROM sends, g`),
    );
    const nothing = await show('ann@example.com');
    expect(nothing.messages).toEqual([]);
    const rest = await show('ann@example.com', { cursor: nothing.messages_next_cursor });
    expect(rest).toMatchObject({ messages: [{ campaign: 'first' }], messages_next_cursor: null });
  });

  it('says by channel whether they can be reached, and why not', async () => {
    const made = async (given: object) => (await core.call('leads.create', given)).lead.id as string;
    const reachOf = async (id: string) => (await show(id)).reach;
    const ann = await made({ name: 'Ann', email: 'Ann@Example.com', phone: '+525512345678' });
    expect(await reachOf(ann)).toMatchObject({
      email: { reachable: true, code: 'ok', says: 'Can be reached at ann@example.com.' },
      whatsapp: { reachable: true, code: 'ok' },
    });
    const bo = await made({ name: 'Bo', email: 'bo@', phone: '+525512345678' });
    const reach = await reachOf(bo);
    expect(reach.email).toMatchObject({ reachable: false, code: 'invalid_email' });
    expect(reach.email.says).toContain('"bo@": there is no domain after the @');
    expect(reach.whatsapp.says).toContain('1 more have it, and one of them gets each message');
    const nobody = await made({ name: 'Cy' });
    expect(await reachOf(nobody)).toMatchObject({
      email: { reachable: false, code: 'missing_email' },
      whatsapp: { reachable: false, code: 'missing_phone' },
    });
  });

  it('says who may not message them, why, since when and by whom it was said, and which imports they stand in', async () => {
    const csv = 'Email,Status,Name\nann@example.com,unsubscribed,Ann\n';
    const first = await core.call('leads.import', { csv });
    const second = await core.call('leads.import', { csv: csv.replace('Ann\n', 'Ann Lee\n') });
    const page = await show('ann@example.com');
    expect(page.suppressions).toMatchObject([
      {
        channel: 'email',
        contact: 'ann@example.com',
        reason: 'unsubscribed',
        source: 'import: Status: unsubscribed',
      },
    ]);
    expect(page.reach.email).toMatchObject({ reachable: false, code: 'unsubscribed' });
    expect(page.reach.email.says).toContain(page.suppressions[0].created_at);
    expect(page.reach.email.says).toContain('import: Status: unsubscribed');
    expect(page.imports).toMatchObject([
      { import_id: second.import_id, made_lead: false },
      { import_id: first.import_id, made_lead: true },
    ]);
  });

  it('is found by any spelling of a contact; who shares a phone is named by id', async () => {
    const { lead } = await core.call('leads.create', {
      name: 'Ann',
      email: 'ann@müller.example',
      phone: '5512345678',
    });
    for (const spelling of [
      lead.id,
      lead.id.toUpperCase(),
      ' ANN@xn--mller-kva.example',
      '+52 1 55 1234 5678',
    ])
      expect((await show(spelling)).lead.id).toBe(lead.id);
    const other = await core.call('leads.create', { name: 'Bo', phone: '5512345678' });
    await expect(show('5512345678')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(other.lead.id),
    });
    await expect(show('ann')).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(show('no@example.com')).rejects.toMatchObject({ code: 'not_found' });
  });
});
