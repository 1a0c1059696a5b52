import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessFaults, hasBrowser, openBrowser } from '../support/browser.ts';
import { openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

describe.skipIf(!hasBrowser())('choosing, writing and sending on the dashboard', () => {
  let core: Awaited<ReturnType<typeof openCore>>;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  const sender = new FakeSender('email', 16, 5);

  beforeAll(async () => {
    core = await openCore([sender]);
    const leads = Array.from({ length: 40 }, (_, at) => ({
      name: `Person ${at}`,
      status: at % 4 === 0 ? 'qualified' : 'new',
      ...(at !== 8 && { email: `p${at}@example.com` }),
    }));
    await core.call('leads.import', { leads });
    core.dispatcher.start();
    browser = await openBrowser(core.tidings);
  });

  afterAll(async () => {
    await browser?.close();
    await core?.close();
    if (core) removeFolder(core.folder);
  });

  it('from leads to a send: an audience with its reach, a message that is kept, the sum, and one button with the number', async () => {
    const page = await browser.open('/audiences');
    await page.getByLabel('Status').selectOption('qualified');
    await page.getByText('Email reaches 9,').waitFor();
    await page.getByLabel('What it is called').fill('Qualified');
    await page.getByRole('button', { name: 'Freeze' }).click();
    await page.getByRole('link', { name: 'Write to them' }).click();
    await page.getByLabel('Subject').fill('Offer');
    await page.getByLabel('Message').fill('Hi {{lead.name}}');
    // Closed in the middle: nothing is lost.
    await page.reload();
    expect(await page.getByLabel('Message').inputValue()).toBe('Hi {{lead.name}}');
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('9 people get it').waitFor();
    await page.getByText('Hi Person 0').waitFor();
    await page.getByText('no email 1').waitFor();
    expect(await accessFaults(page)).toEqual([]);
    expect(sender.accepted).toEqual([]);
    await page.getByRole('button', { name: 'Send to 9 people' }).click();
    await page.waitForURL(/\/sends\//);
    await expect.poll(() => sender.accepted.length, { timeout: 10_000 }).toBe(9);
    await page.context().close();
  });

  it('a message that is wrong is refused with the way on, and stays', async () => {
    const page = await browser.open('/drafts/new');
    await page.getByLabel('To').selectOption({ index: 1 });
    await page.getByLabel('Subject').fill('Offer');
    await page.getByLabel('Message').fill('Hi {{first_name}}');
    await page.getByLabel('Campaign').fill('two');
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByRole('alert').filter({ hasText: 'first_name' }).waitFor();
    expect(await page.getByLabel('Message').inputValue()).toBe('Hi {{first_name}}');
    await page.getByLabel('Message').fill('Hi {{lead.first_name}}, once more');
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByRole('button', { name: 'Back to the text' }).click();
    await page.getByLabel('Message').waitFor();
    await page.context().close();
    onlyRefusals(400);
  });

  it('a test goes to oneself as the preview shows it, for the person it shows; one that fails is told', async () => {
    const page = await browser.open('/drafts/new');
    await page.getByLabel('To').selectOption({ index: 1 });
    await page.getByLabel('Subject').fill('Offer');
    await page.getByLabel('Message').fill('Trial for {{lead.name}}');
    await page.getByRole('button', { name: 'The next person' }).click();
    await page.getByText('Trial for Person 4').waitFor();
    const tryOn = async (to: string) => {
      await page.getByRole('button', { name: 'Send a test to yourself' }).click();
      await page.getByLabel('Your address or number').fill(to);
      await page.getByRole('dialog').getByRole('button', { name: 'Send a test to yourself' }).click();
    };
    await tryOn('me@shop.example');
    await page.getByText('The test has left.').waitFor();
    expect(sender.accepted.at(-1)).toMatchObject({ contact: 'me@shop.example', text: 'Trial for Person 4' });
    sender.answer = () => ({ type: 'permanent', code: 'smtp_550', message: 'There is no such mailbox.' });
    await tryOn('nobody@shop.example');
    await page.getByRole('alert').filter({ hasText: 'There is no such mailbox.' }).waitFor();
    sender.answer = () => undefined;
    await page.context().close();
  });

  it('who is kept out gets nothing, and comes back only after a question', async () => {
    const page = await browser.open('/suppressions');
    await page.getByLabel('Contact').fill('p4@example.com');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('cell', { name: 'p4@example.com', exact: true }).waitFor();
    await page.getByLabel('Contact').fill('nobody');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByRole('button', { name: 'Remove: p4@example.com' }).click();
    await page.getByText('Only with their consent').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Nobody is kept out').waitFor();
    await page.context().close();
    onlyRefusals(400);
  });

  // Last: from then on whoever comes without a key is asked to sign in.
  it('a key is made with a role, and shown once', async () => {
    const page = await browser.open('/settings');
    const keys = page.locator('section').filter({ hasText: 'For assistants and programs' });
    await keys.getByLabel('Name').fill('assistant');
    await keys.getByRole('button', { name: 'New key' }).click();
    await keys.getByText('The key, shown this once:').waitFor();
    expect((await core.call('keys.list', {})).keys).toMatchObject([{ name: 'assistant', role: 'author' }]);
    await page.context().close();
    onlyRefusals(401);
  });

  /** A browser tells of each refusal in its console; nothing else may be there. */
  function onlyRefusals(status: number) {
    expect(browser.faults.filter((fault) => !fault.includes(`status of ${status}`))).toEqual([]);
    browser.faults.length = 0;
  }
});
