import { afterAll, afterEach, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { createHttpApp } from '../../src/http/app.ts';
import { PasswordTries } from '../../src/http/password-tries.ts';
import { CALLER } from '../support/caller.ts';
import { freshFolder, openCore, quiet, removeFolder } from '../support/core.ts';
import { post, toolCall } from './fake-tidings.ts';

const folder = freshFolder();
const ORIGIN = 'http://127.0.0.1:3000';
const OURS = { 'sec-fetch-site': 'same-origin', origin: ORIGIN };
let core: Awaited<ReturnType<typeof openCore>>;
let app: ReturnType<typeof createHttpApp>;
const keys: Record<string, string> = {};

function appFor(publicUrl: string | null = null, apiKey: string | null = null) {
  const about = { version: '0', host: '127.0.0.1', port: () => 3000 };
  return createHttpApp({ ...about, tidings: core.tidings, log: quiet, apiKey, publicUrl });
}

const machine = {
  caller: { ...CALLER, door: 'cli', principal: { ...CALLER.principal, kind: 'machine' } },
} as const;
// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
const json = async (response: Response | Promise<Response>): Promise<any> => (await response).json();
const status = async (response: Response | Promise<Response>) => (await response).status;
const withKey = (name: string) => ({ 'x-api-key': keys[name]! });

beforeAll(async () => {
  core = await openCore([], folder);
  app = appFor();
});

afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await core.close();
  removeFolder(folder);
});

describe('a server without a key on this machine', () => {
  test('is open until the first key is made, and asks everybody from then on', async () => {
    expect(await status(app.request('/api/leads'))).toBe(200);
    expect(await json(app.request('/api/me'))).toMatchObject({
      kind: 'open',
      role: 'admin',
      has_users: false,
    });
    for (const role of ['viewer', 'author', 'operator', 'admin'])
      keys[role] = (await core.call('keys.create', { name: role, role }, machine)).key;
    for (const path of ['/api/leads', '/api/me', '/api/keys', '/metrics'])
      expect(await status(app.request(path))).toBe(401);
    expect(await status(app.request('/mcp', post(toolCall('leads', { action: 'list' }))))).toBe(401);
    expect(await status(app.request('/api/leads', { headers: withKey('viewer') }))).toBe(200);
    expect(await json(app.request('/api/me', { headers: withKey('author') }))).toMatchObject({
      ...{ kind: 'key', name: 'author', role: 'author', may: ['read', 'write', 'stop'] },
    });
    for (const path of ['/health', '/ready']) expect(await status(app.request(path))).toBe(200);
  });

  test('takes no key in the address, where logs would keep it', async () => {
    for (const name of ['key', 'api_key', 'access_token', 'x-api-key'])
      expect(await status(app.request(`/api/leads?${name}=${keys['admin']}`))).toBe(401);
  });
});

describe('a role holds at every door', () => {
  test('for a viewer: reading over REST and MCP, and nothing that changes anything', async () => {
    const headers = withKey('viewer');
    expect(await status(app.request('/api/leads', post({ name: 'Ann' }, headers)))).toBe(403);
    const csv = {
      method: 'POST',
      body: 'email\nann@example.com\n',
      headers: { ...headers, 'content-type': 'text/csv' },
    };
    expect(await status(app.request('/api/leads/import', csv))).toBe(403);
    for (const [action, rest] of [
      ['create', { name: 'Ann' }],
      ['import', { leads: [{ email: 'a@example.com' }] }],
    ] as const) {
      const answer = await json(app.request('/mcp', post(toolCall('leads', { action, ...rest }), headers)));
      expect(answer['result']).toMatchObject({ isError: true, structuredContent: { code: 'forbidden' } });
    }
    const { result } = (await json(
      app.request('/mcp', post(toolCall('leads', { action: 'list' }), headers)),
    )) as {
      result: { structuredContent: object };
    };
    expect(result.structuredContent).toMatchObject({ success: true, total_count: 0 });
  });

  test('tools that are listed are those that the role may use, with hints that are true of them', async () => {
    type Listed = {
      name: string;
      annotations: { readOnlyHint: boolean };
      inputSchema: { properties: { action?: { enum: string[] } } };
    };
    const list = async (role: string) => {
      const answer = await json(app.request('/mcp', post({ method: 'tools/list' }, withKey(role))));
      return (answer['result'] as { tools: Listed[] }).tools;
    };
    const [viewer, author, operator, admin] = [
      await list('viewer'),
      await list('author'),
      await list('operator'),
      await list('admin'),
    ];
    expect(viewer.every(({ annotations }) => annotations.readOnlyHint)).toBe(true);
    expect(viewer.find(({ name }) => name === 'leads')!.inputSchema.properties.action!.enum).not.toContain(
      'create',
    );
    expect(viewer.map(({ name }) => name)).not.toContain('sendBulkMessages');
    // What an author asks for waits for an operator.
    expect(author.map(({ name }) => name)).toContain('sendBulkMessages');
    expect(operator.map(({ name }) => name)).toContain('sendBulkMessages');
    expect(admin).toEqual(operator);
    expect(admin.map(({ name }) => name)).not.toContain('keys');
  });

  test('keys and people are never made over MCP, whatever the key', async () => {
    for (const tool of ['keys', 'keys_create', 'users', 'users_add']) {
      const call = toolCall(tool, { action: 'create', name: 'x', role: 'admin' });
      expect(await json(app.request('/mcp', post(call, withKey('admin'))))).toHaveProperty('error');
    }
    expect((await core.call('keys.list', {}, machine)).keys).toHaveLength(4);
  });

  test('an admin key makes keys, and no person: it would pass for one', async () => {
    const headers = withKey('admin');
    expect(await status(app.request('/api/keys', post({ name: 'more', role: 'viewer' }, headers)))).toBe(200);
    expect(await status(app.request('/api/users', post({ name: 'x', role: 'admin' }, headers)))).toBe(403);
    const token = /=([^;]+)/.exec(
      (await app.request('/api/session', post({ key: keys['admin'] }))).headers.get('set-cookie')!,
    )![1];
    const cookie = { ...OURS, cookie: `tidings=${token}` };
    expect(await status(app.request('/api/users', post({ name: 'x', role: 'admin' }, cookie)))).toBe(403);
    expect(
      await status(app.request('/api/keys', post({ name: 'op', role: 'viewer' }, withKey('operator')))),
    ).toBe(403);
  });
});

describe('a session', () => {
  let cookie = '';
  const get = (path: string, headers = {}) => app.request(path, { headers: { cookie, ...headers } });

  test('begins with a link, and is a cookie that no script and no other site has', async () => {
    const { link } = await core.call('users.add', { name: 'ana', role: 'admin' }, machine);
    const secret = link.split('#')[1];
    expect(await json(app.request('/api/session', post({ link: secret })))).toMatchObject({
      link_for: 'ana',
    });
    const answer = await app.request('/api/session', post({ link: secret, password: 'four words, mine' }));
    const set = answer.headers.get('set-cookie')!;
    expect(set).toMatch(/^tidings=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/);
    cookie = set.split(';')[0]!;
    expect(await json(get('/api/me'))).toMatchObject({
      kind: 'user',
      name: 'ana',
      role: 'admin',
      has_users: true,
    });
    expect((await json(get('/api/me')))['may']).toContain('approve');
    expect(
      await status(app.request('/api/session', post({ link: secret, password: 'four words, mine' }))),
    ).toBe(401);
    const secure = await appFor('https://tidings.example', 'k'.repeat(20)).request(
      '/api/session',
      post({ name: 'ana', password: 'four words, mine' }, { host: 'tidings.example' }),
    );
    expect(secure.headers.get('set-cookie')).toMatch(
      /^__Host-tidings=.*; HttpOnly; SameSite=Strict; Secure$/,
    );
  });

  test.each<[string, Record<string, string>, number]>([
    ['our own page', OURS, 200],
    ['our own page, in a browser that sends no Sec-Fetch-Site', { origin: ORIGIN }, 200],
    ['no Origin and no Sec-Fetch-Site', {}, 403],
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
    ['another site that leaves out its Origin', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a page of a neighbour domain', { 'sec-fetch-site': 'same-site' }, 403],
    ['the address bar', { 'sec-fetch-site': 'none' }, 403],
    ['a frame without an origin', { origin: 'null' }, 403],
    ['a form', { ...OURS, 'content-type': 'application/x-www-form-urlencoded' }, 403],
    ['a form with a file', { ...OURS, 'content-type': 'multipart/form-data; boundary=x' }, 403],
    ['a form of text', { ...OURS, 'content-type': 'text/plain' }, 403],
  ])('writes for %s: %o → %i', async (_, headers, wanted) => {
    const before = (await core.call('leads.list')).total_count;
    expect(await status(app.request('/api/leads', post({ name: 'Ann' }, { cookie, ...headers })))).toBe(
      wanted,
    );
    const after = (await core.call('leads.list')).total_count;
    expect(after - before).toBe(wanted === 200 ? 1 : 0);
    // Reading changes nothing, and the other page does not see it.
    if (headers['origin'] === undefined)
      expect(await status(get('/api/leads', headers))).toBe(
        wanted === 403 && 'sec-fetch-site' in headers && headers['sec-fetch-site'] !== 'none' ? 403 : 200,
      );
  });

  test('of a person may make people; what a cookie says is not believed beside a key in a header', async () => {
    expect(
      await status(app.request('/api/users', post({ name: 'ben', role: 'viewer' }, { cookie, ...OURS }))),
    ).toBe(200);
    const both = await app.request(
      '/api/users',
      post({ name: 'eva', role: 'viewer' }, { cookie, ...OURS, ...withKey('admin') }),
    );
    expect(both.status).toBe(403);
    expect(await status(app.request('/api/leads', { headers: { cookie, 'x-api-key': 'wrong' } }))).toBe(401);
  });

  test('ends with DELETE, of our own page only', async () => {
    expect(await status(app.request('/api/session', { method: 'DELETE', headers: { cookie } }))).toBe(403);
    expect(await status(get('/api/me'))).toBe(200);
    const out = await app.request('/api/session', { method: 'DELETE', headers: { cookie, ...OURS } });
    expect(out.headers.get('set-cookie')).toMatch(/^tidings=; Path=\/; Max-Age=0/);
    expect(await status(get('/api/me'))).toBe(401);
  });

  test('is not begun by a page of elsewhere, nor by what is no way to sign in', async () => {
    const right = { name: 'ana', password: 'four words, mine' };
    expect(await status(app.request('/api/session', post(right, { 'sec-fetch-site': 'cross-site' })))).toBe(
      403,
    );
    const form = { ...OURS, 'content-type': 'text/plain' };
    expect(await status(app.request('/api/session', post(right, form)))).toBe(403);
    for (const body of [
      {},
      { name: 'ana' },
      { password: 'x' },
      { ...right, role: 'admin' },
      [],
      null,
      'x',
      '{',
      { key: 1 },
    ])
      expect(await status(app.request('/api/session', post(body)))).toBe(400);
    const wrong = await app.request('/api/session', post({ ...right, password: 'x' }));
    expect([wrong.status, await wrong.text()]).toEqual([401, expect.not.stringContaining('ana')]);
    expect(await status(app.request('/api/session', post(right)))).toBe(200);
  });
});

it('wrong passwords wait longer and longer, and only where they come from', async () => {
  const tries = new PasswordTries();
  let now = 0;
  const wrong = (address = '203.0.113.9') =>
    tries.take(
      address,
      'name ana',
      async () => null,
      () => now,
    );
  for (let time = 0; time < 6; time++) expect(await wrong()).toBeNull();
  await expect(wrong()).rejects.toMatchObject({ code: 'busy', fix: 'Try again in 2 s.' });
  expect(await wrong('203.0.113.10')).toBeNull();
  now += 2_000;
  expect(await wrong()).toBeNull();
  await expect(wrong()).rejects.toMatchObject({ fix: 'Try again in 4 s.' });
  for (let time = 0; time < 20; time++) {
    now += 5 * 60_000;
    await wrong();
  }
  await expect(wrong()).rejects.toMatchObject({ fix: 'Try again in 300 s.' });
  now += 5 * 60_000;
  expect(
    await tries.take(
      '203.0.113.9',
      'name ana',
      async () => 'in',
      () => now,
    ),
  ).toBe('in');
  for (let time = 0; time < 6; time++) expect(await wrong()).toBeNull();
  // Many at once are as many tries.
  const many = await Promise.allSettled(Array.from({ length: 20 }, () => wrong('203.0.113.11')));
  expect(many.filter(({ status }) => status === 'fulfilled')).toHaveLength(6);
});
