import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasBrowser, openBrowser } from '../support/browser.ts';
import { openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const KEY = 'a key that is long enough';
const LOST = 'the connection is lost';

/* What is seen of a send that moves: also in many tabs, over a bad line, behind other windows, and after being thrown out. */
describe.skipIf(!hasBrowser())('a page that is open while a send moves', () => {
  let core: Awaited<ReturnType<typeof openCore>>;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let line: TcpProxy;
  let send_id: string;
  /** Reads of the send so far, by whoever looks. */
  let reads = 0;

  beforeAll(async () => {
    core = await openCore([new FakeSender('email')], undefined, undefined, undefined, {
      env: { TIDINGS_API_KEY: KEY },
    });
    await core.call('leads.create', { email: 'ana@example.com' });
    const { audience_id } = await core.call('audience.create', { name: 'All' });
    const message = { subject: 'Spring offer', message: 'Hi', max_wait_seconds: 0 };
    ({ send_id } = await core.call('sendBulkMessages', { audience_id, channel: 'email', ...message }));
    const operations = core.tidings.operations.map((one): typeof one => ({
      ...one,
      run(input, call) {
        if (one.name === 'sends.get') reads += 1;
        return one.run(input, call);
      },
    }));
    const through = async (port: number) => {
      line = await startProxy('127.0.0.1', port);
      return line.port;
    };
    browser = await openBrowser({ ...core.tidings, operations }, { apiKey: KEY, through });
  });
  afterEach(async () => {
    await core.call('sends.resume', { send_id });
    browser.forgive(/status of 401|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED/);
  });
  afterAll(async () => {
    await browser?.close();
    await line?.stop();
    await core?.close();
    if (core) removeFolder(core.folder);
  });

  async function signIn(page: Page, key = KEY) {
    await page.getByRole('button', { name: 'Sign in with a key' }).click();
    await page.getByLabel('API key').fill(key);
    await page.keyboard.press('Enter');
  }

  async function look(key?: string): Promise<Page> {
    const page = await browser.open('/');
    await page.clock.install();
    await page.goto(`${browser.url}/sends/${send_id}`);
    await signIn(page, key);
    await says(page, 'Pause');
    return page;
  }

  const says = (page: Page, button: 'Pause' | 'Resume') =>
    page.getByRole('button', { name: button }).waitFor();

  it('moves in eight tabs at once: the seventh is not left without a connection', async () => {
    const first = await look();
    const pages = [first];
    while (pages.length < 8) {
      const page = await first.context().newPage();
      await page.goto(`${browser.url}/sends/${send_id}`);
      await says(page, 'Pause');
      pages.push(page);
    }
    await core.call('sends.pause', { send_id });
    await Promise.all(pages.map((page) => says(page, 'Resume')));
    await first.context().close();
  });

  it('keeps its numbers when the line is lost, says how old they are, and comes back by itself', async () => {
    const page = await look();
    line.hold();
    line.cut();
    await core.call('sends.pause', { send_id });
    await page.clock.fastForward(10_000);
    await page.getByText(LOST).waitFor();
    await says(page, 'Pause');
    line.letGo();
    await says(page, 'Resume');
    await page.getByText(LOST).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('costs nothing while nobody sees it, and is up to date at once when somebody does', async () => {
    const page = await look();
    const see = (isHidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
         document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await see(true);
    await page.clock.fastForward(31_000);
    // Nobody looks once a second has passed in which nobody has: one that was on its way may come to its end.
    await expect
      .poll(
        async () => {
          const before = reads;
          await new Promise((resolve) => setTimeout(resolve, 2_200));
          return reads - before;
        },
        { timeout: 30_000 },
      )
      .toBe(0);
    await core.call('sends.pause', { send_id });
    await see(false);
    await says(page, 'Resume');
    await page.context().close();
  });

  it('asks above the page who looks when the session has ended meanwhile, and goes on then', async () => {
    const { key, key_id } = await core.call('keys.create', { name: 'desk', role: 'operator' });
    const page = await look(key);
    await core.call('keys.revoke', { key: key_id });
    // The stream ends within a minute; here the line is what ends it.
    line.cut();
    await page.getByText('The session is over.', { exact: false }).waitFor();
    expect(await page.getByRole('heading', { name: 'Spring offer', includeHidden: true }).count()).toBe(1);
    await core.call('sends.pause', { send_id });
    await signIn(page);
    await says(page, 'Resume');
    await page.context().close();
  });
});
