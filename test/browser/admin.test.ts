import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessFaults, hasBrowser, isSideways, openBrowser } from '../support/browser.ts';
import { openCore, removeFolder } from '../support/core.ts';
import { startSmtpServer } from '../support/smtp-server.ts';

/* For those who look after it: ways out, rules, who did what. */
describe.skipIf(!hasBrowser())('looking after it on the dashboard', () => {
  let core: Awaited<ReturnType<typeof openCore>>;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let relay: Awaited<ReturnType<typeof startSmtpServer>>;

  beforeAll(async () => {
    relay = await startSmtpServer({ auth: { user: 'shop', pass: 'the-right-one' } });
    core = await openCore(undefined, undefined, undefined, undefined, {
      contactLimit: { count: 1, withinMs: 86_400_000, text: '1/24h' },
      env: {
        SMTP_URL: `smtp://shop:the-wrong-one@localhost:${relay.port}?tls=off`,
        EMAIL_FROM: 'Shop <news@shop.invalid>',
        EVENTS_KEEP_DAYS: '30',
      },
    });
    await core.call('leads.create', { name: 'Ana Ruiz', email: 'ana@example.com' });
    browser = await openBrowser(core.tidings);
  });
  afterAll(async () => {
    await browser?.close();
    await core?.close();
    await relay?.stop();
    if (core) removeFolder(core.folder);
  });

  it('a relay that refuses the login stands on its card, with the way on', async () => {
    const page = await browser.open('/channels');
    const card = page.locator('.ways .card').filter({ hasText: 'Shop <news@shop.invalid>' });
    await card.getByText('→ Check SMTP_URL.').waitFor();
    expect(await card.textContent()).not.toContain('the-wrong-one');
    await page.getByText('Nothing was sent.', { exact: false }).waitFor();
    await page.locator('.ways .card').filter({ hasText: 'WHATSAPP_PHONE_NUMBER_ID' }).waitFor();
    await page.context().close();
  });

  it('the rules that the environment sets are shown, and who did what', async () => {
    const page = await browser.open('/settings');
    await page.getByRole('row').filter({ hasText: 'Messages to one contact' }).getByText('1/24h').waitFor();
    await page.getByRole('row').filter({ hasText: 'What providers told' }).getByText('30 days').waitFor();
    await page.getByText('once OAUTH_ISSUER=self is set', { exact: false }).waitFor();
    expect(await page.getByRole('table', { name: 'Connected apps' }).count()).toBe(0);
    const done = page.getByRole('row').filter({ hasText: 'leads.create' });
    await done.getByRole('link').click();
    await page.getByRole('heading', { level: 1, name: 'Ana Ruiz' }).waitFor();
    await page.context().close();
  });

  it('whoever, whatever and wherever is found by a few letters and the keyboard alone', async () => {
    await core.call('audience.create', { name: 'Feria Málaga' });
    const page = await browser.open('/');
    await page.getByRole('heading', { level: 1 }).waitFor();
    const find = async (text: string, name: RegExp) => {
      await page.keyboard.press('Control+k');
      const input = page.getByRole('combobox', { name: 'Find' });
      await input.waitFor();
      await page.keyboard.type(text);
      await page.getByRole('option', { name, selected: true }).waitFor();
      expect(await accessFaults(page)).toEqual([]);
      await page.keyboard.press('Enter');
      await input.waitFor({ state: 'detached' });
    };
    await find('ana r', /person.*Ana Ruiz/);
    await page.getByRole('heading', { level: 1, name: 'Ana Ruiz' }).waitFor();
    await find('malaga', /audience.*Feria Málaga/);
    await page.waitForURL(/\/audiences\/./);
    await find('suppr', /page.*Suppressions/);
    await page.waitForURL(/\/suppressions$/);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Find' }).fill('no such thing');
    await page.getByText('Nothing has that in its name.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('combobox', { name: 'Find' }).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it.each([
    ['en-US', 'dark', 1280],
    ['pt-BR', 'light', 360],
  ] as const)('everybody can use it: %s, %s, %i px wide', async (locale, colorScheme, width) => {
    const page = await browser.open('/', { locale, colorScheme, viewport: { width, height: 800 } });
    for (const path of ['/channels', '/settings']) {
      await page.goto(browser.url + path);
      await page
        .locator(path === '/channels' ? '.check.is-bad' : '.table-box')
        .first()
        .waitFor();
      expect(await accessFaults(page), path).toEqual([]);
      expect(await isSideways(page), path).toBe(false);
    }
    await page.context().close();
  });
});
