import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { freshFolder, removeFolder } from './support/core.ts';
import { startSmtpServer } from './support/smtp-server.ts';
import { TidingsProcess } from './support/tidings-process.ts';

const INJECTOR = join(import.meta.dirname, 'support/fault-injector.ts');
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(folder: string, env: Record<string, string> = {}) {
  const server = new TidingsProcess(
    ['serve', '--port', '0'],
    { TIDINGS_DATA_DIR: folder, LOG_LEVEL: 'info', ...env },
    [INJECTOR],
  );
  closing.push(() => server.end('SIGKILL'));
  await server.ready;
  return server;
}

const folderOfOwn = () => {
  const folder = freshFolder();
  closing.push(() => removeFolder(folder));
  return folder;
};

it('a promise that fails unheard is told without its stack, counted and survived', async () => {
  const server = await start(folderOfOwn());
  server.child.send('reject');
  await expect.poll(() => server.log.join('\n')).toContain('a promise failed that nobody waits for');
  const line = server.log.find((one) => one.includes('nobody waits for'))!;
  expect(line).not.toContain('    at ');
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain('tidings_faults_total{kind="unhandled_rejection"} 1');
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  expect(await server.end('SIGTERM')).toBe(0);
});

it('after an exception that nobody caught what is in flight is settled, and the process ends with 1', async () => {
  const folder = folderOfOwn();
  const arrived: string[] = [];
  const smtp = await startSmtpServer({
    onMessage: async (raw) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      arrived.push(/^To: .*$/m.exec(raw)![0]);
      return null;
    },
  });
  closing.push(() => smtp.stop());
  const env = { SMTP_URL: `${smtp.url}?tls=off`, EMAIL_FROM: 'Shop <news@shop.example>' };
  const first = await start(folder, env);
  const leads = Array.from({ length: 60 }, (_, at) => ({ email: `l${at}@example.com` }));
  await first.call('/leads/import', { leads });
  const { audience_id } = await first.call<{ audience_id: string }>('/audiences', { name: 'All' });
  const message = { audience_id, channel: 'email', subject: 'Hi', message: 'Hello' };
  await first.call('/sends', { ...message, max_wait_seconds: 0 });
  await expect.poll(() => arrived.length, { timeout: 10_000 }).toBeGreaterThan(0);
  first.child.send('throw');
  expect(await first.ended).toBe(1);
  expect(first.log.join('\n')).toContain('nothing is in doubt');
  const second = await start(folder, env);
  const result = await second.call('/sends', { ...message, max_wait_seconds: 30 });
  expect(result).toMatchObject({ total_sent: 60, total_unknown: 0 });
  expect(new Set(arrived).size).toBe(60);
  expect(arrived.length).toBe(60);
});
