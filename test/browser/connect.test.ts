import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { challengeOf } from '../../src/core/access/oauth/oauth-server.ts';
import { accessFaults, hasBrowser, isSideways, openBrowser, personOf } from '../support/browser.ts';
import { openCore, removeFolder } from '../support/core.ts';

const KEY = 'a key that is long enough';
const soon = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 15_000 });
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

  /** As an app does it that was let in: its access token. */
  async function connect(name: string, person: string): Promise<string> {
    const back = 'https://claude.ai/api/mcp/auth_callback';
    const verifier = 'v'.repeat(43);
    const { users } = await core.call('users.list', {});
    const { user_id, role } = users.find((one: { name: string }) => one.name === person);
    const client = await core.tidings.apps.register({ name, redirectUris: [back] });
    const code = await core.tidings.apps.allow(
      {
        ...{ client, redirectUri: back, challenge: challengeOf(verifier) },
        ...{ resource: oauthServer.audience, role: 'operator' },
      },
      { kind: 'user', id: user_id, name: person, role },
      null,
    );
    const given = { code, verifier, clientId: client.id, redirectUri: back, resource: oauthServer.audience };
    return (await core.tidings.apps.redeem(given))!.access;
  }

  it('settings show who let which app in, what it may, when it last called and where it leads; a button ends it', async () => {
    const token = await connect('Desk <i>', 'ann');
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${browser.url}/api/me`, { headers })).status).toBe(200);
    const boss = await personOf(core, browser, 'boss', 'admin');
    await connect('Of the boss', 'boss');
    const page = await browser.open('/settings', boss);
    const apps = page.getByRole('table', { name: 'Connected apps' });
    const row = apps.getByRole('row').filter({ hasText: 'Desk <i>' });
    for (const text of ['ann', 'author: prepares, a person approves', 'claude.ai', 'connected'])
      await row.getByText(text, { exact: true }).waitFor();
    // It is noted a moment after the call.
    await soon(async () => {
      await page.reload();
      await row.waitFor();
      return row.getByText('never').count();
    }).toBe(0);
    await apps.getByRole('row').filter({ hasText: 'Of the boss' }).getByText('never').waitFor();
    await row.getByRole('button', { name: 'Disconnect: Desk <i>' }).click();
    const dialog = page.getByRole('dialog', { name: 'Disconnect Desk <i>?' });
    await dialog.getByText('It may do nothing for ann within a second.', { exact: false }).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    expect((await fetch(`${browser.url}/api/me`, { headers })).status).toBe(200);
    await dialog.getByRole('button', { name: 'Disconnect' }).click();
    await row.getByText('disconnected', { exact: true }).waitFor();
    expect(await row.getByRole('button').count()).toBe(0);
    expect((await fetch(`${browser.url}/api/me`, { headers })).status).toBe(401);
    await page.context().close();
  });

  it('who is no admin sees their own, and who came with a key is told why there are none', async () => {
    await connect('Of cleo', 'ann');
    const dora = await personOf(core, browser, 'dora', 'viewer');
    await connect('Of dora', 'dora');
    const page = await browser.open('/settings', dora);
    await page.getByText('You see those that you have let in yourself.', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Disconnect: Of dora' }).waitFor();
    expect(await page.getByText('Of cleo').count()).toBe(0);
    await page.context().close();
    const keyed = await browser.open('/settings');
    await keyed.getByRole('button', { name: 'Sign in with a key' }).click();
    await keyed.getByLabel('API key').fill(KEY);
    await keyed.keyboard.press('Enter');
    await keyed.getByText('Only somebody who has signed in by name', { exact: false }).waitFor();
    expect(await keyed.getByRole('table', { name: 'Connected apps' }).count()).toBe(0);
    browser.forgive(/status of 401/);
    await keyed.context().close();
  });

  it.each([
    ['en-US', 'dark', 1280],
    ['es-MX', 'dark', 360],
    ['pt-BR', 'light', 360],
  ] as const)('everybody can use them: %s, %s, %i px wide', async (locale, colorScheme, width) => {
    const name = `zoe ${locale} ${width}`;
    const zoe = await personOf(core, browser, name);
    await connect('An app with a name that is rather long for a telephone', name);
    const page = await browser.open('/settings', {
      ...{ ...zoe, locale, colorScheme, viewport: { width, height: 800 } },
    });
    await page.locator('.table-box').getByText('claude.ai').waitFor();
    await page.getByRole('button', { name: /^(Disconnect|Desconectar): / }).click();
    await page.getByRole('dialog').waitFor();
    expect(await accessFaults(page)).toEqual([]);
    expect(await isSideways(page)).toBe(false);
    await page.context().close();
  });
});
