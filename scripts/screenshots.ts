/** `npm run screenshots`: docs/images, from sample people, with a clock and a rate that are the same each time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { demoCsv } from '../src/cli/demo-leads.ts';
import { readConfig } from '../src/config.ts';
import { startHttpServer } from '../src/http/server.ts';
import { openTidings } from '../src/open-tidings.ts';
import { runOperation, runUpload } from '../src/operations/run-operation.ts';
import { CALLER } from '../test/support/caller.ts';
import { quiet } from '../test/support/core.ts';
import { FakeSender } from '../test/support/fake-sender.ts';

const LEADS = 20_000;
const NOW = new Date('2026-11-26T15:30:00-06:00');
setClock(new Date(NOW.getTime() - 120_000));
const SIZES = [
  ['', 1280, 800],
  ['-phone', 360, 780],
] as const;
const images = join(import.meta.dirname, '../docs/images');

const folder = mkdtempSync(join(tmpdir(), 'tidings-pictures-'));
const sender = new FakeSender('email', 64, 200, 'smtp:mail.acme.example:587');
sender.answer = ({ contact }) =>
  /\.(?:\d*7)@/.test(contact)
    ? {
        type: 'permanent',
        code: 'smtp_550',
        message: 'There is no such mailbox.',
        said: '550 5.1.1 nobody here',
      }
    : undefined;
const tidings = await openTidings(readConfig({ TIDINGS_DATA_DIR: folder }), quiet, { senders: [sender] });
const call = async (name: string, input: object) => {
  const operation = tidings.operations.find((one) => one.name === name)!;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the operation answers
  return (await runOperation(operation, input, CALLER)) as any;
};
const imports = tidings.operations.find(({ name }) => name === 'leads.import')!;
await runUpload(imports, demoCsv(LEADS), { file_name: 'people.csv' }, CALLER);
const { audience_id } = await call('audience.create', { name: 'Everybody' });
const message =
  '<h1>Hola {{lead.first_name}}</h1><p>Our spring offer has come to {{lead.metadata.city}}.</p>';
const send = (campaign: string, more: object = {}) =>
  call('sendBulkMessages', {
    ...{ audience_id, channel: 'email', subject: campaign, campaign, message: `${message}${campaign}` },
    ...{ max_wait_seconds: 0, allow_repeat: true, ...more },
  });
await send('Rehearsal', { sender: 'sandbox' });
const { send_id } = await send('Spring offer');
await send('Invoice notice', { schedule_at: new Date(Date.now() + 16 * 3_600_000).toISOString() });
tidings.dispatcher.start();
const server = await startHttpServer({
  ...{ tidings, version: '0.1.0', host: '127.0.0.1', port: 0, apiKey: null, publicUrl: null, log: quiet },
});
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
for (;;) {
  const { total_sent } = await call('sends.get', { send_id });
  if (total_sent > LEADS * 0.3) break;
  await new Promise((resolve) => setTimeout(resolve, 200));
}
const { leads } = await call('leads.list', { search: 'Ana', limit: 1 });
await call('suppressions.add', { channel: 'email', contact: leads[0].email, reason: 'unsubscribed' });
await call('suppressions.add', { channel: 'whatsapp', contact: '+525512345678', reason: 'opted_out' });

const screens: readonly (readonly [name: string, path: string, ready?: (page: Page) => Promise<unknown>])[] =
  [
    ['home', '/'],
    ['send', `/sends/${send_id}`],
    ['sends', '/sends'],
    ['leads', '/leads'],
    ['lead', `/leads/${leads[0].id}`],
    [
      'import',
      '/leads/import',
      async (page) => {
        await page
          .locator('input[type=file]')
          .setInputFiles(join(import.meta.dirname, '../examples/people.csv'));
        await page.locator('table').waitFor();
      },
    ],
    ['welcome', '/welcome'],
    ['audiences', '/audiences'],
    ['compose', '/drafts/new', write],
    ['settings', '/settings'],
    ['suppressions', '/suppressions'],
  ];

/** A message in the making, to everybody. */
async function write(page: Page): Promise<void> {
  await page.getByLabel('To').selectOption({ index: 1 });
  await page.getByLabel('Subject').fill('Spring offer');
  await page.getByLabel('Message').fill(message);
}

/** Seen while it moves. */
const MOVING = ['home', 'send'];
const looks = (['light', 'dark'] as const).flatMap((colorScheme) =>
  SIZES.map(([suffix, width, height]) => ({ colorScheme, suffix, width, height })),
);
// The send that moves comes first, in all its looks: it does not wait.
for (const isMoving of [true, false])
  for (const { colorScheme, suffix, width, height } of looks) {
    const context = await browser.newContext({
      ...{ viewport: { width, height }, colorScheme, locale: 'en-US', timezoneId: 'America/Mexico_City' },
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    await page.clock.setFixedTime(NOW);
    for (const [name, path, ready] of screens) {
      if (MOVING.includes(name) !== isMoving) continue;
      await page.goto(server.url + path);
      await page.locator('h1').waitFor();
      await page.locator('.rows, .table-box, .card').first().waitFor();
      await ready?.(page);
      await page.waitForTimeout(name === 'send' ? 4_000 : 700);
      await page.screenshot({ path: join(images, `${name}${suffix}-${colorScheme}.png`) });
    }
    await context.close();
  }
await browser.close();
await server.close();
await tidings.close();
rmSync(folder, { recursive: true, force: true });
console.log(`docs/images is written.`);

/** From here on it is then, for all that runs here: what pages say of today is the same each time. */
function setClock(then: Date): void {
  const Real = Date;
  const ahead = then.getTime() - Real.now();
  globalThis.Date = class extends Real {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [Real.now() + ahead] : given) as [number]));
    }
    static override now() {
      return Real.now() + ahead;
    }
  } as DateConstructor;
}
