import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessFaults, hasBrowser, isSideways, openBrowser } from '../support/browser.ts';
import { openCore, removeFolder } from '../support/core.ts';

const FILE = [
  'Nombre;Correo;Teléfono;Ciudad;Unsubscribed',
  'Ana Ruiz;ANA@Example.com;55 1234 5678;Puebla;no',
  'Luis Paz;luis@example.com;n/a;Oaxaca;no',
  'Eva Sol;eva@example.com;;Mérida;yes',
  ';;;;',
].join('\n');

describe.skipIf(!hasBrowser())('leads on the dashboard', () => {
  let core: Awaited<ReturnType<typeof openCore>>;
  let browser: Awaited<ReturnType<typeof openBrowser>>;

  beforeAll(async () => {
    core = await openCore([]);
    core.dispatcher.start();
    browser = await openBrowser(core.tidings);
  });
  afterAll(async () => {
    await browser?.close();
    await core?.close();
    if (core) removeFolder(core.folder);
  });

  it('a file is shown with what is kept of each column, a column is read otherwise, and only then it is stored', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'tidings-file-')), 'people.csv');
    writeFileSync(file, FILE);
    const page = await browser.open('/leads');
    await page.getByText('No leads yet').waitFor();
    await page.getByRole('link', { name: 'Import' }).first().click();
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByText('ana@example.com').waitFor();
    expect((await core.call('leads.list')).total_count).toBe(0);
    await page.getByLabel('Ciudad becomes').selectOption('company');
    await page.getByLabel('Numbers without a code are from').selectOption('MX');
    await page.getByText('+525512345678').waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Import the file' }).click();
    await page.getByText('new leads').waitFor();
    await page.getByRole('link', { name: 'To the leads' }).click();
    await page.getByRole('link', { name: 'Ana Ruiz' }).click();
    await page.getByRole('heading', { level: 1, name: 'Ana Ruiz' }).waitFor();
    await page.getByText('Puebla').waitFor();
    const { leads } = await core.call('leads.list', { search: 'Ana' });
    expect(leads[0]).toMatchObject({ company: 'Puebla', email: expect.stringMatching(/^ana@/i) });
    await page.context().close();
  });

  it('whoever said no in the file is shown as that, with where it was said', async () => {
    const page = await browser.open('/leads?search=eva');
    await page.getByRole('link', { name: 'Eva Sol' }).click();
    await page.getByText('no eva@example.com').waitFor();
    await page.getByText(/suppressed: unsubscribed/).waitFor();
    await page.context().close();
  });

  it('is found while one types, changed by keyboard alone, and erased after it was said what that means', async () => {
    const page = await browser.open('/leads');
    await page.getByLabel('Search leads').focus();
    await page.keyboard.type('luis');
    await expect.poll(() => page.url()).toContain('search=luis');
    await expect.poll(() => page.getByRole('row').count()).toBe(2);
    await page.getByRole('link', { name: 'Luis Paz' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Edit' }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Company').focus();
    await page.keyboard.type('Acme');
    await page.keyboard.press('Enter');
    await page.getByText('Acme').first().waitFor();
    const { leads } = await core.call('leads.list', { search: 'luis' });
    expect(leads[0].company).toContain('Acme');
    await page.goBack();
    await page.getByLabel('Select Luis Paz').check();
    await page.getByRole('button', { name: 'Erase' }).click();
    await page.getByText('This cannot be undone.', { exact: false }).waitFor();
    await page.keyboard.press('Escape');
    expect((await core.call('leads.list', { search: 'luis' })).total_count).toBe(1);
    await page.getByRole('button', { name: 'Erase' }).click();
    await page.getByRole('button', { name: 'Erase 1 lead' }).click();
    await page.getByText('Nobody matches.').waitFor();
    expect((await core.call('leads.list', { search: 'luis' })).total_count).toBe(0);
    await page.context().close();
  });

  it.each([
    ['en-US', 'dark', 1280],
    ['es-MX', 'light', 360],
    ['pt-BR', 'dark', 360],
  ] as const)('everybody can use it: %s, %s, %i px wide', async (locale, colorScheme, width) => {
    const { leads } = await core.call('leads.list', { limit: 1 });
    const page = await browser.open('/welcome', { locale, colorScheme, viewport: { width, height: 800 } });
    for (const path of [
      '/welcome',
      '/leads',
      '/leads?search=xyz',
      `/leads/${leads[0].id}`,
      '/leads/import',
    ]) {
      await page.goto(browser.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('.card, .table-box').first().waitFor();
      expect(await accessFaults(page), path).toEqual([]);
      expect(await isSideways(page), path).toBe(false);
    }
    await page.context().close();
  });

  it('the first page of a fresh house leads to a send that one can look at', async () => {
    const page = await browser.open('/welcome');
    await page.getByRole('button', { name: 'Start' }).click();
    await page.waitForURL(/\/sends\//, { timeout: 30_000 });
    await page.getByText('in the audience').waitFor();
    await expect.poll(() => page.locator('.strip rect').count(), { timeout: 10_000 }).toBeGreaterThan(60);
    await page.context().close();
  });
});
