import { createHash, randomBytes } from 'node:crypto';
import {
  auth,
  Client,
  type OAuthClientProvider,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { createHttpApp } from '../../src/http/app.ts';
import { freshFolder, openCore, quiet, removeFolder } from '../support/core.ts';

const PUBLIC_URL = 'https://tidings.example.com';
const RESOURCE = `${PUBLIC_URL}/mcp`;
const API_KEY = 'a-long-random-text-for-the-owner';
const BACK = 'https://claude.ai/api/mcp/auth_callback';
const env = { PUBLIC_URL, TIDINGS_API_KEY: API_KEY, OAUTH_ISSUER: 'self' };
const folder = freshFolder();
const CLAUDE = { name: 'Claude', redirectUris: [BACK] };
const people: Record<string, string> = {};
let core: Awaited<ReturnType<typeof openCore>>;
let app: ReturnType<typeof createHttpApp>;
// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
type Answer = any;

beforeAll(async () => {
  core = await openCore([], folder, undefined, undefined, { env });
  app = appWith(env);
  for (const [name, role] of [
    ['ann', 'admin'],
    ['vic', 'viewer'],
    ['bob', 'operator'],
  ] as const) {
    const { link } = await command('users.add', { name, role });
    const password = 'four words of nobody';
    people[name] = await core.tidings.signIn.byLink({ link: link.split('#')[1], password });
  }
});
afterEach(() => void vi.useRealTimers());
afterAll(async () => {
  await core.close();
  removeFolder(folder);
});

function appWith(environment: NodeJS.ProcessEnv) {
  const config = readConfig(environment);
  return createHttpApp({ ...config, tidings: core.tidings, version: '0', log: quiet, port: () => 3000 });
}

/** At the command line of the machine, where a person sits. */
const command = (name: string, input: object = {}, context: object = {}) =>
  core.call(name, input, {
    caller: { door: 'cli', principal: core.tidings.access.machine() },
    ...context,
  });
const world: typeof fetch = async (url, init) => app.request(String(url), init as RequestInit);
const form = (path: string, values: Record<string, string>, more: Record<string, string> = {}) =>
  app.request(`${PUBLIC_URL}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...more },
    body: new URLSearchParams(values),
  });
const json = async (answer: Response | Promise<Response>): Promise<Answer> => (await answer).json();
const register = (more: object = {}) =>
  app.request(`${PUBLIC_URL}/oauth/register`, {
    method: 'POST',
    body: JSON.stringify({ client_name: 'Claude', redirect_uris: [BACK], ...more }),
  });
/** As the page of the dashboard asks, in the browser of that person. */
const asPerson = (what: string, body: object, name = 'ann', headers: Record<string, string> = {}) =>
  app.request(`${PUBLIC_URL}/api/oauth/${what}`, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      ...{ cookie: `__Host-tidings=${people[name]}`, ...headers },
    },
    body: JSON.stringify(body),
  });
const call = (token: string, path: string, init: RequestInit = {}) =>
  app.request(`${PUBLIC_URL}${path}`, { ...init, headers: { authorization: `Bearer ${token}` } });

async function began(more: Record<string, string> = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const client_id = more.client_id ?? (await core.tidings.apps.register(CLAUDE)).id;
  const asked = {
    ...{ client_id, redirect_uri: BACK, response_type: 'code', scope: 'viewer author operator', state: 's' },
    ...{ code_challenge: createHash('sha256').update(verifier).digest('base64url') },
    ...{ code_challenge_method: 'S256', resource: RESOURCE, ...more },
  };
  return { verifier, client_id: client_id as string, asked };
}

async function allowed(role = 'operator', name = 'ann') {
  const one = await began();
  const { to } = await json(asPerson('allow', { asked: one.asked, role }, name));
  const code = new URL(to).searchParams.get('code')!;
  const exchange = { grant_type: 'authorization_code', client_id: one.client_id, code, redirect_uri: BACK };
  return { ...one, code, exchange: { ...exchange, code_verifier: one.verifier, resource: RESOURCE } };
}

async function connected(role = 'operator', name = 'ann') {
  const one = await allowed(role, name);
  const tokens = await json(form('/oauth/token', one.exchange));
  const refresh = {
    grant_type: 'refresh_token',
    client_id: one.client_id,
    refresh_token: tokens.refresh_token,
  };
  return { ...one, tokens, refresh };
}

/** What an app keeps, and the browser of the person in between. */
class Assistant implements OAuthClientProvider {
  redirectUrl = BACK;
  clientMetadata = { client_name: 'Claude', redirect_uris: [BACK], token_endpoint_auth_method: 'none' };
  sent: URL | undefined;
  #client: Answer;
  #tokens: Answer;
  #verifier = '';
  state = () => 'a state';
  clientInformation = () => this.#client;
  saveClientInformation = (one: Answer) => {
    this.#client = one;
  };
  tokens = () => this.#tokens;
  saveTokens = (one: Answer) => {
    this.#tokens = one;
  };
  saveCodeVerifier = (one: string) => {
    this.#verifier = one;
  };
  codeVerifier = () => this.#verifier;
  redirectToAuthorization = (to: URL) => {
    this.sent = to;
  };
}

describe('the official client', () => {
  it('finds out where, registers, is let in by a person, calls, refreshes, and is disconnected', async () => {
    const provider = new Assistant();
    const open = () =>
      new StreamableHTTPClientTransport(new URL(RESOURCE), { authProvider: provider, fetch: world });
    const first = open();
    await expect(new Client({ name: 'x', version: '1' }).connect(first)).rejects.toThrow(UnauthorizedError);
    expect(provider.sent!.href).toContain(`${PUBLIC_URL}/connect?`);

    const asked = Object.fromEntries(provider.sent!.searchParams);
    expect(await json(asPerson('ask', asked))).toEqual({
      ...{ success: true, name: 'Claude', host: 'claude.ai', asked_role: 'operator', person: 'ann' },
      roles: ['operator', 'author', 'viewer'],
    });
    const { to } = await json(asPerson('allow', { asked, role: 'operator' }));
    const back = new URL(to).searchParams;
    expect(back.get('state')).toBe('a state');
    await first.finishAuth(back);

    const client = new Client({ name: 'x', version: '1' });
    await client.connect(open());
    const lead = { action: 'create', name: 'Bob', email: 'bob@example.com' };
    const made = await client.callTool({ name: 'leads', arguments: lead });
    expect(made.structuredContent).toMatchObject({ success: true });
    const [entry] = (await core.call('audit.list')).entries;
    expect(entry).toMatchObject({ who: 'app Claude of ann', operation: 'leads.create', answer: 'done' });

    const before = provider.tokens().access_token;
    expect(await auth(provider, { serverUrl: RESOURCE, fetchFn: world })).toBe('AUTHORIZED');
    expect(provider.tokens().access_token).not.toBe(before);
    const list = { name: 'leads', arguments: { action: 'list' } };
    expect((await client.callTool(list)).structuredContent).toMatchObject({ success: true });

    const [one] = (await command('apps.list')).apps.slice(-1);
    expect(one).toMatchObject({ name: 'Claude', host: 'claude.ai', person: 'ann', state: 'connected' });
    await command('apps.revoke', { app: one.app_id });
    expect((await call(provider.tokens().access_token, '/api/leads')).status).toBe(401);
    await expect(client.callTool(list)).rejects.toThrow();
    await client.close();
  });
});

describe('what an app asks for', () => {
  it.each([
    ['an address that it has not named', { redirect_uri: 'https://evil.example/cb' }],
    ['an address that begins as one that it has named', { redirect_uri: `${BACK}.evil.example` }],
    ['no PKCE', { code_challenge_method: '' }],
    ['PKCE that shows the secret', { code_challenge_method: 'plain' }],
    ['a token at once', { response_type: 'token' }],
    ['access to another server', { resource: 'https://other.example/mcp' }],
    ['anything under a name that is not known', { client_id: '0199a1c2-1111-7000-8000-000000000001' }],
  ])('%s: is refused, and the browser is sent nowhere', async (_, more) => {
    const { asked } = await began(more as Record<string, string>);
    for (const [what, body] of [
      ['ask', asked],
      ['allow', { asked, role: 'viewer' }],
    ] as const) {
      const answer = await asPerson(what, body);
      expect(answer.status).toBe(400);
      expect(await answer.json()).not.toHaveProperty('to');
    }
  });

  it('a role: it gets no more than it asks for, no more than its person may, and never what decides', async () => {
    const { asked } = await began({ scope: 'author admin approve' });
    expect((await json(asPerson('ask', asked))).roles).toEqual(['author', 'viewer']);
    expect((await asPerson('allow', { asked, role: 'operator' })).status).toBe(403);
    expect((await asPerson('allow', { asked, role: 'admin' })).status).toBe(400);
    const { asked: all } = await began();
    expect((await json(asPerson('ask', all, 'vic'))).roles).toEqual(['viewer']);
    expect((await asPerson('allow', { asked: all, role: 'operator' }, 'vic')).status).toBe(403);
  });

  it('is denied by a person in words that it knows', async () => {
    const { asked } = await began();
    const { to } = await json(asPerson('allow', { asked, role: null }));
    expect(to).toBe(`${BACK}?error=access_denied&iss=${encodeURIComponent(PUBLIC_URL)}&state=s`);
  });
});

describe('only a person lets an app in', () => {
  it('on our own page: another site, a form, a key, an app and nobody are turned away', async () => {
    const { asked } = await began();
    const body = { asked, role: 'viewer' };
    const { tokens } = await connected();
    const plain = { 'content-type': 'text/plain' };
    const tries: [Record<string, string>, number][] = [
      [{ 'sec-fetch-site': 'cross-site' }, 403],
      [{ 'sec-fetch-site': 'same-site' }, 403],
      [plain, 403],
      [{ cookie: '' }, 401],
      [{ cookie: '', 'x-api-key': API_KEY }, 403],
      [{ cookie: '', authorization: `Bearer ${tokens.access_token}` }, 403],
    ];
    for (const [headers, status] of tries) {
      const answer = await asPerson('allow', body, 'ann', headers);
      expect([headers, answer.status]).toEqual([headers, status]);
      expect(await answer.json()).not.toHaveProperty('to');
    }
  });

  it("and that page is in nobody's frame", async () => {
    const page = await app.request(`${PUBLIC_URL}/connect?client_id=x`);
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });
});

describe('a code', () => {
  it.each([
    ['another app', { client_id: 'another' }],
    ['another address', { redirect_uri: `${BACK}2` }],
    ['another secret', { code_verifier: 'a'.repeat(43) }],
    ['no secret', { code_verifier: '' }],
  ])('gives nothing to %s', async (_, more) => {
    const { exchange } = await allowed();
    const answer = await form('/oauth/token', { ...exchange, ...more });
    expect([answer.status, (await json(answer)).error]).toEqual([400, 'invalid_grant']);
  });

  it('is for this server, given as a form that says nothing twice', async () => {
    const { exchange } = await allowed();
    const other = form('/oauth/token', { ...exchange, resource: 'https://other.example/' });
    expect((await json(other)).error).toBe('invalid_target');
    expect((await json(form('/oauth/token', exchange, { 'content-type': 'text/plain' }))).error).toBe(
      'invalid_request',
    );
    expect((await json(form('/oauth/token', { ...exchange, grant_type: 'password' }))).error).toBe(
      'unsupported_grant_type',
    );
    const { client_id: _, ...nameless } = exchange;
    expect((await form('/oauth/token', nameless)).status).toBe(401);
  });

  it('is not taken from a form that says something twice', async () => {
    const { exchange } = await allowed();
    const body = `${new URLSearchParams(exchange)}&client_id=another`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = app.request(`${PUBLIC_URL}/oauth/token`, { method: 'POST', headers, body });
    expect((await json(answer)).error).toBe('invalid_request');
  });

  it('is over after a minute', async () => {
    const { exchange } = await allowed();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    expect((await json(form('/oauth/token', exchange))).error).toBe('invalid_grant');
  });

  it('that comes twice was copied: what it gave ends, and of two at once one gets nothing', async () => {
    const { exchange } = await allowed();
    const both = await Promise.all([
      json(form('/oauth/token', exchange)),
      json(form('/oauth/token', exchange)),
    ]);
    expect(both.filter(({ error }) => error === 'invalid_grant').length).toBe(1);
    const { access_token } = both.find((one) => one.access_token);
    expect((await call(access_token, '/api/leads')).status).toBe(401);
  });
});

describe('a token', () => {
  it('may what was allowed, and approves nothing, makes no keys, and lets nobody else in', async () => {
    const { tokens } = await connected();
    expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 3_600, scope: 'operator' });
    expect(await json(call(tokens.access_token, '/api/me'))).toMatchObject({ kind: 'app', role: 'operator' });
    for (const path of ['/api/keys', '/api/users', '/api/audit', '/api/apps'])
      expect([path, (await call(tokens.access_token, path)).status]).toEqual([path, 403]);
    const approve = { method: 'POST', body: '{"code":"x","count":1}' };
    const answer = await call(tokens.access_token, '/api/sends/approve', approve);
    expect(await answer.json()).not.toMatchObject({ success: true });
    const { tokens: low } = await connected('viewer');
    const create = { name: 'X', email: 'x@example.com' };
    const made = app.request(`${PUBLIC_URL}/api/leads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${low.access_token}`, 'content-type': 'application/json' },
      body: JSON.stringify(create),
    });
    expect((await made).status).toBe(403);
  });

  it('is no key to sign in with, and a refresh calls nothing', async () => {
    const { tokens } = await connected();
    expect(await core.tidings.signIn.byKey(tokens.access_token)).toBeNull();
    expect((await call(tokens.refresh_token, '/api/leads')).status).toBe(401);
  });

  it('is kept as a hash alone', async () => {
    const { tokens, code } = await connected();
    const kept = JSON.stringify([
      await core.ledger.all('SELECT * FROM oauth_tokens'),
      await core.ledger.all('SELECT * FROM oauth_grants'),
    ]);
    for (const secret of [tokens.access_token, tokens.refresh_token, code])
      expect(kept).not.toContain(secret);
  });

  it('is over after an hour, and its refresh gets the next', async () => {
    const { tokens, refresh } = await connected();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_601_000 });
    const late = await call(tokens.access_token, '/api/leads');
    expect(late.status).toBe(401);
    expect(late.headers.get('www-authenticate')).toContain('error="invalid_token", resource_metadata="https');
    const next = await json(form('/oauth/token', refresh));
    expect((await call(next.access_token, '/api/leads')).status).toBe(200);
  });

  it('whose refresh comes twice was copied: all tokens of the app end', async () => {
    const { refresh } = await connected();
    const next = await json(form('/oauth/token', refresh));
    expect((await json(form('/oauth/token', refresh))).error).toBe('invalid_grant');
    expect((await call(next.access_token, '/api/leads')).status).toBe(401);
    const again = { ...refresh, refresh_token: next.refresh_token };
    expect((await json(form('/oauth/token', again))).error).toBe('invalid_grant');
  });

  it('refreshes for its own app only', async () => {
    const { refresh } = await connected();
    expect((await json(form('/oauth/token', { ...refresh, client_id: 'x' }))).error).toBe('invalid_grant');
    expect((await json(form('/oauth/token', refresh))).access_token).toBeTypeOf('string');
  });

  it('is given back by its app, and by no other', async () => {
    const { tokens, client_id } = await connected();
    const back = (id: string) => form('/oauth/revoke', { token: tokens.refresh_token, client_id: id });
    expect((await back('another')).status).toBe(200);
    expect((await call(tokens.access_token, '/api/leads')).status).toBe(200);
    expect((await back(client_id)).status).toBe(200);
    expect((await call(tokens.access_token, '/api/leads')).status).toBe(401);
  });

  it('may no more than its person still may, and nothing when that person is gone', async () => {
    const { tokens, refresh } = await connected('operator', 'bob');
    await command('users.role', { user: 'bob', role: 'viewer' });
    expect((await json(call(tokens.access_token, '/api/me'))).role).toBe('viewer');
    await command('users.remove', { user: 'bob' });
    expect((await call(tokens.access_token, '/api/leads')).status).toBe(401);
    expect((await json(form('/oauth/token', refresh))).error).toBe('invalid_grant');
  });

  it('opens nothing where apps are not connected, or under another address', async () => {
    const { tokens } = await connected();
    const bearer = { headers: { authorization: `Bearer ${tokens.access_token}` } };
    for (const other of [
      { ...env, OAUTH_ISSUER: '' },
      { ...env, PUBLIC_URL: 'https://moved.example.com' },
    ])
      expect((await appWith(other).request('/api/leads', bearer)).status).toBe(401);
  });
});

it('people see and end their own apps, and an admin all of them', async () => {
  await connected('viewer', 'vic');
  const vic = { door: 'http', principal: { kind: 'user', id: '', name: 'vic', role: 'viewer' } } as const;
  const all = (await command('apps.list')).apps as { person: string; app_id: string; state: string }[];
  const theirs = all.find(({ person }) => person === 'vic')!;
  const others = all.find(({ person, state }) => person === 'ann' && state === 'connected')!;
  const row = await core.ledger.get<{ id: string }>("SELECT id FROM users WHERE name = 'vic'");
  const caller = { ...vic, principal: { ...vic.principal, id: row!.id } };
  expect((await command('apps.list', {}, { caller })).apps.length).toBe(1);
  await expect(command('apps.revoke', { app: others.app_id }, { caller })).rejects.toThrow('no app');
  expect(await command('apps.revoke', { app: theirs.app_id }, { caller })).toMatchObject({
    state: 'revoked',
  });
});

it('a call that an app had begun before it was disconnected changes nothing', async () => {
  const { tokens } = await connected();
  const principal = (await core.tidings.access.byApp(tokens.access_token, RESOURCE))!;
  const lead = { name: 'Late', email: 'late@example.com' };
  await command('apps.revoke', { app: principal.id });
  const caller = { door: 'mcp', principal } as const;
  await expect(core.call('leads.create', lead, { caller })).rejects.toMatchObject({ code: 'unauthorized' });
});

describe('who registers', () => {
  it.each([
    ['javascript:alert(1)'],
    ['http://evil.example/cb'],
    ['https://user:pass@evil.example/cb'],
    ['https://evil.example/cb#x'],
    ['data:text/html,x'],
    ['evil://cb'],
  ])('with %s as the way back is refused', async (uri) => {
    app = appWith(env);
    const answer = await register({ redirect_uris: [uri] });
    expect([answer.status, (await json(answer)).error]).toEqual([400, 'invalid_redirect_uri']);
  });

  it('gets 201, a name in one line, and no secret; a program of this machine takes any port', async () => {
    app = appWith(env);
    const given = { client_name: 'Clau\u202ede\n\u0007x', redirect_uris: ['http://localhost:3334/cb'] };
    const answer = await register(given);
    expect(answer.status).toBe(201);
    const client = await json(answer);
    expect(client).toMatchObject({ client_name: 'Clau de x', token_endpoint_auth_method: 'none' });
    expect(client).not.toHaveProperty('client_secret');
    const { asked } = await began({ client_id: client.client_id, redirect_uri: 'http://localhost:9/cb' });
    expect((await json(asPerson('ask', asked))).host).toBe('this computer');
  });

  it('again and again from one address has to wait, and what nobody lets in makes room', async () => {
    app = appWith(env);
    const statuses: number[] = [];
    for (let at = 0; at < 11; at++) statuses.push((await register()).status);
    expect(statuses.at(-1)).toBe(429);
    const apps = core.tidings.apps;
    const { client_id } = await connected();
    const oldest = await apps.register({ name: 'old', redirectUris: [BACK] });
    await core.ledger.write(async (tx) => {
      const many = Array.from({ length: 1_000 }, (_, at) => `('f${at}', 'x', '[]', ${Date.now() + 1_000})`);
      await tx.run(
        `INSERT INTO oauth_clients (id, name, redirect_uris, created_at) VALUES ${many.join(', ')}`,
      );
    });
    const latest = await apps.register({ name: 'new', redirectUris: [BACK] });
    expect(await apps.client(oldest.id)).toBeNull();
    expect(await apps.client(latest.id)).not.toBeNull();
    expect(await apps.client(client_id)).not.toBeNull();
  });
});

describe('the settings of it', () => {
  it.each([
    [{ ...env, PUBLIC_URL: 'http://tidings.example.com' }, /PUBLIC_URL is "http:.*can be read on its way/],
    [{ ...env, PUBLIC_URL: '' }, /PUBLIC_URL is not/],
    [{ OAUTH_ISSUER: 'self', PUBLIC_URL: 'http://localhost:3000' }, /TIDINGS_API_KEY is not/],
    [{ ...env, OAUTH_AUDIENCE: 'x' }, /OAUTH_AUDIENCE is "x"/],
    [{ ...env, OAUTH_ISSUER: 'on' }, /no issuer/],
  ])('%j stop the start', (environment, told) => {
    expect(() => readConfig(environment)).toThrow(told);
  });

  it('without them there is nothing of it', async () => {
    const bare = appWith({ ...env, OAUTH_ISSUER: '' });
    for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/oauth-protected-resource'])
      expect((await bare.request(path)).status).toBe(404);
    const post = { method: 'POST', headers: { 'x-api-key': API_KEY } };
    for (const path of ['/oauth/register', '/oauth/token', '/oauth/revoke', '/api/oauth/ask'])
      expect((await bare.request(path, post)).status).toBe(404);
    expect(readConfig({ ...env, OAUTH_ISSUER: 'Self' }).oauthServer?.issuer).toBe(PUBLIC_URL);
  });
});
