import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessFaults, hasBrowser, openBrowser } from '../support/browser.ts';
import { openCore, removeFolder } from '../support/core.ts';

const KEY = 'a key that is long enough';

describe.skipIf(!hasBrowser())('signing in at the dashboard', () => {
  let core: Awaited<ReturnType<typeof openCore>>;
  let browser: Awaited<ReturnType<typeof openBrowser>>;

  beforeAll(async () => {
    core = await openCore([], undefined, undefined, undefined, { env: { TIDINGS_API_KEY: KEY } });
    await core.call('leads.create', { name: 'Ana Ruiz', email: 'ana@example.com' });
    browser = await openBrowser(core.tidings, { apiKey: KEY });
  });
  afterAll(async () => {
    await browser?.close();
    await core?.close();
    if (core) removeFolder(core.folder);
  });

  it('with a key, where one is needed; a wrong one is told; and nothing is shown before', async () => {
    const page = await browser.open('/leads');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.getByText('Ana Ruiz').count()).toBe(0);
    expect(await accessFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Sign in with a key' }).click();
    await page.getByLabel('API key').fill('not the right one, but long');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('The API key is not the right one.').waitFor();
    await page.getByLabel('API key').fill(KEY);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('link', { name: 'Ana Ruiz' }).waitFor();
    browser.forgive(/status of 401/);
    await page.context().close();
  });

  it('again above a page whose session has ended: what was typed is still there', async () => {
    const page = await browser.open('/leads');
    await page.getByRole('button', { name: 'Sign in with a key' }).click();
    await page.getByLabel('API key').fill(KEY);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Ana Ruiz' }).click();
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Company').fill('Acme');
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The session is over.', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Sign in with a key' }).click();
    await page.getByLabel('API key').fill(KEY);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor({ state: 'detached' });
    expect(await page.getByLabel('Company').inputValue()).toBe('Acme');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.', { exact: false }).waitFor();
    browser.forgive(/status of 401/);
    await page.context().close();
  });

  it('also for the page of the API, which shows every operation, its errors, and lets nobody send from it', async () => {
    const page = await browser.open('/api/docs');
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Sign in with a key' }).click();
    await page.getByLabel('API key').fill(KEY);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor({ state: 'detached' });
    await page.goto(`${browser.url}/api/docs`);
    await page.locator('.opblock').first().waitFor();
    const routes = core.tidings.operations.length;
    expect(await page.locator('.opblock').count()).toBe(routes);
    await page.locator('.opblock-post [data-path="/api/sends"]').click();
    await page.getByText('Refused: nothing was done', { exact: false }).waitFor();
    expect(await page.getByRole('button', { name: 'Try it out' }).count()).toBe(0);
    browser.forgive(/status of 401/);
    await page.context().close();
  });
});
