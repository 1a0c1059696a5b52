import { describe, expect, test } from 'vitest';
import { fakeApp, post } from './fake-tidings.ts';

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

describe('a server with an API key', () => {
  const { app } = fakeApp({ apiKey: 'correct horse', host: '0.0.0.0' });
  const spaced = fakeApp({ apiKey: 'k3y', host: '0.0.0.0' }).app;

  test('refuses calls without it, and says how to give it', async () => {
    for (const response of [await app.request('/mcp', post(LIST)), await app.request('/api/leads')]) {
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      expect(await response.json()).toMatchObject({ success: false, code: 'unauthorized' });
    }
  });

  test('takes it as a bearer token or as X-API-Key, and no other', async () => {
    const status = async (headers: Record<string, string>) =>
      (await spaced.request('/api/leads', { headers })).status;
    expect(await status({ authorization: 'Bearer k3y' })).toBe(200);
    expect(await status({ 'x-api-key': 'k3y' })).toBe(200);
    expect(await status({ 'x-api-key': 'k3' })).toBe(401);
    expect(await status({ authorization: 'Basic k3y' })).toBe(401);
  });

  test('answers health without it', async () => {
    expect((await app.request('/health')).status).toBe(200);
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
