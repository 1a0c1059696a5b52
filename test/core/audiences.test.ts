import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

let core: Awaited<ReturnType<typeof openCore>>;

beforeEach(async () => {
  core = await openCore([new FakeSender('email'), new FakeSender('whatsapp')]);
});

afterEach(async () => {
  await core.close();
  removeFolder(core.folder);
});

async function importMany(count: number, lead: (at: number) => object = () => ({})) {
  for (let at = 0; at < count; at += 1000) {
    const leads = Array.from({ length: Math.min(1000, count - at) }, (_, i) => ({
      name: `Lead ${at + i + 1}`,
      ...lead(at + i + 1),
    }));
    await core.call('leads.import', { leads });
  }
}

describe('an audience', () => {
  it('of more leads than one building step looks at is whole, and every page of it can be read', async () => {
    await importMany(12_345, (at) => ({ email: `l${at}@example.com` }));
    const audience = await core.call('audience.create', { name: 'All', page_size: 100 });
    expect(audience).toMatchObject({
      success: true,
      status: 'ready',
      total_count: 12_345,
      total_pages: 124,
      page_size: 100,
    });
    expect(audience.example_leads).toHaveLength(5);
    const last = await core.call('audience.get', { audience_id: audience.audience_id, page: 124 });
    expect(last).toMatchObject({ page: 124, total_pages: 124, has_more: false });
    expect(last.leads).toHaveLength(45);
    expect(last.leads.at(-1)).toMatchObject({ name: 'Lead 12345', send_status: 'pending' });
  });

  it('stops at its limit, oldest leads first', async () => {
    await importMany(7_000, (at) => ({ email: `l${at}@example.com` }));
    const { audience_id, total_count } = await core.call('audience.create', { name: 'Some', limit: 6_001 });
    expect(total_count).toBe(6_001);
    const page = await core.call('audience.get', { audience_id, page: 121 });
    expect(page.leads.map((one: { name: string }) => one.name)).toEqual(['Lead 6001']);
  });

  it('takes exactly the leads that every filter lets through', async () => {
    await importMany(40, (at) => ({
      status: at % 2 ? 'new' : 'qualified',
      origin: at <= 20 ? 'fair' : 'web',
      metadata: { segment_id: at % 5 === 0 ? 'gold' : 'tin' },
      notes: at === 10 ? 'likes 100% cotton' : null,
    }));
    const count = async (filters: object) =>
      (await core.call('audience.create', { name: 'x', ...filters })).total_count;
    expect(await count({ status: 'qualified' })).toBe(20);
    expect(await count({ status: 'qualified', origin: 'fair', segment_id: 'gold' })).toBe(2);
    expect(await count({ search: 'lead 1' })).toBe(11);
    expect(await count({ search: '100%' })).toBe(0);
    expect(await count({ search: '100%', search_include_notes: true })).toBe(1);
    expect(await count({ search: "x' OR '1'='1" })).toBe(0);
  });

  it('is frozen: leads that come later, or change, do not move it', async () => {
    await importMany(3, () => ({ status: 'new' }));
    const { audience_id } = await core.call('audience.create', { name: 'x', status: 'new' });
    await importMany(2, (at) => ({ name: `Later ${at}` }));
    const { leads } = await core.call('leads.list');
    await core.call('leads.update', { lead_id: leads[0].id, status: 'lost' });
    expect((await core.call('audience.get', { audience_id })).total_count).toBe(3);
  });

  it('has no page 0 and none after its last one', async () => {
    await importMany(3);
    const { audience_id } = await core.call('audience.create', { name: 'x' });
    await expect(core.call('audience.get', { audience_id, page: 2 })).rejects.toThrow(
      'There is no page 2: the audience has 1',
    );
    await expect(core.call('audience.get', { audience_id, page: 0 })).rejects.toThrow();
  });

  it('can be listed and deleted; a deleted one is not found', async () => {
    await importMany(3);
    const { audience_id } = await core.call('audience.create', { name: 'x', description: 'why' });
    expect((await core.call('audience.list')).audiences).toMatchObject([
      { id: audience_id, name: 'x', description: 'why', status: 'ready' },
    ]);
    expect(await core.call('audience.delete', { audience_id })).toMatchObject({ success: true });
    await expect(core.call('audience.get', { audience_id })).rejects.toThrow('There is no audience');
    expect((await core.call('audience.list')).audiences).toEqual([]);
  });

  it('cannot be deleted under a send that is not over', async () => {
    await importMany(3, (at) => ({ email: `l${at}@example.com` }));
    const { audience_id } = await core.call('audience.create', { name: 'x' });
    await core.call('sendBulkMessages', {
      audience_id,
      channel: 'email',
      subject: 's',
      message: 'm',
      max_wait_seconds: 0,
    });
    await expect(core.call('audience.delete', { audience_id })).rejects.toThrow('is running');
  });
});
