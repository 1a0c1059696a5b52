import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasBrowser, openBrowser } from '../support/browser.ts';
import { openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

const PEOPLE = 45;
const FILE = [
  'Nombre,Correo,Ciudad',
  ...Array.from({ length: PEOPLE }, (_, at) => `Person ${at},${at === 7 ? '' : `p${at}@example.com`},Puebla`),
].join('\n');

/** How somebody does it. */
interface Hands {
  /** A button or a link. */
  press(target: Locator): Promise<void>;
  write(target: Locator, text: string): Promise<void>;
  choose(target: Locator, option: string): Promise<void>;
  check(target: Locator): Promise<void>;
}

const mouse: Hands = {
  press: (target) => target.click(),
  write: async (target, text) => {
    await target.click();
    await target.pressSequentially(text);
  },
  choose: async (target, option) => {
    await target.selectOption({ label: option });
  },
  check: (target) => target.click(),
};

const TABS = 120;

/** From where the focus is to the target, by Tab alone: what cannot be reached so cannot be used so. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let at = 0; at < TABS; at += 1) {
    if (await target.evaluate((one) => one === one.ownerDocument.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`not reached by ${TABS} tabs: ${target}`);
}

const keyboard = (page: Page): Hands => ({
  async press(target) {
    await tabTo(page, target);
    await page.keyboard.press('Enter');
  },
  async write(target, text) {
    await tabTo(page, target);
    await page.keyboard.type(text);
  },
  async choose(target, option) {
    await tabTo(page, target);
    await page.keyboard.type(option);
  },
  async check(target) {
    await tabTo(page, target);
    await page.keyboard.press('Space');
  },
});

describe.skipIf(!hasBrowser()).each(['mouse', 'keyboard'] as const)(
  'the main job from an empty folder by %s',
  (how) => {
    let core: Awaited<ReturnType<typeof openCore>>;
    let browser: Awaited<ReturnType<typeof openBrowser>>;
    const sender = new FakeSender('email', 2, 12);

    beforeAll(async () => {
      core = await openCore([sender]);
      sender.answer = ({ contact }) =>
        contact.startsWith('p3@')
          ? { type: 'permanent', code: 'smtp_550', message: 'no such mailbox', said: '550 5.1.1 nobody here' }
          : undefined;
      core.dispatcher.start();
      browser = await openBrowser(core.tidings);
    });
    afterAll(async () => {
      await browser?.close();
      await core?.close();
      if (core) removeFolder(core.folder);
    });

    it('a file is imported, an audience made, a message written, checked, sent, watched, paused and resumed; who did not get it, and why, is seen, and they are tried again', async () => {
      const file = join(mkdtempSync(join(tmpdir(), 'tidings-file-')), 'people.csv');
      writeFileSync(file, FILE);
      const page = await browser.open('/');
      const hands = how === 'mouse' ? mouse : keyboard(page);
      const nav = page.getByRole('navigation', { name: 'Main' });
      const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });

      await hands.press(nav.getByRole('link', { name: 'Leads' }));
      await hands.press(page.getByRole('link', { name: 'Import' }).first());
      const chooser = page.waitForEvent('filechooser');
      await hands.press(button('Choose a file'));
      await (await chooser).setFiles(file);
      await hands.choose(page.getByLabel('Ciudad becomes'), 'Company');
      await hands.press(button('Import the file'));
      await page.getByText('new leads').waitFor();
      expect((await core.call('leads.list', { limit: 1 })).leads[0]).toMatchObject({ company: 'Puebla' });

      await hands.press(nav.getByRole('link', { name: 'Audiences' }));
      await hands.write(page.getByLabel('What it is called'), 'Everybody');
      await page.getByText(`Email reaches ${PEOPLE - 1},`).waitFor();
      await hands.press(button('Freeze'));
      await hands.press(page.getByRole('link', { name: 'Write to them' }));

      await hands.write(page.getByLabel('Subject'), 'Offer');
      await hands.write(page.getByLabel('Message', { exact: true }), 'Hi {{lead.name}} of {{lead.company}}');
      await page.getByText('Hi Person 0 of Puebla').waitFor();
      await hands.press(button('Check'));
      await page.getByText(`${PEOPLE - 1} people get it`).waitFor();
      await page.getByText('no email 1').waitFor();
      expect(sender.accepted).toEqual([]);
      await hands.press(button(`Send to ${PEOPLE - 1} people`));
      await page.waitForURL(/\/sends\//);

      const sent = page.locator('.sum strong').first();
      const shown = async () => Number(await sent.textContent());
      await expect.poll(shown, { timeout: 20_000 }).toBeGreaterThan(0);
      await hands.press(button('Pause'));
      await page.getByText('Paused by request').waitFor();
      const before = await stands();
      expect(before.total_remaining).toBeGreaterThan(0);
      await hands.press(button('Resume'));
      await page.getByText('Nobody gets it twice.', { exact: false }).waitFor();
      await hands.press(page.getByRole('dialog').getByRole('button', { name: 'Resume' }));
      await expect.poll(async () => (await stands()).state, { timeout: 30_000 }).toBe('completed');
      await expect.poll(shown, { timeout: 20_000 }).toBe(PEOPLE - 2);

      await hands.press(page.getByRole('link', { name: 'no email' }));
      await page.getByRole('cell', { name: 'Person 7', exact: true }).waitFor();
      await hands.press(
        page.getByRole('navigation', { name: 'Status' }).getByRole('link', { name: 'failed' }),
      );
      const row = page.getByRole('row').filter({ hasText: 'Person 3' });
      await row.getByText('550 5.1.1 nobody here').waitFor();

      sender.answer = () => undefined;
      await hands.press(button('Try again'));
      const dialog = page.getByRole('dialog');
      await hands.check(dialog.getByLabel('1 person for whom it failed'));
      await hands.press(dialog.getByRole('button', { name: 'Try again' }));
      await expect.poll(async () => (await stands()).total_sent, { timeout: 20_000 }).toBe(PEOPLE - 1);
      const reached = sender.accepted.map(({ contact }) => contact);
      expect(new Set(reached).size).toBe(reached.length);
      expect(reached).toContain('p3@example.com');
      expect((await core.call('drafts.list', {})).drafts).toEqual([]);
      await page.context().close();
    });

    async function stands() {
      return (await core.call('sends.list', {})).sends[0];
    }
  },
);
