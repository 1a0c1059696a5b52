import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessFaults, hasBrowser, openBrowser } from '../support/browser.ts';
import { openCore, removeFolder } from '../support/core.ts';

const KEY = 'a key that is long enough';
const PASSWORD = 'four words of nobody';
const oauthServer = { issuer: 'http://127.0.0.1', audience: 'http://127.0.0.1/mcp' };

describe.skipIf(!hasBrowser())('connecting an app at the dashboard', () => {
  let core: Awaited<ReturnType<typeof openCore>>;
  let browser: Awaited<ReturnType<typeof openBrowser>>;

  beforeAll(async () => {
    core = await openCore([], undefined, undefined, undefined, { env: { TIDINGS_API_KEY: KEY } });
    const caller = { door: 'cli', principal: core.tidings.access.machine() } as const;
    const { link } = await core.call('users.add', { name: 'ann', role: 'author' }, { caller });
    await core.tidings.signIn.byLink({ link: link.split('#')[1], password: PASSWORD });
    browser = await openBrowser(core.tidings, { apiKey: KEY, oauthServer });
  });
  afterAll(async () => {
    await browser?.close();
    await core?.close();
    if (core) removeFolder(core.folder);
  });

  it('a person signs in, reads who asks and where the code goes, chooses a role, and is taken back with a code', async () => {
    const back = `${browser.url}/health`;
    const client = await core.tidings.apps.register({ name: 'Claude <b>', redirectUris: [back] });
    const asked = new URLSearchParams({
      ...{ client_id: client.id, redirect_uri: back, response_type: 'code', scope: 'viewer operator' },
      ...{ code_challenge: 'x'.repeat(43), code_challenge_method: 'S256', state: 'a state' },
    });
    const page = await browser.open(`/connect?${asked}`);
    await page.getByLabel('Name').fill('ann');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('“Claude <b>” wants to use Tidings in your name.').waitFor();
    await page.getByText('this computer').waitFor();
    expect(await accessFaults(page)).toEqual([]);
    const choice = page.getByLabel('It may');
    expect(await choice.inputValue()).toBe('author');
    expect(await choice.locator('option').count()).toBe(2);
    await choice.selectOption('viewer');
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.waitForURL(/\/health\?code=[\w-]{43}&iss=[^&]+&state=a\+state$/);
    browser.forgive(/status of 401/);

    await page.goto(`${browser.url}/connect?${asked}`);
    await page.getByRole('button', { name: 'Do not connect' }).click();
    await page.waitForURL(/\/health\?error=access_denied&/);

    await page.goto(`${browser.url}/connect?client_id=nobody&response_type=code`);
    await page.getByText('The app is not known here.').waitFor();
    expect(await page.getByRole('button', { name: 'Connect', exact: true }).count()).toBe(0);
    browser.forgive(/status of 400/);
    // Where the app would be, the browser looks for an icon.
    browser.forgive(/status of 404/);
    await page.context().close();
  });
});
