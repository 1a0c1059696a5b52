import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessFaults, hasBrowser, isSideways, openBrowser, personOf } from '../support/browser.ts';
import { AUTHOR } from '../support/caller.ts';
import { openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

describe.skipIf(!hasBrowser())("an approval on a phone's screen", () => {
  let core: Awaited<ReturnType<typeof openCore>>;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let phone: object;
  const sender = new FakeSender('email');

  beforeAll(async () => {
    core = await openCore([sender]);
    const leads = ['Ana', 'Bo', 'Cy'].map((name) => ({ name, email: `${name}@example.com` }));
    await core.call('leads.import', { leads: [...leads, { name: 'Nobody' }] });
    const { audience_id } = await core.call('audience.create', { name: 'Everybody' });
    for (const campaign of ['one', 'two'])
      await core.call(
        'sendBulkMessages',
        {
          ...{ audience_id, channel: 'email', campaign, subject: `Offer ${campaign}`, max_wait_seconds: 0 },
          message: `<p>Hi {{lead.name}}, offer ${campaign}: a-word-that-is-far-too-long-for-a-phone-and-has-no-place-to-break</p>`,
        },
        { caller: { principal: AUTHOR } },
      );
    core.dispatcher.start();
    browser = await openBrowser(core.tidings);
    phone = {
      ...(await personOf(core, browser, 'Ana Ruiz de la Torre')),
      ...{ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, locale: 'pt-BR' },
    };
  });
  afterAll(async () => {
    await browser?.close();
    await core?.close();
    if (core) removeFolder(core.folder);
  });

  it('is seen with the text and the number, given by typing that number, and only then does anything leave', async () => {
    const page = await browser.open('/approvals', { ...phone, locale: 'en-US' });
    const card = page.getByRole('article').filter({ has: page.getByRole('link', { name: 'Offer one' }) });
    await card.getByText('3 of 4 people get it.').waitFor();
    await card.getByText('Hi Ana, offer one', { exact: false }).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    expect(await isSideways(page)).toBe(false);
    const approve = card.getByRole('button', { name: 'Send to 3 people' });
    await card.getByLabel('Type 3 to approve it').fill('4');
    expect(await approve.isDisabled()).toBe(true);
    expect(sender.accepted).toEqual([]);
    await card.getByLabel('Type 3 to approve it').fill('3');
    await approve.tap();
    await card.waitFor({ state: 'detached' });
    await expect.poll(() => sender.accepted.length, { timeout: 15_000 }).toBe(3);
    await page.context().close();
  });

  it('is turned down with a word, in Portuguese and in the dark, and nothing leaves', async () => {
    const page = await browser.open('/approvals', { ...phone, colorScheme: 'dark' });
    const card = page.getByRole('article').filter({ has: page.getByRole('link', { name: 'Offer two' }) });
    await card.waitFor();
    expect(await accessFaults(page)).toEqual([]);
    expect(await isSideways(page)).toBe(false);
    await card.getByRole('button', { name: 'Recusar' }).tap();
    const dialog = page.getByRole('dialog');
    expect(await accessFaults(page)).toEqual([]);
    await dialog.getByRole('textbox').fill('Sem preço');
    await dialog.getByRole('button', { name: 'Recusar' }).tap();
    await card.waitFor({ state: 'detached' });
    expect(sender.accepted).toHaveLength(3);
    const { sends } = await core.call('sends.list', {});
    const rejected = await core.call('sends.get', {
      send_id: sends.find((one: { campaign: string }) => one.campaign === 'two').send_id,
    });
    expect(JSON.stringify(rejected)).toContain('Sem preço');
    await page.context().close();
  });
});
