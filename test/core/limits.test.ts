import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHttpApp } from '../../src/http/app.ts';
import type { Caller } from '../../src/operations/operation.ts';
import { post, toolCall } from '../doors/fake-tidings.ts';
import { PERSON } from '../support/caller.ts';
import { freshFolder, openCore, quiet, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

describe('a key with a limit of recipients a day', () => {
  const folder = freshFolder();
  let core: Awaited<ReturnType<typeof openCore>>;
  let audience_id: string;
  let number = 0;
  let caller: Partial<Caller>;
  let name: string;

  beforeAll(async () => {
    core = await openCore([new FakeSender('email')], folder);
    for (let at = 0; at < 4; at++)
      await core.call('leads.create', { name: `L${at}`, email: `l${at}@example.com` });
    ({ audience_id } = await core.call('audience.create', { name: 'Four' }));
  });

  afterAll(async () => {
    await core.close();
    removeFolder(folder);
  });

  beforeEach(async () => {
    name = `k${++number}`;
    const made = await core.call('keys.create', { name, role: 'operator', daily: 10 }, PERSON);
    caller = { principal: (await core.tidings.access.byKey(made.key))! };
  });

  const asked = (campaign: string, more: object = {}) => ({
    ...{ audience_id, channel: 'email', subject: 'Hi', message: 'Hello', campaign, allow_repeat: true },
    ...{ max_wait_seconds: 0, ...more },
  });
  const send = (campaign: string, more: object = {}, by = caller) =>
    core.call('sendBulkMessages', asked(`${name} ${campaign}`, more), { caller: by }).catch((error) => error);
  const resume = (send_id: string, more: object = {}) =>
    core.call('sends.resume', { send_id, allow_repeat: true, ...more }, { caller }).catch((error) => error);
  const spent = async () =>
    (await core.ledger.get<{ n: number }>(
      'SELECT coalesce(sum(recipients), 0) AS n FROM key_days WHERE key_id = ?',
      caller.principal!.id!,
    ))!.n;

  it('sends to as many, and not to one more', async () => {
    expect(await send('a')).toMatchObject({ success: true, total_remaining: 4 });
    expect(await send('b')).toMatchObject({ success: true });
    const no = await send('c');
    expect(no).toMatchObject({ code: 'forbidden' });
    expect(no.message).toContain('10 people a day; 2 are left of it, and this would reach 4');
    expect(
      (await core.call('sends.list', { audience_id })).sends.filter(
        (one: { campaign: string }) => one.campaign === `${name} c`,
      ),
    ).toEqual([]);
    expect(Number(await spent())).toBe(8);
    // Looking costs nothing, and neither does the sandbox, where nothing leaves.
    expect(await send('c', { dry_run: true })).toMatchObject({ success: true, would_send: 4 });
    expect(await send('c', { sender: 'sandbox' })).toMatchObject({ success: true, mode: 'sandbox' });
  });

  it('is not got round by calling again, pausing and resuming, which count nobody twice', async () => {
    const { send_id } = await send('a');
    expect(await send('a')).toMatchObject({ success: true, send_id });
    for (let time = 0; time < 4; time++) {
      await core.call('sends.pause', { send_id });
      expect(await resume(send_id)).toMatchObject({ success: true });
    }
    expect(Number(await spent())).toBe(4);
  });

  it('is not got round by going on with what others have begun, or with its own a day later', async () => {
    const begun = [];
    for (const campaign of ['x', 'y', 'z']) begun.push((await send(campaign, {}, {})).send_id);
    for (const send_id of begun) await core.call('sends.pause', { send_id });
    expect(await resume(begun[0])).toMatchObject({ success: true });
    // By the tool that sends as well as by the one that resumes.
    expect(await send('y')).toMatchObject({ success: true });
    expect(await resume(begun[2])).toMatchObject({ code: 'forbidden' });
    expect(await send('z')).toMatchObject({ code: 'forbidden' });
    expect((await core.call('sends.get', { send_id: begun[2] })).state).toBe('paused');
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 86_400_000);
    expect(await resume(begun[2])).toMatchObject({ success: true });
    vi.restoreAllMocks();
  });

  it('is not got round by a time: what waits counts all who are pending, when it is put off and when it is started', async () => {
    const at = new Date(Date.now() + 3_600_000).toISOString();
    const first = await send('a', { schedule_at: at });
    expect(first).toMatchObject({ state: 'scheduled' });
    expect(await send('b', { schedule_at: at })).toMatchObject({ state: 'scheduled' });
    expect(await send('c', { schedule_at: at })).toMatchObject({ code: 'forbidden' });
    expect(await send('a', { schedule_at: 'now' })).toMatchObject({ state: 'running' });
    expect(Number(await spent())).toBe(8);
    const { send_id } = await send('d', { schedule_at: at }, {});
    expect(await resume(send_id, { schedule_at: 'now' })).toMatchObject({ code: 'forbidden' });
  });

  it('is not got round by putting back who was reached: they count once more', async () => {
    const { send_id } = await send('a');
    await core.ledger.write(async (tx) => {
      await tx.run(
        'UPDATE chunks SET failed = 4 WHERE send_seq = (SELECT seq FROM sends WHERE id = ?)',
        send_id,
      );
      await tx.run("UPDATE sends SET state = 'completed' WHERE id = ?", send_id);
    });
    const { spend } = await import('../../src/core/access/daily-limit.ts');
    const again = { sendId: send_id, recipients: 4, reached: 4, remaining: 0 };
    await core.ledger.write((tx) => spend(tx, caller.principal!, again));
    expect(Number(await spent())).toBe(8);
    await expect(core.ledger.write((tx) => spend(tx, caller.principal!, again))).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('is not got round by two calls at once, nor by many tests', async () => {
    const all = await Promise.all(['a', 'b', 'c', 'd'].map((campaign) => send(campaign)));
    expect(all.filter((one) => one.code === 'forbidden')).toHaveLength(2);
    const test = (to: string[]) => {
      const { campaign: _, max_wait_seconds: __, allow_repeat: ___, ...input } = asked('');
      return core.call('sends.test', { ...input, to }, { caller }).catch((error) => error.code);
    };
    expect(await test(['me@example.com', 'you@example.com'])).toMatchObject({ success: true });
    expect(await test(['other@example.com'])).toBe('forbidden');
  });

  it('holds for whoever signs in with the key, and ends with it in the middle of a call', async () => {
    await core.call('keys.revoke', { key: name }, PERSON);
    expect(await send('a')).toMatchObject({ code: 'unauthorized' });
    expect(
      (await core.call('sends.list', { audience_id })).sends.map((one: { campaign: string }) => one.campaign),
    ).not.toContain(`${name} a`);
  });
});

describe('TIDINGS_READ_ONLY', () => {
  it('lets nobody change anything, at any door, and shows tools that only read', async () => {
    const core = await openCore([], undefined, undefined, undefined, { env: { TIDINGS_READ_ONLY: 'true' } });
    try {
      const { tidings } = core;
      const app = createHttpApp({
        tidings,
        log: quiet,
        version: '0',
        host: '127.0.0.1',
        port: () => 3000,
        apiKey: 'k'.repeat(20),
        publicUrl: null,
      });
      const headers = { 'x-api-key': 'k'.repeat(20) };
      expect((await app.request('/api/leads', { headers })).status).toBe(200);
      expect((await app.request('/api/leads', post({ name: 'Ann' }, headers))).status).toBe(403);
      const ask = async (body: object) =>
        (await app.request('/mcp', post(body, headers))).json() as Promise<{ result: never }>;
      const { result } = await ask(toolCall('leads', { action: 'create', name: 'Ann' }));
      expect(result).toMatchObject({ isError: true, structuredContent: { code: 'forbidden' } });
      const listed = (await ask({ method: 'tools/list' })).result as {
        tools: { name: string; annotations: object }[];
      };
      expect(listed.tools.map(({ name }) => name)).not.toContain('sendBulkMessages');
      for (const { annotations } of listed.tools) expect(annotations).toMatchObject({ readOnlyHint: true });
      const machine: Partial<Caller> = { door: 'cli', principal: tidings.access.machine() };
      for (const [name, input] of [
        ['leads.create', { name: 'Ann' }],
        ['keys.create', { name: 'x', role: 'admin' }],
      ] as const)
        await expect(core.call(name, input, { caller: machine })).rejects.toMatchObject({
          code: 'forbidden',
          message: expect.stringContaining('TIDINGS_READ_ONLY'),
        });
      expect(await core.call('leads.list', {}, { caller: machine })).toMatchObject({ total_count: 0 });
    } finally {
      await core.close();
      removeFolder(core.folder);
    }
  });
});
