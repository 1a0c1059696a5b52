import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CARD_MIME_TYPE, SEND_CARD_URI } from '../../src/mcp/card/send-card.ts';
import { accessFaults, CHROMIUM, hasBrowser } from '../support/browser.ts';
import { AUTHOR } from '../support/caller.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { connectFormClient } from '../support/form-client.ts';

/** The page that hosts of MCP Apps show for a dry run or a send: over MCP, and in a browser with a small host. */

let folder: string;
let core: Awaited<ReturnType<typeof openCore>>;
let client: Awaited<ReturnType<typeof connectFormClient>>;
let send: Record<string, unknown>;
let card: string;

beforeAll(async () => {
  folder = freshFolder();
  core = await openCore([new FakeSender('email', 16, 10)], folder);
  const leads = [{ name: '<img src=x onerror=alert(1)>', email: 'ana@example.com' }, { name: 'Nobody' }];
  await core.call('leads.import', { leads });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  send = {
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message: 'Hello {{lead.name}}',
    max_wait_seconds: 0,
  };
  client = await connectFormClient(core.tidings, 'HTTP 2026', () => ({ action: 'cancel' }));
  const { contents } = await client.client.readResource({ uri: SEND_CARD_URI });
  card = (contents[0] as { text: string }).text;
});
afterAll(async () => {
  await client.close();
  await core.close();
  removeFolder(folder);
});

it('the tool that sends names its page, and the page is read as a resource that asks for no network', async () => {
  const { tools } = await client.client.listTools();
  const named = tools.filter(
    ({ _meta }) => (_meta?.['ui'] as { resourceUri?: string } | undefined)?.resourceUri,
  );
  expect(named.map(({ name }) => name)).toEqual(['sendBulkMessages']);
  const { contents } = await client.client.readResource({ uri: SEND_CARD_URI });
  expect(contents).toMatchObject([{ uri: SEND_CARD_URI, mimeType: CARD_MIME_TYPE, _meta: { ui: {} } }]);
  expect(contents[0]!._meta!['ui']).not.toHaveProperty('csp');
  expect(card).not.toMatch(/https?:\/\/|src=|@import|fetch\(|innerHTML/);
});

describe.skipIf(!hasBrowser())('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(() => browser.close());

  async function open(theme: 'light' | 'dark'): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 480, height: 700 }, colorScheme: theme });
    page.on('request', (request) => expect(request.url()).toMatch(/^(about|data|blob):/));
    return page;
  }

  /** A host of a few lines: the page in a sandbox, the handshake, tools called by the real server. */
  async function host(result: object): Promise<Page> {
    const page = await open('light');
    await page.exposeFunction('callTool', (name: string, args: Record<string, unknown>) =>
      client.call(name, args),
    );
    const inScript = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');
    const script = `
      const heard = [];
      const frame = document.querySelector('iframe');
      const post = (message) => frame.contentWindow.postMessage({ jsonrpc: '2.0', ...message }, '*');
      addEventListener('message', async ({ data: { id, method, params } }) => {
        heard.push({ method, params });
        if (method === 'ui/initialize') post({ id, result: { hostContext: { theme: 'dark' } } });
        if (method === 'ui/notifications/initialized')
          post({ method: 'ui/notifications/tool-result', params: { structuredContent: ${inScript(result)} } });
        if (method === 'tools/call')
          post({ id, result: { structuredContent: await callTool(params.name, params.arguments) } });
      });
      frame.srcdoc = ${inScript(card)};`;
    const frame = '<iframe sandbox="allow-scripts" style="width:100%;height:500px"></iframe>';
    await page.setContent(`<!doctype html><title>Host</title>${frame}<script>${script}</script>`);
    return page;
  }

  it.each(['light', 'dark'] as const)(
    'shows a dry run with its sum and its messages as text (%s)',
    async (theme) => {
      const page = await open(theme);
      await page.setContent(card);
      // It lets the host's ground shine through.
      await page.addStyleTag({ content: `html { background: ${theme === 'dark' ? '#161616' : '#fff'} }` });
      const params = { structuredContent: await client.call('sendBulkMessages', { ...send, dry_run: true }) };
      const told = { jsonrpc: '2.0', method: 'ui/notifications/tool-result', params };
      await page.evaluate(`postMessage(${JSON.stringify(told)}, '*')`);
      await page.getByText('1 would get it, 1 skipped, of 2').waitFor();
      expect(await page.locator('#samples').textContent()).toContain('Hello <img src=x onerror=alert(1)>');
      expect(await page.locator('img').count()).toBe(0);
      expect(await page.locator('#facts').textContent()).toContain('Skipped: 1 missing_email');
      expect((await page.locator('#card').boundingBox())!.height).toBeLessThanOrEqual(500);
      expect(await page.getByRole('button', { name: 'Pause' }).isVisible()).toBe(false);
      expect(await accessFaults(page)).toEqual([]);
      await page.close();
    },
  );

  it('follows a send while it goes, pauses it by its button, and is quiet when it is taken down', async () => {
    const { send_id } = await core.call('sendBulkMessages', send);
    const page = await host(await core.call('sends.get', { send_id }));
    const shown = page.frameLocator('iframe');
    await shown.getByText('0 sent + 0 failed + 0 skipped + 2 remaining = 2').waitFor();
    await shown.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => shown.locator('#state').textContent()).toBe('paused');
    expect(await core.call('sends.get', { send_id })).toMatchObject({ state: 'paused' });
    await core.call('sends.resume', { send_id });
    core.dispatcher.start();
    await shown.getByText('1 sent + 0 failed + 1 skipped + 0 remaining = 2').waitFor({ timeout: 10_000 });
    expect(await shown.getByRole('button', { name: 'Pause' }).isVisible()).toBe(false);
    expect(await shown.locator('html').getAttribute('data-theme')).toBe('dark');
    const sizes = `heard.flatMap((one) => (one.method === 'ui/notifications/size-changed' ? [one.params.height] : []))`;
    const heights = (await page.evaluate(sizes)) as number[];
    expect(Math.max(...heights)).toBeLessThanOrEqual(500);
    expect(Math.min(...heights)).toBeGreaterThan(40);
    await page.close();
  });
  it('opens where a person approves it, and approves nothing itself', async () => {
    const asked = { ...send, campaign: 'asked', allow_repeat: true };
    const { send_id, approval } = await core.call('sendBulkMessages', asked, {
      caller: { principal: AUTHOR },
    });
    const page = await host(await core.call('sends.get', { send_id }));
    const shown = page.frameLocator('iframe');
    await shown.getByText(`tidings sends approve ${approval.code} (1 people)`).waitFor();
    await shown.getByRole('button', { name: 'Look and approve' }).click();
    const links = `heard.flatMap((one) => (one.method === 'ui/open-link' ? [one.params.url] : []))`;
    await expect.poll(() => page.evaluate(links)).toEqual([approval.url]);
    expect(approval.url).toBe(`http://localhost:3000/approvals/${send_id}`);
    expect(await core.call('sends.get', { send_id })).toMatchObject({ state: 'paused', total_sent: 0 });
    await page.close();
  });
});
