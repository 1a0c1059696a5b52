import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createHookSender } from '../examples/provider.ts';
import { readConfig } from '../src/config.ts';
import { startHttpServer } from '../src/http/server.ts';
import { openTidings } from '../src/open-tidings.ts';
import { runOperation } from '../src/operations/run-operation.ts';
import { CALLER } from './support/caller.ts';
import { freshFolder, openCore, quiet, removeFolder } from './support/core.ts';
import { FakeSender } from './support/fake-sender.ts';

const root = join(import.meta.dirname, '..');
const execute = promisify(execFile);
let folder: string;
beforeEach(() => {
  folder = freshFolder();
});
afterEach(() => removeFolder(folder));

describe('the examples, over a server', () => {
  let url: string;
  let close: () => Promise<void>;
  beforeEach(async () => {
    const config = readConfig({ TIDINGS_DATA_DIR: folder, PORT: '0' });
    const tidings = await openTidings(config, quiet);
    tidings.dispatcher.start();
    const server = await startHttpServer({ tidings, version: '0.0.0', log: quiet, ...config });
    url = server.url;
    close = async () => {
      await server.close();
      await tidings.close();
    };
  });
  afterEach(() => close());

  it('agent.ts sends once, however often it calls', async () => {
    const { stdout } = await execute(process.execPath, [join(root, 'examples/agent.ts'), url]);
    expect(stdout).toBe('sent 2, skipped 1\ncalled again: still 2 sent\n');
  });

  it('curl.sh imports, chooses and sends', async () => {
    const { stdout } = await execute('sh', [join(root, 'examples/curl.sh'), url]);
    const [imported, sent] = stdout.trim().split('\n');
    expect(JSON.parse(imported!)).toMatchObject({ success: true, created: 2 });
    expect(JSON.parse(sent!)).toMatchObject({ success: true, total_sent: 2, state: 'completed' });
  });
});

it('cron-with-csv.sh run twice in a week sends one newsletter', { timeout: 60_000 }, async () => {
  const csv = join(folder, 'people.csv');
  writeFileSync(csv, 'Name,Email\nAna,ana@example.com\nBen,ben@example.com\n');
  const env = {
    PATH: process.env['PATH'],
    TIDINGS: `${process.execPath} ${join(root, 'bin/tidings.js')}`,
    TIDINGS_DATA_DIR: join(folder, 'data'),
  };
  const run = () => execute('sh', [join(root, 'examples/cron-with-csv.sh'), csv], { env });
  await run();
  await run();
  const tidings = await openTidings(readConfig({ TIDINGS_DATA_DIR: join(folder, 'data') }), quiet);
  const outbox = tidings.operations.find(({ name }) => name === 'outbox.list')!;
  const { entries } = (await runOperation(outbox, {}, CALLER)) as { entries: { to: string }[] };
  await tidings.close();
  expect(entries.map(({ to }) => to).sort()).toEqual(['ana@example.com', 'ben@example.com']);
});

it('provider.ts reaches those whom its hook knows, and is in doubt about none of them', async () => {
  const got: { to: string; text: string }[] = [];
  const hook = createServer(async (request, response) => {
    const message = JSON.parse(Buffer.concat(await request.toArray()).toString());
    got.push(message);
    response.writeHead(message.to.endsWith('9') ? 404 : 200).end(`hook-${got.length}`);
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const { port } = hook.address() as AddressInfo;
  const core = await openCore(
    [createHookSender(`http://127.0.0.1:${port}/`), new FakeSender('email')],
    folder,
  );
  core.dispatcher.start();
  const leads = ['8', '9'].map((last) => ({ name: `N${last}`, phone: `+52551234567${last}` }));
  await core.call('leads.import', { leads });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const result = await core.call('sendBulkMessages', {
    audience_id,
    channel: 'whatsapp',
    message: 'Hi {{lead.name}}',
  });
  expect(result).toMatchObject({ total_sent: 1, total_failed: 1, total_unknown: 0 });
  expect(got.map(({ text }) => text).sort()).toEqual(['Hi N8', 'Hi N9']);
  await core.close();
  hook.close();
});

it('compose.mail.yaml changes services that compose.yaml has, by variables that there are', () => {
  const read = (file: string) => parse(readFileSync(join(root, file), 'utf8'), { merge: true });
  const base = read('compose.yaml');
  const { services } = read('examples/compose.mail.yaml');
  expect(Object.keys(base.services)).toEqual(expect.arrayContaining(['server', 'worker']));
  for (const name of ['server', 'worker']) {
    const { email } = readConfig(services[name].environment);
    expect(email).toMatchObject({ url: 'smtp://mail:1025?tls=off' });
  }
});
