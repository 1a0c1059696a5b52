import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';
import { TidingsProcess } from '../support/tidings-process.ts';
import { folder, HEADER, run, start, told, url } from './trial.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** The Inspector of MCP: by its command line in both eras, and the card in its Apps tab. */
export async function inspector(): Promise<void> {
  const at = ['--cli', url, '--transport', 'http', '--header', HEADER];
  for (const era of ['legacy', 'modern']) {
    const list = ['--method', 'tools/call', '--tool-name', 'audience', '--tool-arg', 'action=list'];
    const called = await run('inspector', [...at, '--protocol-era', era, '--format', 'json', '-q', ...list]);
    const isRight = called.code === 0 && called.out.includes('"audiences"');
    told(`Inspector calls a tool in the ${era} era`, isRight, called);
  }
  const tool = ['--app-info', '--method', 'tools/call', '--tool-name', 'sendBulkMessages'];
  const card = await run('inspector', [...at, ...tool]);
  told('Inspector finds the card of the tool that sends', card.code === 0, card);
  if (existsSync(CHROMIUM)) await appsTab();
  else told('the card in the Apps tab', false, { code: null, out: `No browser at ${CHROMIUM}.` });
}

async function appsTab(): Promise<void> {
  const open = new TidingsProcess(['serve'], { TIDINGS_DATA_DIR: join(folder, 'apps'), PORT: '0' });
  await open.ready;
  const call = async (name: string, given: object): Promise<Record<string, string>> => {
    const body = JSON.stringify({ method: 'tools/call', params: { name, arguments: given } });
    const answer = await fetch(`${open.url}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return ((await answer.json()) as { result: { structuredContent: Record<string, string> } }).result
      .structuredContent;
  };
  await call('leads', {
    action: 'import',
    leads: [{ name: 'Ana', email: 'ana@example.com' }, { name: 'Bo' }],
  });
  const { audience_id } = await call('audience', { action: 'create', name: 'Friends' });
  const [port, sandbox] = [await freePort(), await freePort()];
  const { child, ran } = start('inspector', [], {
    env: {
      ...{ MCP_INSPECTOR_API_TOKEN: 'token', MCP_AUTO_OPEN_ENABLED: 'false' },
      ...{ CLIENT_PORT: `${port}`, MCP_SANDBOX_PORT: `${sandbox}` },
    },
  });
  const web = `http://127.0.0.1:${port}`;
  const isUp = () => fetch(web).then(Boolean, () => false);
  while (!(await isUp()) && child.exitCode === null) await sleep(100);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  const shows = async (more: object, words: RegExp): Promise<void> => {
    const page = await browser.newPage();
    const given = { audience_id, channel: 'email', subject: 'Hi', message: 'Hello {{lead.name}}', ...more };
    const query = new URLSearchParams({
      ...{ MCP_INSPECTOR_API_TOKEN: 'token', serverUrl: `${open.url}/mcp`, transport: 'http' },
      ...{ autoConnect: 'token', openApp: 'sendBulkMessages', autoOpen: 'token' },
      appArgs: Buffer.from(JSON.stringify(given)).toString('base64url'),
    });
    await page.goto(`${web}/?${query}`);
    const out = await cardOf(page, words);
    told(`the Apps tab of the Inspector shows ${words.source}`, words.test(out), { code: null, out });
    await page.close();
  };
  await shows({ dry_run: true }, /1 would get it, 1 skipped, of 2[\s\S]*Hello Ana/);
  await shows({ max_wait_seconds: 0 }, /1 sent \+ 0 failed \+ 1 skipped \+ 0 remaining = 2/);
  await browser.close();
  process.kill(-child.pid!, 'SIGTERM');
  await ran;
  await open.end('SIGTERM');
}

/** The words of the card, once they are what is waited for; after a minute whatever they are. */
async function cardOf(page: Page, words: RegExp): Promise<string> {
  const ready = page.locator('[data-testid="apps-form"][data-app-status="ready"]');
  const isReady = await ready.waitFor({ timeout: 60_000 }).then(
    () => true,
    () => false,
  );
  let text = '';
  for (
    const until = Date.now() + 60_000;
    isReady && !words.test(text) && Date.now() < until;
    await sleep(200)
  )
    text = await page.frames().at(-1)!.locator('#card').innerText().catch(String);
  return text;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
