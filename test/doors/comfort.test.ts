import type { ServerContext } from '@modelcontextprotocol/server';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { callTool } from '../../src/mcp/call-tool.ts';
import { groupTools } from '../../src/mcp/tools.ts';
import { CALLER } from '../support/caller.ts';
import { freshFolder, openCore, quiet, removeFolder } from '../support/core.ts';
import { fakeTidings } from './fake-tidings.ts';

/** What makes a call bearable for whoever waits for it, and for whoever pays for each character of its answer. */

let folder: string;
let core: Awaited<ReturnType<typeof openCore>>;
let audience_id: string;

beforeAll(async () => {
  folder = freshFolder();
  core = await openCore([], folder);
  const leads = Array.from({ length: 50 }, (_, at) => ({
    ...{
      name: `Maximiliana de la Fuente ${at}`,
      email: `maximiliana.${at}@example.com`,
      phone: `+5255123456${10 + at}`,
    },
    ...{
      company: 'Panadería La Espiga de Oro',
      position: 'Directora',
      notes: 'Met at the fair. '.repeat(20),
    },
    metadata: { city: 'Ciudad de México', lastOrder: '2026-05-01', plan: 'premium' },
  }));
  await core.call('leads.import', { leads });
  ({ audience_id } = await core.call('audience.create', { name: 'All' }));
});
afterAll(async () => {
  await core.close();
  removeFolder(folder);
});

it('a page of 50 leads is under 10,000 characters when it is asked for concisely, or by its fields', async () => {
  for (const more of [
    { concise: true },
    { fields: ['name', 'email'] },
    { fields: ['email'], concise: true },
  ]) {
    const page = await core.call('audience.get', { audience_id, ...more });
    expect(page.leads).toHaveLength(50);
    expect(JSON.stringify(page).length, JSON.stringify(more)).toBeLessThan(10_000);
    const list = await core.call('leads.list', more);
    expect(list.leads).toHaveLength(50);
    expect(JSON.stringify(list).length, JSON.stringify(more)).toBeLessThan(10_000);
  }
  expect(JSON.stringify(await core.call('audience.get', { audience_id })).length).toBeGreaterThan(30_000);
});

it('shows the fields that were asked for, the id, and what is the audience’s own', async () => {
  const { leads } = await core.call('audience.get', { audience_id, fields: ['metadata', 'first_name'] });
  expect(Object.keys(leads[0]).sort()).toEqual(['first_name', 'id', 'metadata', 'send_error', 'send_status']);
  const concise = await core.call('leads.list', { concise: true });
  expect(Object.keys(concise.leads[0]).sort()).toEqual(['email', 'id', 'name', 'phone']);
  const wrong = core.call('leads.list', { fields: ['password'] });
  await expect(wrong).rejects.toMatchObject({ code: 'invalid_argument' });
});

it('a call that has nothing to tell still says every ten seconds that it goes on, a little more each time', async () => {
  vi.useFakeTimers();
  const seen: number[] = [];
  const tidings = fakeTidings();
  tidings.during = async ({ onProgress }) => {
    await vi.advanceTimersByTimeAsync(31_000);
    onProgress?.({ done: 2, total: 3, message: '2 sent' });
    await vi.advanceTimersByTimeAsync(31_000);
  };
  const notify = async ({ params }: { params: { progress: number } }) => void seen.push(params.progress);
  const call = {
    _meta: { progressToken: 1 },
    signal: new AbortController().signal,
    requestState: () => undefined,
    notify,
  } as unknown as ServerContext['mcpReq'];
  const tool = groupTools(tidings.operations).find(({ name }) => name === 'sendBulkMessages')!;
  const given = { audience_id, channel: 'email', message: 'Hi' };
  const { operations } = tidings;
  await callTool(tool, given, { caller: { ...CALLER, door: 'mcp' }, call, operations, log: quiet });
  expect(seen).toHaveLength(7);
  expect(seen).toEqual([...seen].sort((one, other) => one - other));
  expect(new Set(seen).size).toBe(7);
  expect(seen.filter((progress) => progress >= 2 && progress < 3)).toHaveLength(4);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen).toHaveLength(7);
  vi.useRealTimers();
});
