import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { fakeApp, post, toolCall } from './fake-tidings.ts';

const LIST = { method: 'tools/list' };

describe('a server on loopback', () => {
  test.each(['localhost:3000', '127.0.0.1:3000', '[::1]:3000', 'localhost:8080'])(
    'answers as %s',
    async (host) => {
      const { app } = fakeApp();
      expect((await app.request('/mcp', post(LIST, { host }))).status).toBe(200);
    },
  );

  test.each(['evil.example', 'evil.example:3000', 'localhost.evil.example', '192.168.0.9', 'a@localhost'])(
    'refuses the Host %s',
    async (host) => {
      const { app } = fakeApp();
      const response = await app.request('/mcp', post(LIST, { host }));
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ success: false, code: 'forbidden' });
    },
  );

  test.each(['http://localhost:3000', 'http://127.0.0.1:3000'])(
    'answers its own pages at %s',
    async (origin) => {
      const { app } = fakeApp();
      expect((await app.request('/mcp', post(LIST, { origin, host: 'localhost:3000' }))).status).toBe(200);
    },
  );

  test.each(['https://evil.example', 'http://localhost:5173', 'null', 'http://localhost:3000.evil.example'])(
    'refuses the Origin %s, also for health and REST',
    async (origin) => {
      const { app } = fakeApp();
      const headers = { origin, host: 'localhost:3000' };
      expect((await app.request('/mcp', post(LIST, headers))).status).toBe(403);
      expect((await app.request('/api/leads', { headers })).status).toBe(403);
    },
  );

  test('answers to PUBLIC_URL behind a proxy', async () => {
    const { app } = fakeApp({ publicUrl: 'https://tidings.example' });
    const headers = { host: 'tidings.example', origin: 'https://tidings.example' };
    expect((await app.request('/mcp', post(LIST, headers))).status).toBe(200);
  });
});

describe('a server without an API key', () => {
  const { app, log } = fakeApp();
  const ask = (path: string, headers: Record<string, string>, method = 'GET') =>
    app.request(path, { method, headers });

  test.each([
    ['Forwarded', 'for=203.0.113.9'],
    ['X-Forwarded-For', '203.0.113.9'],
    ['X-Forwarded-Host', 'tidings.example'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Real-IP', '203.0.113.9'],
    ['Via', '1.1 vegur'],
    ['CF-Connecting-IP', '203.0.113.9'],
    ['True-Client-IP', '203.0.113.9'],
    ['X-Envoy-External-Address', '203.0.113.9'],
    ['X-Amzn-Trace-Id', 'Root=1'],
    ['Tailscale-User-Login', 'ann'],
  ])('refuses what a proxy passes on (%s), on every path but health and readiness', async (name, value) => {
    for (const path of ['/api/leads', '/mcp', '/mcp/', '/metrics', '/', '/nowhere']) {
      const answer = await ask(path, { [name]: value });
      expect([path, answer.status]).toEqual([path, 403]);
      const { error, fix } = (await answer.json()) as { error: string; fix: string };
      expect(error).toContain(name.toLowerCase());
      expect(fix).toContain('TIDINGS_API_KEY');
    }
    for (const path of ['/health', '/ready']) expect((await ask(path, { [name]: value })).status).toBe(200);
  });

  test.each(['cross-site', 'same-site', 'what is this'])(
    'refuses what a page elsewhere makes a browser ask (Sec-Fetch-Site: %s), also without an Origin',
    async (site) => {
      const image = { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
      const link = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
      for (const headers of [image, link]) {
        for (const path of ['/api/leads', '/api/openapi.json', '/metrics'])
          expect([path, (await ask(path, headers)).status]).toEqual([path, 403]);
        expect((await app.request('/mcp', post(LIST, headers))).status).toBe(403);
      }
      expect((await ask('/', image)).status).toBe(403);
      expect((await ask('/', { ...link, 'sec-fetch-dest': 'iframe' })).status).toBe(403);
      expect((await ask('/', link, 'POST')).status).toBe(403);
      // A link that somebody follows.
      expect((await ask('/', link)).status).toBe(200);
    },
  );

  test('answers its own pages, the address bar, and programs', async () => {
    for (const site of ['same-origin', 'none'])
      expect((await ask('/api/leads', { 'sec-fetch-site': site })).status).toBe(200);
    expect((await ask('/api/leads', {})).status).toBe(200);
  });

  test('has nobody to log about', () => {
    expect(log.lines).toEqual([]);
  });
});

describe('a server with an API key', () => {
  const { app } = fakeApp({ apiKey: 'correct horse', host: '0.0.0.0' });
  const spaced = fakeApp({ apiKey: 'k3y', host: '0.0.0.0' }).app;

  test('refuses calls without it, and says how to give it', async () => {
    for (const path of [
      '/mcp',
      '/mcp/',
      '/mcp//',
      '/mcp/x',
      '/mcp?x=/',
      '/mcp/?key=1',
      '/api/leads',
      '/api/leads/',
    ]) {
      const response = await app.request(path, path.startsWith('/mcp') ? post(LIST) : {});
      expect(response.status, path).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      expect(await response.json()).toMatchObject({ success: false, code: 'unauthorized' });
    }
  });

  test('opens /mcp/ by the key as it opens /mcp, and runs nothing there without it', async () => {
    const { app, tidings } = fakeApp({ apiKey: 'correct horse', host: '0.0.0.0' });
    const call = toolCall('leads', { action: 'list' });
    for (const path of ['/mcp', '/mcp/', '/']) await app.request(path, post(call));
    for (const path of ['/mcp', '/mcp/']) await app.request(path, post(call, { 'x-api-key': 'correct' }));
    expect(tidings.calls).toEqual([]);
    const opened = await app.request('/mcp/', post(call, { 'x-api-key': 'correct horse' }));
    expect(opened.status).toBe(200);
    expect(tidings.calls).toHaveLength(1);
  });

  test('takes it as a bearer token or as X-API-Key, and no other', async () => {
    const status = async (headers: Record<string, string>) =>
      (await spaced.request('/api/leads', { headers })).status;
    expect(await status({ authorization: 'Bearer k3y' })).toBe(200);
    expect(await status({ 'x-api-key': 'k3y' })).toBe(200);
    expect(await status({ 'x-api-key': 'k3' })).toBe(401);
    expect(await status({ authorization: 'Basic k3y' })).toBe(401);
  });

  test('answers health without it, and says what runs here only with it', async () => {
    const health = async (headers: Record<string, string> = {}) =>
      (await (await app.request('/health', { headers })).json()) as object;
    expect(await health()).toEqual({ status: 'ok' });
    expect(await health({ 'x-api-key': 'correct horse' })).toMatchObject({ version: '1.2.3' });
    const page = await (await app.request('/')).text();
    expect(page).not.toMatch(/1\.2\.3|sandbox/);
  });

  test('takes wrong keys slowly, counts them and writes one line, without the key; the right one always passes', async () => {
    const { app, log } = fakeApp({ apiKey: 'correct horse' });
    const ask = (key: string) => app.request('/api/leads', { headers: { 'x-api-key': key } });
    const answers = [];
    for (let at = 0; at < 30; at++) answers.push(await ask(`wrong-${at}`));
    expect(answers.slice(0, 10).map(({ status }) => status)).toEqual(Array(10).fill(401));
    const last = answers.at(-1)!;
    expect(last.status).toBe(429);
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(last.headers.get('connection')).toBe('close');
    expect((await ask('correct horse')).status).toBe(200);
    expect(log.lines).toEqual([
      { level: 'warn', message: 'a wrong API key was refused', fields: { address: 'unknown', tries: 1 } },
    ]);
    const metrics = await (
      await app.request('/metrics', { headers: { 'x-api-key': 'correct horse' } })
    ).text();
    expect(metrics).toContain('tidings_refused_requests_total{reason="wrong_key"} 30');
    expect(metrics).toContain('tidings_refused_requests_total{reason="throttled"} 20');
  });

  test.each([
    'Bearer ',
    'bearer \u00a0',
    'Bearer correct',
    'Bearer  correct horse x',
    'Bearer\tcorrect horse',
  ])('is not opened by "%s"', async (authorization) => {
    expect((await app.request('/api/leads', { headers: { authorization } })).status).toBe(401);
  });

  test('a caller may come through a proxy', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9', via: '1.1 proxy', 'x-api-key': 'correct horse' };
    expect((await app.request('/api/leads', { headers })).status).toBe(200);
  });

  test('is called by any address or name until PUBLIC_URL says which', async () => {
    const headers = { host: 'tidings.lan', 'x-api-key': 'k3y' };
    expect((await spaced.request('/api/leads', { headers })).status).toBe(200);
    const named = fakeApp({ apiKey: 'k3y', host: '0.0.0.0', publicUrl: 'https://tidings.example' }).app;
    expect((await named.request('/api/leads', { headers })).status).toBe(403);
    expect((await named.request('/api/leads', { headers: { ...headers, host: '10.0.0.7' } })).status).toBe(
      200,
    );
  });
});

describe('a page of ALLOWED_ORIGINS', () => {
  const page = 'https://app.example';
  const asked = { origin: page, host: 'localhost:3000', 'sec-fetch-site': 'cross-site' };
  const before = {
    ...asked,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type,mcp-protocol-version',
  };
  const keyed = fakeApp({ apiKey: 'k3y', allowedOrigins: [page] }).app;

  test.each(['/mcp', '/api/leads'])('may ask before it calls %s, without a key', async (path) => {
    const answer = await keyed.request(path, { method: 'OPTIONS', headers: before });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(page);
    expect(answer.headers.get('access-control-allow-headers')!.toLowerCase()).toContain('authorization');
    expect(answer.headers.get('access-control-allow-headers')!.toLowerCase()).toContain(
      'mcp-protocol-version',
    );
    expect(answer.headers.get('access-control-allow-methods')).toContain('POST');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    expect(answer.headers.get('vary')).toContain('Origin');
  });

  test('reads what it is answered, a refusal too, and needs a key like everybody', async () => {
    const none = await keyed.request('/mcp', post(LIST, asked));
    expect(none.status).toBe(401);
    expect(none.headers.get('access-control-allow-origin')).toBe(page);
    expect(none.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
    const some = await keyed.request('/mcp', post(LIST, { ...asked, 'x-api-key': 'k3y' }));
    expect(some.status).toBe(200);
    expect(some.headers.get('access-control-allow-origin')).toBe(page);
  });

  test('calls a server without a key too: whoever runs it has named the page', async () => {
    const { app } = fakeApp({ allowedOrigins: [page] });
    expect((await app.request('/mcp', post(LIST, asked))).status).toBe(200);
    // The name of a page is in no proxy's mouth.
    expect((await app.request('/mcp', post(LIST, { ...asked, via: '1.1 proxy' }))).status).toBe(403);
  });

  test.each([
    `${page}.evil.example`,
    'https://evil.example',
    'http://app.example',
    `${page}:8443`,
    'null',
    page.toUpperCase(),
  ])('is not %s: it is refused, and its browser shows it nothing', async (origin) => {
    for (const method of ['OPTIONS', 'GET']) {
      const answer = await keyed.request('/api/leads', {
        method,
        headers: { ...before, origin, 'x-api-key': 'k3y' },
      });
      expect(answer.status, method).toBe(403);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      expect(answer.headers.get('vary')).toContain('Origin');
    }
  });

  test('there is none unless one is named', async () => {
    const { app } = fakeApp({ apiKey: 'k3y' });
    const answer = await app.request('/api/leads', { headers: { ...asked, 'x-api-key': 'k3y' } });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    for (const text of [undefined, '', ' , '])
      expect(readConfig({ ALLOWED_ORIGINS: text }).allowedOrigins).toEqual([]);
    expect(readConfig({ ALLOWED_ORIGINS: `${page}, http://localhost:6274 ${page}` }).allowedOrigins).toEqual([
      page,
      'http://localhost:6274',
    ]);
  });

  test.each([
    '*',
    'null',
    'app.example',
    `${page}/`,
    `${page}/path`,
    'http://app.example',
    'https://*.example',
    'true',
    'file:///x',
  ])('named %s stops the start', (text) =>
    expect(() => readConfig({ ALLOWED_ORIGINS: text })).toThrow(/ALLOWED_ORIGINS is ".*", which/),
  );
});
