import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { openCore as OpenCore } from '../support/core.ts';
import { openCore, removeFolder } from '../support/core.ts';

let core: Awaited<ReturnType<typeof OpenCore>>;

beforeEach(async () => {
  core = await openCore([]);
});

afterEach(async () => {
  await core.close();
  removeFolder(core.folder);
});

const NOTES = 'n'.repeat(20_000);
const LONG = { first: 'kept', long: 'x'.repeat(90_000), list: Array(500).fill('y'), last: 7 };

async function addLeads(count: number, fields: object): Promise<void> {
  for (let at = 0; at < count; at += 20) {
    const leads = Array.from({ length: Math.min(20, count - at) }, (_, one) => ({
      email: `lead${at + one}@example.com`,
      ...fields,
    }));
    await core.call('leads.import', { leads });
  }
}

const bytes = (answer: unknown) => Buffer.byteLength(JSON.stringify(answer));

describe('a list', () => {
  it('shows long notes and metadata shortened and says so; leads get shows all', async () => {
    await addLeads(1, { notes: NOTES, metadata: LONG });
    const [lead] = (await core.call('leads.list')).leads;
    expect(lead.shortened).toEqual(['notes', 'metadata']);
    expect(lead.notes).toBe(`${'n'.repeat(499)}…`);
    expect(lead.metadata).toEqual({});
    expect((await core.call('leads.get', { lead_id: lead.id })).lead).toMatchObject({
      notes: NOTES,
      metadata: LONG,
    });
    const { audience_id, example_leads } = await core.call('audience.create', { name: 'All' });
    const page = await core.call('audience.get', { audience_id });
    expect([example_leads[0].shortened, page.leads[0].shortened]).toEqual([lead.shortened, lead.shortened]);
  });

  it('does not cut a character in two', async () => {
    await addLeads(1, { notes: `${'n'.repeat(498)}${'\u{1f600}'.repeat(10)}` });
    const [lead] = (await core.call('leads.list')).leads;
    expect(lead.notes).toBe(`${'n'.repeat(498)}…`);
  });

  it('shows short leads whole, with nothing said', async () => {
    await addLeads(1, { notes: 'n'.repeat(500), metadata: { a: 'b' } });
    const [lead] = (await core.call('leads.list')).leads;
    expect(lead).toMatchObject({ notes: 'n'.repeat(500), metadata: { a: 'b' } });
    expect(lead).not.toHaveProperty('shortened');
  });

  it('of the longest leads there can be fits an answer, also twice over MCP, and an audience keeps its pages', async () => {
    const wide = '漢'.repeat(300);
    await addLeads(220, {
      name: wide,
      position: wide,
      company: wide,
      origin: '漢'.repeat(200),
      notes: '漢'.repeat(20_000),
      metadata: Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`key ${at}`, '"\\漢'])),
    });
    const first = await core.call('leads.list', { limit: 200 });
    const overMcp = bytes(first) + bytes(JSON.stringify(first));
    expect(overMcp).toBeLessThan(4 * 1024 * 1024);
    const seen = first.leads.map(({ id }: { id: string }) => id);
    let cursor = first.next_cursor;
    while (cursor !== null) {
      const page = await core.call('leads.list', { limit: 200, cursor });
      seen.push(...page.leads.map(({ id }: { id: string }) => id));
      cursor = page.next_cursor;
    }
    expect(new Set(seen).size).toBe(220);
    expect(seen).toHaveLength(220);
    const { audience_id } = await core.call('audience.create', { name: 'All', page_size: 100 });
    const pages = await Promise.all(
      [1, 2, 3].map((page) => core.call('audience.get', { audience_id, page })),
    );
    expect(pages.map(({ leads }) => leads.length)).toEqual([100, 100, 20]);
    expect(pages.map(({ has_more }) => has_more)).toEqual([true, true, false]);
    expect(bytes(pages[0]) + bytes(JSON.stringify(pages[0]))).toBeLessThan(4 * 1024 * 1024);
  });
});
