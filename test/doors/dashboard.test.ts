import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { addApiDocs } from '../../src/http/api-docs.ts';
import { Dashboard } from '../../src/http/dashboard.ts';
import { addDashboardRoutes } from '../../src/http/dashboard-routes.ts';
import type { HeldEnv } from '../../src/http/load.ts';
import { freshFolder } from '../support/core.ts';

function built(): string {
  const folder = freshFolder();
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<title>Tidings</title>');
  writeFileSync(join(folder, 'assets/index-abc.js'), 'let one = 1;');
  writeFileSync(join(folder, 'assets/index-abc.js.gz'), gzipSync('let one = 1;'));
  writeFileSync(join(folder, 'secret.txt'), 'no');
  mkdirSync(join(folder, 'api-docs'));
  writeFileSync(join(folder, 'api-docs/index.html'), '<title>Tidings API</title>');
  writeFileSync(join(folder, 'api-docs/start.js'), 'start()');
  writeFileSync(join(folder, 'api-docs/NOTICE'), 'no page');
  return folder;
}

function app(dashboard: Dashboard | null) {
  const hono = new Hono<HeldEnv>();
  addApiDocs(hono, () => dashboard);
  addDashboardRoutes(
    hono,
    async () => 'The dashboard is not built here',
    () => dashboard,
  );
  hono.notFound((c) => c.json({ code: 'not_found' }, 404));
  return hono;
}

it('screens are one page with a policy that lets nothing in from elsewhere, and no script made of text', async () => {
  const door = app(Dashboard.find([built()]));
  for (const path of ['/', '/sends', '/sends/01a2', '/leads/import', '/drafts/new/check']) {
    const response = await door.request(path);
    expect(await response.text(), path).toContain('<title>Tidings');
    const policy = response.headers.get('content-security-policy')!.split('; ');
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ]),
    );
    expect(policy.join()).not.toMatch(/unsafe|\*|https?:/);
  }
});

it('files are given packed to whoever takes them so, for good where their names say what is in them, and no others', async () => {
  const door = app(Dashboard.find([built()]));
  const packed = await door.request('/assets/index-abc.js', { headers: { 'accept-encoding': 'gzip, br' } });
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  expect(packed.headers.get('cache-control')).toContain('immutable');
  const plain = await door.request('/assets/index-abc.js');
  expect(await plain.text()).toBe('let one = 1;');
  expect(plain.headers.get('content-type')).toContain('text/javascript');
  for (const path of [
    '/secret.txt',
    '/assets/../secret.txt',
    '/assets/..%2fsecret.txt',
    '/assets/none.js',
    '/index.html.gz',
    '/nothing',
  ])
    expect((await door.request(path)).status, path).toBe(404);
});

it('where it is not built, every screen says so, and that sending does not need it', async () => {
  const door = app(Dashboard.find([freshFolder()]));
  const response = await door.request('/sends');
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('not built here');
});

it('the page of the API is served with its files and no others, by a policy that lets nothing in from elsewhere', async () => {
  const door = app(Dashboard.find([built()]));
  const page = await door.request('/api/docs');
  expect(await page.text()).toContain('Tidings API');
  expect(page.headers.get('content-security-policy')).toContain(
    "default-src 'none'; script-src 'self'; style-src 'self'",
  );
  expect(page.headers.get('content-security-policy')).not.toMatch(/unsafe|\*|https?:/);
  expect((await door.request('/api/docs/start.js')).headers.get('content-type')).toContain('text/javascript');
  for (const path of [
    '/api/docs/NOTICE',
    '/api/docs/..%2fsecret.txt',
    '/api/docs/..%2findex.html',
    '/api/docs/none.js',
  ])
    expect((await door.request(path)).status, path).toBe(404);
  const none = await app(Dashboard.find([freshFolder()])).request('/api/docs');
  expect([none.status, await none.text()]).toEqual([404, expect.stringContaining('npm run build:web')]);
});

it('a mail is shown in a page of no origin that runs its own script alone, and fetches pictures only when it is asked to', async () => {
  const door = app(Dashboard.find([built()]));
  const of = async (path: string) => {
    const response = await door.request(path);
    return {
      page: await response.text(),
      policy: response.headers.get('content-security-policy')!.split('; '),
    };
  };
  const { page, policy } = await of('/preview-frame');
  expect(policy).toEqual(
    expect.arrayContaining([
      'sandbox allow-scripts',
      "default-src 'none'",
      'img-src data:',
      "frame-ancestors 'self'",
    ]),
  );
  const [, script] = /<script[^>]*>([\s\S]*)<\/script>/.exec(page)!;
  const hash = createHash('sha256').update(script!).digest('base64');
  expect(policy).toContain(`script-src 'sha256-${hash}'`);
  const asked = await of('/preview-frame?pictures');
  expect(asked.policy).toContain('img-src data: https: http:');
  expect(asked.policy.filter((one) => !one.startsWith('img-src'))).toEqual(
    policy.filter((one) => !one.startsWith('img-src')),
  );
});
