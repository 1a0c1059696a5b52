import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { createHttpApp } from '../../src/http/app.ts';
import { freshFolder, openCore, quiet, removeFolder } from '../support/core.ts';
import { post, toolCall } from './fake-tidings.ts';

const PUBLIC_URL = 'https://tidings.example.com';
const RESOURCE = `${PUBLIC_URL}/mcp`;
const API_KEY = 'a-long-random-text-for-the-owner';
const folder = freshFolder();
let core: Awaited<ReturnType<typeof openCore>>;
let app: ReturnType<typeof createHttpApp>;
let issuer = '';
let isDown: boolean | 'keys' = false;
let asked: string[] = [];
/** What its metadata says otherwise. */
let lies: object = {};
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let strangers: Awaited<ReturnType<typeof generateKeyPair>>;

/** An issuer as RFC 8414 and OpenID Connect have them, with a path. */
const server = createServer(async (request, response) => {
  asked.push(request.url!);
  const json = (body: object) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  if (isDown === true || (isDown && request.url === '/shop/keys')) return void response.writeHead(500).end();
  if (request.url === '/shop/.well-known/openid-configuration')
    return void json({ issuer, jwks_uri: `${issuer}/keys`, ...lies });
  if (request.url === '/shop/keys')
    return void json({
      keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }],
    });
  response.writeHead(404).end();
});

beforeAll(async () => {
  keys = await generateKeyPair('ES256', { extractable: true });
  strangers = await generateKeyPair('ES256');
  core = await openCore([], folder);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/shop`;
});

beforeEach(() => {
  isDown = false;
  lies = {};
  asked = [];
  app = appWith();
});

afterAll(async () => {
  server.close();
  await core.close();
  removeFolder(folder);
});

function appWith(more: NodeJS.ProcessEnv = {}) {
  const config = readConfig({ PUBLIC_URL, TIDINGS_API_KEY: API_KEY, OAUTH_ISSUER: issuer, ...more });
  return createHttpApp({ ...config, tidings: core.tidings, version: '0', log: quiet, port: () => 3000 });
}

interface Made {
  readonly claims?: JWTPayload;
  readonly header?: object;
  readonly key?: Parameters<SignJWT['sign']>[0];
}

function token({ claims = {}, header = {}, key = keys.privateKey }: Made = {}): Promise<string> {
  const payload = { iss: issuer, aud: RESOURCE, sub: 'u-1', scope: 'openid operator', ...claims };
  const jwt = new SignJWT({ preferred_username: 'ann', ...payload });
  jwt.setProtectedHeader({ alg: 'ES256', kid: 'one', typ: 'at+jwt', ...header });
  if (claims.exp === undefined) jwt.setExpirationTime('5m');
  return jwt.sign(key);
}

const ask = (path: string, given: string, init: RequestInit = {}) =>
  app.request(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${given}` } });
// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
const json = async (response: Response | Promise<Response>): Promise<any> => (await response).json();

describe('who makes tokens for remote assistants', () => {
  test('is told by a document that anybody may read, below the path and at the root', async () => {
    for (const path of ['/mcp', '']) {
      const answer = await app.request(`/.well-known/oauth-protected-resource${path}`, {
        headers: { origin: 'https://claude.ai' },
      });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      expect(await answer.json()).toEqual({
        resource: RESOURCE,
        resource_name: 'Tidings',
        authorization_servers: [issuer],
        scopes_supported: ['viewer', 'author', 'operator'],
        bearer_methods_supported: ['header'],
      });
    }
  });

  test('is named to whoever comes without a token; where there is none, nothing is', async () => {
    const answer = await app.request('/mcp', post(toolCall('leads', { action: 'list' })));
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer realm="tidings", scope="viewer author operator", resource_metadata="${PUBLIC_URL}/.well-known/oauth-protected-resource/mcp"`,
    );
    const { OAUTH_ISSUER: _, ...bare } = { PUBLIC_URL, TIDINGS_API_KEY: API_KEY, OAUTH_ISSUER: issuer };
    const without = createHttpApp({
      ...readConfig(bare),
      ...{ tidings: core.tidings, version: '0', log: quiet, port: () => 3000 },
    });
    expect((await without.request('/mcp', post(toolCall('leads', {})))).headers.get('www-authenticate')).toBe(
      'Bearer realm="tidings"',
    );
    expect((await without.request('/.well-known/oauth-protected-resource')).status).toBe(404);
    expect(
      (await without.request('/api/leads', { headers: { authorization: `Bearer ${await token()}` } })).status,
    ).toBe(401);
  });
});

describe('an access token', () => {
  it.each(['viewer', 'author', 'operator'])('with the scope %s has that role', async (role) => {
    expect(await json(ask('/api/me', await token({ claims: { scope: `openid ${role}` } })))).toMatchObject({
      kind: 'token',
      name: 'ann',
      role,
    });
    const made = ask('/api/leads', await token({ claims: { scope: role } }), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Bob', email: `${role}@example.com` }),
    });
    expect((await made).status).toBe(role === 'viewer' ? 403 : 200);
    if (role !== 'viewer')
      expect((await core.call('audit.list', {})).entries[0]).toMatchObject({ who: 'token of ann' });
  });

  it('of Microsoft or Okta says its scopes in scp; the highest counts', async () => {
    for (const scp of ['viewer operator', ['author', 'operator']])
      expect(await json(ask('/api/me', await token({ claims: { scope: undefined, scp } })))).toMatchObject({
        role: 'operator',
      });
  });

  it('decides nothing for people, and gives nobody a key, whatever its scopes', async () => {
    const all = await token({ claims: { scope: 'admin operator approve' } });
    for (const path of ['/api/keys', '/api/users', '/api/audit'])
      expect((await ask(path, all)).status, path).toBe(403);
    const body = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"code":"x"}' };
    expect(await json(ask('/api/sends/approve', all, body))).not.toMatchObject({ success: true });
    expect(await json(ask('/api/me', all))).toMatchObject({ may: expect.not.arrayContaining(['approve']) });
  });

  it('with no scope of ours is told which there are', async () => {
    const answer = await ask(
      '/mcp',
      await token({ claims: { scope: 'openid admin' } }),
      post(toolCall('leads', {})),
    );
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toContain(
      'error="insufficient_scope", scope="viewer author operator"',
    );
  });

  const wrong: [string, () => Promise<string>][] = [
    ['that is over', () => token({ claims: { exp: Math.floor(Date.now() / 1_000) - 60 } })],
    [
      'that never ends',
      async () =>
        new SignJWT({ iss: issuer, aud: RESOURCE, sub: 'u', scope: 'operator' })
          .setProtectedHeader({ alg: 'ES256', kid: 'one' })
          .sign(keys.privateKey),
    ],
    [
      'that holds only from tomorrow',
      () => token({ claims: { nbf: Math.floor(Date.now() / 1_000) + 86_400 } }),
    ],
    ['of another issuer', () => token({ claims: { iss: 'https://evil.example' } })],
    ['for another server', () => token({ claims: { aud: 'https://other.example/mcp' } })],
    ['for nobody', () => token({ claims: { aud: undefined } })],
    ['of no one', () => token({ claims: { sub: undefined } })],
    ['that strangers signed', () => token({ key: strangers.privateKey })],
    [
      'that strangers signed with a key of their own name',
      () => token({ key: strangers.privateKey, header: { kid: 'two' } }),
    ],
    [
      'signed with our public key as a secret',
      async () => token({ header: { alg: 'HS256' }, key: Buffer.from(await exportSPKI(keys.publicKey)) }),
    ],
    [
      'that nobody signed',
      async () => {
        const [, payload] = (await token()).split('.');
        return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.AA`;
      },
    ],
    [
      'whose text was changed',
      async () => {
        const [head, payload, signature] = (await token({ claims: { scope: 'viewer' } })).split('.');
        const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString());
        return `${head}.${Buffer.from(JSON.stringify({ ...claims, scope: 'operator' })).toString('base64url')}.${signature}`;
      },
    ],
  ];
  it.each(wrong)('%s is refused', async (_, make) => {
    const given = await make();
    const answer = await ask('/mcp', given, post(toolCall('leads', { action: 'list' })));
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(JSON.stringify(await answer.json())).not.toContain(given.split('.')[2]);
  });

  it('that is over is told so however often it comes: its owner gets a new one', async () => {
    const old = await token({ claims: { exp: 1 } });
    for (let at = 0; at < 30; at++) expect((await ask('/api/leads', old)).status).toBe(401);
    expect((await ask('/api/leads', await token())).status).toBe(200);
  });

  it('reads and nothing else where TIDINGS_READ_ONLY is set', async () => {
    const readOnly = await openCore([], freshFolder(), undefined, undefined, {
      env: { TIDINGS_READ_ONLY: 'on' },
    });
    const about = readConfig({ PUBLIC_URL, TIDINGS_API_KEY: API_KEY, OAUTH_ISSUER: issuer });
    app = createHttpApp({ ...about, tidings: readOnly.tidings, version: '0', log: quiet, port: () => 3000 });
    expect(await json(ask('/api/me', await token()))).toMatchObject({ kind: 'token', role: 'viewer' });
    await readOnly.close();
    removeFolder(readOnly.folder);
  });

  it('is no key, and the key of the owner is no token: each stays what it is', async () => {
    expect((await app.request('/api/leads', { headers: { 'x-api-key': API_KEY } })).status).toBe(200);
    expect((await ask('/api/leads', 'x.y')).status).toBe(401);
    expect(asked).toEqual([]);
  });
});

describe('an issuer', () => {
  it('is asked for its keys once', async () => {
    for (let at = 0; at < 5; at++) expect((await ask('/api/leads', await token())).status).toBe(200);
    expect(asked).toEqual([
      '/.well-known/oauth-authorization-server/shop',
      '/shop/.well-known/openid-configuration',
      '/shop/keys',
    ]);
  });

  it('that does not answer is told, and nobody is sent away to sign in again', async () => {
    isDown = true;
    const answer = await ask('/api/leads', await token());
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      code: 'configuration',
      fix: expect.stringContaining('OAUTH_ISSUER'),
    });
    const before = asked.length;
    expect((await ask('/api/leads', await token())).status).toBe(503);
    expect(asked.length).toBe(before);
    expect((await app.request('/api/leads', { headers: { 'x-api-key': API_KEY } })).status).toBe(200);
  });

  it('whose keys cannot be had is asked now and then, and told once', async () => {
    const warned: string[] = [];
    const log = { ...quiet, warn: (_: object, what: string) => void warned.push(what) };
    app = createHttpApp({
      ...readConfig({ PUBLIC_URL, TIDINGS_API_KEY: API_KEY, OAUTH_ISSUER: issuer }),
      ...{ tidings: core.tidings, version: '0', log, port: () => 3000 },
    });
    const unknown = await token({ header: { kid: 'two' } });
    const times = () => asked.filter((path) => path === '/shop/keys').length;
    isDown = 'keys';
    for (let at = 0; at < 5; at++) expect((await ask('/api/leads', unknown)).status).toBe(503);
    expect([times(), warned.length]).toEqual([1, 1]);
  });

  it('that goes down is not missed by tokens of a key that is known', async () => {
    expect((await ask('/api/leads', await token())).status).toBe(200);
    isDown = true;
    await ask('/api/leads', await token({ header: { kid: 'two' } }));
    expect((await ask('/api/leads', await token())).status).toBe(200);
  });

  it.each([
    ['names another one', { issuer: 'https://evil.example' }],
    ['has its keys at an address that others can change', { jwks_uri: 'http://evil.example/keys' }],
  ])('whose metadata %s is not believed', async (_, said) => {
    lies = said;
    expect((await ask('/api/leads', await token())).status).toBe(503);
  });
});

describe('settings of tokens', () => {
  const base = { PUBLIC_URL, TIDINGS_API_KEY: API_KEY, OAUTH_ISSUER: 'https://login.example.com' };
  const refused: [NodeJS.ProcessEnv, RegExp][] = [
    [{ ...base, PUBLIC_URL: '' }, /OAUTH_ISSUER is set, but PUBLIC_URL is not/],
    [
      { OAUTH_ISSUER: base.OAUTH_ISSUER, PUBLIC_URL: 'http://localhost:3000' },
      /OAUTH_ISSUER is set, but TIDINGS_API_KEY is not/,
    ],
    [{ OAUTH_AUDIENCE: 'x' }, /OAUTH_AUDIENCE is set, but OAUTH_ISSUER is not/],
    ...[
      'login.example.com',
      'http://login.example.com',
      'https://x.example/?a=b',
      'ftp://x.example',
      'true',
    ].map(
      (one) =>
        [{ ...base, OAUTH_ISSUER: one }, /OAUTH_ISSUER is ".*", which is no issuer of tokens/] as [
          NodeJS.ProcessEnv,
          RegExp,
        ],
    ),
  ];
  it.each(refused)('%j stop the start', (env, told) => {
    expect(() => readConfig(env)).toThrow(told);
  });

  it('are for /mcp at PUBLIC_URL, unless they say otherwise', () => {
    expect(readConfig(base).oauth).toEqual({ issuer: base.OAUTH_ISSUER, audience: RESOURCE });
    expect(readConfig({ ...base, OAUTH_AUDIENCE: 'tidings' }).oauth?.audience).toBe('tidings');
    for (const nothing of ['', '  ']) expect(readConfig({ OAUTH_ISSUER: nothing }).oauth).toBeNull();
  });
});
