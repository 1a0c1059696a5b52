import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, hasBrowser } from '../support/browser.ts';
import { freshFolder, removeFolder } from '../support/core.ts';
import { startDemo } from '../support/demo-process.ts';

describe.skipIf(!hasBrowser())('the page that the demo prints', () => {
  let folder: string;
  let demo: Awaited<ReturnType<typeof startDemo>>;
  let browser: Browser;

  beforeAll(async () => {
    folder = freshFolder();
    demo = await startDemo(['--leads', '300'], folder);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await demo?.end();
    await browser?.close();
    removeFolder(folder);
  });

  const press = (page: Page, name: 'Pause' | 'Resume') => page.getByRole('button', { name }).click();

  it('moves, stands still at Pause and goes on at Resume; Home shows the same send', async () => {
    const page = await browser.newPage({ locale: 'en-US' });
    await page.goto(demo.page.href);
    const sent = async () => Number(/(\d+)\s*sent/.exec(await page.locator('main').innerText())![1]);
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    const moves = async () => {
      const before = await sent();
      await expect.poll(sent, { timeout: 10_000 }).toBeGreaterThan(before);
    };
    await moves();
    await press(page, 'Pause');
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    // What was on its way when it was paused.
    await page.waitForTimeout(1_500);
    const paused = await sent();
    await page.waitForTimeout(3_000);
    expect(await sent()).toBe(paused);
    await press(page, 'Resume');
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await moves();
    await page.goto(demo.page.origin);
    await page.getByText('1 a second').waitFor();
    expect(await page.getByRole('link', { name: 'Spring newsletter' }).getAttribute('href')).toBe(
      demo.page.pathname,
    );
  });
});
