import { describe, expect, test } from 'vitest';
import { AUDIENCE, fakeApp, post } from './fake-tidings.ts';

describe('REST', () => {
  test('query values become what the schema says they are', async () => {
    const { app, tidings } = fakeApp();
    const response = await app.request('/api/leads?limit=5&search=7&search_include_notes=true');
    expect(response.status).toBe(200);
    expect(tidings.calls[0]!.input).toEqual({ limit: 5, search: '7', search_include_notes: true });
  });

  test('path parameters, query and defaults come together', async () => {
    const { app, tidings } = fakeApp();
    await app.request(`/api/audiences/${AUDIENCE}?page=2`);
    await app.request(`/api/audiences/${AUDIENCE}`, { method: 'DELETE' });
    expect(tidings.calls.map(({ input }) => input)).toEqual([
      { audience_id: AUDIENCE, page: 2 },
      { audience_id: AUDIENCE },
    ]);
  });

  test('a JSON body is the input of a POST', async () => {
    const { app, tidings } = fakeApp();
    const body = { audience_id: AUDIENCE, channel: 'email', subject: 'S', message: 'M' };
    const response = await app.request('/api/sends', post(body));
    expect(await response.json()).toMatchObject({ success: true, total_sent: 3 });
    expect(tidings.calls[0]!.input).toEqual(body);
  });

  test.each([
    ['/api/leads?limt=5', 'unknown argument "limt"; did you mean limit?'],
    ['/api/leads?limit=many', 'limit is "many"'],
    ['/api/leads?limit=1&limit=2', 'limit is given 2 times.'],
    ['/api/audiences/17', 'audience_id is "17"'],
  ])('%s is refused by name', async (path, error) => {
    const { app } = fakeApp();
    const response = await app.request(path);
    expect(response.status).toBe(400);
    const body = (await response.json()) as { success: boolean; error: string; code: string };
    expect(body).toMatchObject({ success: false, code: 'invalid_argument' });
    expect(body.error).toContain(error);
  });

  test('errors have the status of their kind', async () => {
    const { app } = fakeApp();
    const send = (message: string) =>
      app.request('/api/sends', post({ audience_id: AUDIENCE, channel: 'email', message }));
    expect((await send('nobody')).status).toBe(409);
    const broken = await send('boom');
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain('SELECT');
    expect((await app.request('/api/sends', post('{'))).status).toBe(400);
    expect((await app.request('/api/sends', post('[1]'))).status).toBe(400);
    expect((await app.request('/api/sends', post({ message: 'x'.repeat(5_000_000) }))).status).toBe(413);
  });

  test('an unknown path is a JSON 404', async () => {
    const { app } = fakeApp();
    for (const path of ['/nothing', '/api/nothing']) {
      const response = await app.request(path);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ success: false, code: 'not_found' });
    }
  });

  test('the OpenAPI page has every operation, with its parameters', async () => {
    const { app, tidings } = fakeApp();
    const page = (await (await app.request('/api/openapi.json')).json()) as {
      openapi: string;
      paths: Record<
        string,
        Record<string, { operationId: string; parameters?: { name: string; in: string }[] }>
      >;
    };
    expect(page.openapi).toBe('3.1.0');
    const ids = Object.values(page.paths).flatMap((path) =>
      Object.values(path).map((item) => item.operationId),
    );
    expect(ids.sort()).toEqual(tidings.operations.map(({ name }) => name).sort());
    expect(page.paths['/api/audiences/{audience_id}']!.get!.parameters).toMatchObject([
      { name: 'audience_id', in: 'path' },
      { name: 'page', in: 'query' },
    ]);
  });
});

describe('CSV upload', () => {
  const CSV = 'name,email\nAna,ana@example.com\n';

  test.each(['text/csv', 'text/csv; charset=utf-8', 'application/octet-stream'])(
    '%s is imported',
    async (type) => {
      const { app, tidings } = fakeApp();
      const response = await app.request('/api/leads/import', post(CSV, { 'content-type': type }));
      expect(await response.json()).toMatchObject({ success: true, rows: 1 });
      expect(tidings.imported.text).toBe(CSV);
    },
  );

  test('a raw body larger than the limit streams through in pieces', async () => {
    const { app, tidings } = fakeApp();
    let left = 80;
    const chunk = new Uint8Array(100_000);
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (left-- > 0) controller.enqueue(chunk);
        else controller.close();
      },
    });
    const init = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'text/csv' } };
    const response = await app.request(new Request('http://localhost/api/leads/import', init as RequestInit));
    expect(response.status).toBe(200);
    expect(tidings.imported).toMatchObject({ chunks: 80, bytes: 8_000_000 });
  });

  test('a form with one file is imported, with two it is refused', async () => {
    const { app, tidings } = fakeApp();
    const form = new FormData();
    form.append('file', new File([CSV], 'leads.csv'));
    expect((await app.request('/api/leads/import', { method: 'POST', body: form })).status).toBe(200);
    expect(tidings.imported.text).toBe(CSV);
    form.append('second', new File([CSV], 'more.csv'));
    expect((await app.request('/api/leads/import', { method: 'POST', body: form })).status).toBe(400);
  });

  test.each([
    ['without a boundary', 'multipart/form-data', 'x'],
    [
      'cut off in the file',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nemail\na@',
    ],
    ['that is something else', 'multipart/form-data; boundary=b', 'email\na@example.com\n'],
  ])('a form %s is refused', async (_, type, body) => {
    const { app } = fakeApp();
    const headers = { 'content-type': type };
    const answer = await app.request('/api/leads/import', { method: 'POST', headers, body });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ success: false, fix: expect.any(String) });
  });

  test('JSON still works', async () => {
    const { app, tidings } = fakeApp();
    await app.request('/api/leads/import', post({ csv: CSV }));
    expect(tidings.calls[0]).toEqual({ name: 'leads.import', input: { csv: CSV } });
  });
});

describe('health and index', () => {
  test('health names version and channels, and is 503 without a database', async () => {
    const { app, tidings } = fakeApp();
    const response = await app.request('/health');
    expect(await response.json()).toEqual({ status: 'ok', version: '1.2.3', channels: tidings.modes });
    tidings.healthy = false;
    expect((await app.request('/health')).status).toBe(503);
  });

  test('the index page loads nothing from elsewhere', async () => {
    const { app } = fakeApp();
    const response = await app.request('/');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.text()).not.toMatch(/(src|href)="https?:/);
  });
});

describe('/api/v1', () => {
  test('is /api, behind the same guards', async () => {
    const { app } = fakeApp({ apiKey: 'sixteen letters!' });
    const ask = (path: string, headers = {}) => app.request(path, { headers });
    const key = { 'x-api-key': 'sixteen letters!' };
    expect((await ask('/api/v1/leads')).status).toBe(401);
    const [one, other] = [await ask('/api/v1/leads', key), await ask('/api/leads', key)];
    expect([one.status, await one.text()]).toEqual([other.status, await other.text()]);
    expect((await ask('/api/v12/leads', key)).status).toBe(404);
    expect((await ask('/api/v1/openapi.json', key)).status).toBe(200);
  });

  test('and the document say what every operation answers when it refuses, where it is, and its licence', async () => {
    const { app } = fakeApp();
    const page = (await (await app.request('/api/openapi.json')).json()) as {
      servers: { url: string }[];
      info: { license: object };
      paths: Record<string, Record<string, { responses: object }>>;
    };
    expect(page.servers).toMatchObject([{ url: '/' }]);
    expect(page.info.license).toEqual({ name: 'MIT', identifier: 'MIT' });
    const operations = Object.values(page.paths).flatMap((methods) => Object.values(methods));
    for (const { responses } of operations) expect(Object.keys(responses)).toEqual(['200', '4XX', 'default']);
  });
});
