import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';

const DAY_MS = 24 * 3_600_000;

let folder: string;
let core: Awaited<ReturnType<typeof openCore>>;

beforeEach(async () => {
  folder = freshFolder();
  core = await openCore([], folder);
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

const later = (ms: number) =>
  core.ledger.write((tx) => tx.run('UPDATE creations SET made_at = made_at - ?', ms));
const leads = async () => (await core.call('leads.list')).total_count as number;
const audiences = async () => (await core.call('audience.list')).audiences as { id: string }[];

describe('the same call made twice', () => {
  it('says what it made before, and when', async () => {
    const given = { name: 'Ana', metadata: { a: 1, b: { d: 2, c: null } } };
    const first = await core.call('leads.create', given);
    expect(first).not.toHaveProperty('notice');
    const second = await core.call('leads.create', {
      metadata: { b: { c: null, d: 2 }, a: 1 },
      name: ' Ana ',
    });
    expect(second.lead.id).not.toBe(first.lead.id);
    expect(second.notice).toContain(`made ${first.lead.id} at 20`);
    expect((await core.call('leads.create', given)).notice).toContain(second.lead.id);
    for (const other of [
      { ...given, name: 'Bo' },
      { ...given, metadata: { a: 1 } },
    ])
      expect(await core.call('leads.create', other)).not.toHaveProperty('notice');
    const everybody = await core.call('audience.create', { name: 'All' });
    expect(everybody).not.toHaveProperty('notice');
    const again = await core.call('audience.create', { name: 'All', status: null, page_size: 50 });
    expect(again.notice).toContain(everybody.audience_id);
    expect(await core.call('audience.create', { name: 'All', limit: 1 })).not.toHaveProperty('notice');
  });

  it('is refused for an email that is taken, with the words that it was this call', async () => {
    const given = { email: 'ana@example.com' };
    const { lead } = await core.call('leads.create', given);
    await expect(core.call('leads.create', given)).rejects.toThrow(
      new RegExp(`^Lead ${lead.id} has this email already: the same call made it at 20`),
    );
    await expect(core.call('leads.create', { ...given, name: 'Bo' })).rejects.toThrow(
      'has this email already.',
    );
  });

  it('is another call after a day', async () => {
    await core.call('audience.create', { name: 'All' });
    await later(DAY_MS + 1_000);
    expect(await core.call('audience.create', { name: 'All' })).not.toHaveProperty('notice');
  });
});

describe('an idempotency_key', () => {
  it('makes one thing, and gives the same answer again, also after a restart', async () => {
    const lead = { name: 'Ana', email: 'ana@example.com', phone: 'x', idempotency_key: 'k 1' };
    const audience = { name: 'All', sample: 1, idempotency_key: 'k 1' };
    const first = [await core.call('leads.create', lead), await core.call('audience.create', audience)];
    expect(first[0].warnings).toHaveLength(1);
    expect(first[1]).toMatchObject({ total_count: 1, sample_seed: expect.any(String) });
    await core.call('leads.create', { name: 'Bo' });
    await core.close();
    core = await openCore([], folder);
    expect([await core.call('leads.create', lead), await core.call('audience.create', audience)]).toEqual(
      first,
    );
    expect(await leads()).toBe(2);
    expect(await audiences()).toHaveLength(1);
  });

  it('answers with the notice of the first time', async () => {
    await core.call('leads.create', { name: 'Ana' });
    const first = await core.call('leads.create', { name: 'Ana', idempotency_key: 'k' });
    expect(first.notice).toContain('made');
    await core.call('leads.create', { name: 'Ana' });
    expect(await core.call('leads.create', { name: 'Ana', idempotency_key: 'k' })).toEqual(first);
  });

  it('is refused for other arguments, with what it was used for', async () => {
    const { lead } = await core.call('leads.create', { name: 'Ana', idempotency_key: 'k' });
    await expect(core.call('leads.create', { name: 'Bo', idempotency_key: 'k' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`idempotency_key "k" was used for another call at 20`),
      fix: expect.stringContaining('a key of its own'),
    });
    await expect(core.call('leads.create', { name: 'Bo', idempotency_key: 'k' })).rejects.toThrow(lead.id);
    expect(await leads()).toBe(1);
    await core.call('audience.create', { name: 'A', idempotency_key: 'k' });
    await expect(core.call('audience.create', { name: 'B', idempotency_key: 'k' })).rejects.toThrow(
      'another call',
    );
    expect(await audiences()).toHaveLength(1);
  });

  it('makes one thing of calls that come at once, and refuses those with other arguments', async () => {
    const at = (name: string, n: number) => core.call(name, { name: `N ${n % 2}`, idempotency_key: 'k' });
    for (const name of ['leads.create', 'audience.create']) {
      const codes: unknown[] = [];
      const ids = new Set<unknown>();
      const one = async (n: number) => {
        const made = await at(name, n).catch((error: { code: unknown }) => void codes.push(error.code));
        if (made) ids.add(made.lead?.id ?? made.audience_id);
      };
      await Promise.all(Array.from({ length: 10 }, (_, n) => one(n)));
      expect(ids.size).toBe(1);
      expect(codes).toEqual(Array(5).fill('conflict'));
    }
    expect(await leads()).toBe(1);
    expect(await audiences()).toHaveLength(1);
  });

  it('is free again when its call was refused, and after a day', async () => {
    await core.call('leads.create', { email: 'ana@example.com' });
    const taken = { email: 'ana@example.com', idempotency_key: 'k' };
    await expect(core.call('leads.create', taken)).rejects.toThrow('has this email');
    await core.call('leads.create', { name: 'Bo', idempotency_key: 'k' });
    await later(DAY_MS + 1_000);
    await core.call('leads.create', { name: 'Cy', idempotency_key: 'k' });
    expect(await leads()).toBe(3);
  });

  it('does not bring back what was deleted', async () => {
    const lead = { name: 'Ana', email: 'ana@example.com', idempotency_key: 'k' };
    const { lead: made } = await core.call('leads.create', lead);
    await core.call('leads.delete', { lead_id: made.id });
    await expect(core.call('leads.create', lead)).rejects.toThrow(`${made.id}, was deleted since`);
    expect(await leads()).toBe(0);
    const { audience_id } = await core.call('audience.create', { name: 'A', idempotency_key: 'k' });
    await core.call('audience.delete', { audience_id });
    await expect(core.call('audience.create', { name: 'A', idempotency_key: 'k' })).rejects.toThrow(
      'deleted since',
    );
  });
});

it('what is kept of calls is bounded, and says nothing of people', async () => {
  for (let n = 0; n < 150; n++)
    await core.call('leads.create', { name: `N ${n}`, email: `n${n}@example.com` });
  const kept = () => core.ledger.all<object>('SELECT * FROM creations');
  expect(await kept()).toHaveLength(150);
  expect(JSON.stringify(await kept())).not.toMatch(/example|N 1/);
  await later(DAY_MS + 1_000);
  await core.call('leads.create', { name: 'Z', idempotency_key: 'ana@example.com' });
  expect(await kept()).toHaveLength(51);
  await core.call('leads.create', { name: 'Y' });
  expect(await kept()).toHaveLength(2);
  expect(JSON.stringify(await kept())).not.toContain('example');
});

it('an empty text of a lead is none: it is stored as null, and clears', async () => {
  const { lead } = await core.call('leads.create', {
    name: '',
    first_name: 'Ana',
    last_name: '',
    company: 'A',
  });
  expect(lead).toMatchObject({ name: 'Ana', last_name: null });
  const changed = await core.call('leads.update', { lead_id: lead.id, company: '', email: ' ' });
  expect(changed.lead).toMatchObject({ company: null, email: null, name: 'Ana' });
});
