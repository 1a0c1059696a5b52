import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloudSender } from '../../src/providers/whatsapp/cloud/cloud-sender.ts';
import { accessFaults, hasBrowser, isSideways, openBrowser } from '../support/browser.ts';
import { CloudAccount } from '../support/cloud-account.ts';
import { type RunningCloudApi, startCloudApi } from '../support/cloud-api-server.ts';
import { openCore, removeFolder } from '../support/core.ts';

describe.skipIf(!hasBrowser())('templates of WhatsApp on the dashboard', () => {
  let server: RunningCloudApi;
  let core: Awaited<ReturnType<typeof openCore>>;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let audience_id: string;
  /** One of them is not on WhatsApp. */
  let isAway = true;

  beforeAll(async () => {
    const account = new CloudAccount();
    const components = [
      { type: 'BODY', text: 'Hola *{{1}}*, tu plan {{2}} tiene una oferta.' },
      { type: 'FOOTER', text: 'Acme MX' },
      { type: 'BUTTONS', buttons: [{ type: 'URL', text: 'Ver', url: 'https://shop.test/o/{{1}}' }] },
    ];
    account.add({ name: 'spring_offer', language: 'es_MX', components });
    account.add({ name: 'spring_offer', language: 'pt_BR', components, status: 'PENDING' });
    account.add({
      name: 'old_offer',
      language: 'es_MX',
      components,
      status: 'REJECTED',
      category: 'UTILITY',
    });
    server = await startCloudApi({
      account,
      script: ({ to }) => (isAway && to.endsWith('02') ? { graphError: { code: 131026 } } : undefined),
    });
    const sender = createCloudSender({
      ...{ phoneNumberId: '2001', accessToken: 'token-of-the-test', apiUrl: server.url, ratePerSecond: null },
      ...{ businessAccountId: '1001', appId: '3001' },
    });
    core = await openCore([sender]);
    const leads = [
      { name: 'Ana Ruiz', phone: '+525512345601', metadata: { plan: 'gold', code: 'A1' } },
      { name: 'Li', phone: '+525512345602', metadata: { code: 'B2' } },
    ];
    await core.call('leads.import', { leads });
    ({ audience_id } = await core.call('audience.create', { name: 'Everybody' }));
    core.dispatcher.start();
    browser = await openBrowser(core.tidings);
  });
  afterAll(async () => {
    await browser?.close();
    await core?.close();
    await server?.stop();
    if (core) removeFolder(core.folder);
  });

  it('one is chosen by language, category and status, its slots are given fields, and it is drawn and sent as it was seen', async () => {
    const page = await browser.open(`/drafts/new?audience=${audience_id}`);
    await page.getByLabel('WhatsApp').check();
    await page.getByRole('button', { name: 'Read from WhatsApp' }).click();
    const picker = page.getByRole('combobox', { name: 'Template' });
    await expect.poll(() => picker.locator('option').count(), { timeout: 15_000 }).toBe(4);
    expect(await picker.locator('option').allTextContents()).toEqual([
      'none: made of the text',
      'spring_offer · es_MX · marketing · approved',
      'old_offer · es_MX · utility · rejected',
      'spring_offer · pt_BR · marketing · in review',
    ]);
    expect(await picker.locator('option').nth(2).isDisabled()).toBe(true);
    await picker.selectOption({ label: 'spring_offer · pt_BR · marketing · in review' });
    await page.getByText('nothing leaves by it before it is approved', { exact: false }).waitFor();
    await picker.selectOption({ label: 'spring_offer · es_MX · marketing · approved' });
    await page.getByLabel(/^\{\{1\}\}/).selectOption('lead.first_name');
    await page.getByLabel(/^\{\{2\}\}/).selectOption('lead.metadata.plan');
    await page.getByText('Empty for this person: button.1.', { exact: false }).waitFor();
    await page.getByLabel('Button “Ver”').selectOption('lead.metadata.code');
    const chat = page.locator('.bubble').first();
    await chat.getByText('Hola Ana, tu plan gold tiene una oferta.').waitFor();
    expect(await chat.locator('strong').textContent()).toBe('Ana');
    await page.getByText('Acme MX').waitFor();
    await page.getByRole('button', { name: 'The next person' }).click();
    await page.getByText('Empty for this person: 2.', { exact: false }).waitFor();
    await page.getByLabel('Where somebody has none').nth(1).fill('free');
    await chat.getByText('Hola Li, tu plan free tiene una oferta.').waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.reload();
    await chat.getByText('Hola Ana, tu plan gold tiene una oferta.').waitFor();
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByRole('button', { name: 'Send to 2 people' }).click();
    await page.waitForURL(/\/sends\//);
    await page.getByText('131026', { exact: false }).first().waitFor();
    isAway = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => server.accepted.length, { timeout: 15_000 }).toBe(2);
    const sent = server.accepted.find(({ to }) => to.endsWith('02'))!.template!;
    expect(sent).toMatchObject({ name: 'spring_offer', language: { code: 'es_MX' } });
    expect(JSON.stringify(sent.components)).toMatch(/"Li".*"free".*"B2"/);
    await page.context().close();
  });

  it.each([
    ['es-MX', 'dark', 360],
    ['pt-BR', 'light', 360],
    ['pt-BR', 'dark', 1280],
  ] as const)('everybody can use it: %s, %s, %i px wide', async (locale, colorScheme, width) => {
    const { draft_id } = await core.call('drafts.save', {
      ...{ audience_id, channel: 'whatsapp', language: 'es_MX', message: 'Hola' },
      ...{ template: { name: 'spring_offer' }, template_values: { 1: '{{lead.first_name}}', 2: 'oro' } },
    });
    const page = await browser.open(`/drafts/${draft_id}`, {
      ...{ locale, colorScheme, viewport: { width, height: 800 } },
    });
    await page.getByText('Hola Ana, tu plan oro').waitFor();
    expect(await accessFaults(page)).toEqual([]);
    expect(await isSideways(page)).toBe(false);
    await page.context().close();
  });
});
