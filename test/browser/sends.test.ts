import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasBrowser, openBrowser } from '../support/browser.ts';
import { openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

const LEADS = 600;

describe.skipIf(!hasBrowser())('sends on the dashboard', () => {
  let core: Awaited<ReturnType<typeof openCore>>;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let send_id: string;
  const sender = new FakeSender('email', 16, 15);

  beforeAll(async () => {
    core = await openCore([sender]);
    sender.answer = ({ contact }) =>
      contact.startsWith('p3@')
        ? { type: 'permanent', code: 'smtp_550', message: 'no such mailbox', said: '550 5.1.1 nobody here' }
        : undefined;
    const leads = Array.from({ length: LEADS }, (_, at) => ({
      name: `Person ${at}`,
      ...(at % 10 !== 1 && { email: `p${at}@example.com` }),
    }));
    await core.call('leads.import', { leads });
    const { audience_id } = await core.call('audience.create', { name: 'Everybody' });
    const message = { subject: 'Spring offer', message: 'Hi {{lead.name}}', max_wait_seconds: 0 };
    ({ send_id } = await core.call('sendBulkMessages', { audience_id, channel: 'email', ...message }));
    core.dispatcher.start();
    browser = await openBrowser(core.tidings);
  });

  afterAll(async () => {
    await browser?.close();
    await core?.close();
    if (core) removeFolder(core.folder);
  });

  it('numbers move while one looks on, pausing stops them at one click, and resuming says to how many more it goes', async () => {
    const page = await browser.open('/');
    await page.getByRole('link', { name: 'Spring offer' }).click();
    await page.getByRole('heading', { level: 1, name: 'Spring offer' }).waitFor();
    const sent = page.locator('.sum strong').first();
    const first = Number(await sent.textContent());
    await expect
      .poll(async () => Number(await sent.textContent()), { timeout: 10_000 })
      .toBeGreaterThan(first);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused by request').waitFor();
    await expect.poll(async () => (await core.call('sends.get', { send_id })).in_flight).toBe(0);
    const { total_remaining, total_sent } = await core.call('sends.get', { send_id });
    expect(total_remaining).toBeGreaterThan(0);
    await expect.poll(() => sent.textContent()).toBe(String(total_sent));
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText(`${total_remaining} people more get it. Nobody gets it twice.`).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    expect((await core.call('sends.get', { send_id })).state).toBe('running');
    await page.context().close();
  });

  it('who did not get it is one click away, with the reason and the words of the provider', async () => {
    const page = await browser.open(`/sends/${send_id}`);
    await page.getByRole('link', { name: 'no email' }).click();
    await page.getByRole('cell', { name: 'Person 1', exact: true }).waitFor();
    expect(page.url()).toContain('code=missing_email');
    await page.getByRole('navigation', { name: 'Status' }).getByRole('link', { name: 'failed' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Person 3' });
    await row.getByText('550 5.1.1 nobody here').waitFor();
    await page.goBack();
    await page.getByRole('cell', { name: 'Person 1', exact: true }).waitFor();
    await page.context().close();
  });

  it('those who failed are tried again, and nobody else', async () => {
    sender.answer = () => undefined;
    const before = sender.accepted.length;
    const page = await browser.open(`/sends/${send_id}`);
    await page.getByRole('button', { name: 'Try again' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('1 person for whom it failed').check();
    await dialog.getByRole('button', { name: 'Try again' }).click();
    await expect
      .poll(() => sender.accepted.filter(({ contact }) => contact === 'p3@example.com').length, {
        timeout: 15_000,
      })
      .toBe(1);
    expect(sender.accepted.length).toBeGreaterThanOrEqual(before + 1);
    expect(new Set(sender.accepted.map(({ contact }) => contact)).size).toBe(sender.accepted.length);
    await page.context().close();
  });
});
