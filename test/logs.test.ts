import { afterEach, describe, expect, it } from 'vitest';
import type { Claim } from '../src/core/deliveries/claim.ts';
import { attemptLogFields } from '../src/core/dispatch/attempt-log-fields.ts';
import { freshFolder, removeFolder } from './support/core.ts';
import { databaseEnv } from './support/database.ts';
import { startSmtpServer } from './support/smtp-server.ts';
import { TidingsProcess } from './support/tidings-process.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Line = Record<string, unknown> & { msg: string };

/** Three people, one of whom the relay does not know; the log of a server that sends to them. */
async function logOf(level: string): Promise<{ lines: Line[]; send: string }> {
  const folder = freshFolder();
  closing.push(() => removeFolder(folder));
  const smtp = await startSmtpServer({
    onRcpt: (address) => (address.startsWith('gone') ? `550 5.1.1 <${address}> is not here` : null),
  });
  closing.push(() => smtp.stop());
  const server = new TidingsProcess(['serve', '--port', '0'], {
    ...databaseEnv(folder),
    SMTP_URL: `${smtp.url}?tls=off`,
    EMAIL_FROM: 'Shop <news@shop.example>',
    LOG_LEVEL: level,
  });
  closing.push(() => server.end('SIGKILL'));
  await server.ready;
  const emails = ['canary1@example.com', 'canary2@example.com', 'gone.canary@example.com'];
  await server.call('/leads/import', { leads: emails.map((email) => ({ email })) });
  const { audience_id } = await server.call<{ audience_id: string }>('/audiences', { name: 'All' });
  const message = { audience_id, channel: 'email', subject: 'Hi', message: 'Hello' };
  const { send_id } = await server.call<{ send_id: string }>('/sends', message);
  await server.end('SIGTERM');
  expect(server.log.join('\n')).not.toMatch(/canary|Hello/);
  return { lines: server.log.map((line) => JSON.parse(line)), send: send_id };
}

describe('the log', () => {
  it('at debug follows each delivery by its ids, and names nobody', async () => {
    const { lines, send } = await logOf('debug');
    const tried = lines.filter(({ msg }) => msg === 'a delivery was tried');
    expect(tried.map(({ outcome }) => outcome).sort()).toEqual(['accepted', 'accepted', 'permanent']);
    const bare = send.replaceAll('-', '');
    for (const line of tried) {
      expect(line).toMatchObject({
        send,
        chunk: 0,
        attempt: `${line['delivery']}.1`,
        ms: expect.any(Number),
      });
      expect(line['delivery']).toMatch(new RegExp(`^${bare}\\.[123]$`));
    }
    expect(tried.find(({ outcome }) => outcome === 'permanent')!['code']).toBe('smtp_550_5.1.1');
    const accepted = tried.find(({ outcome }) => outcome === 'accepted')!;
    expect(accepted['providerMessageId']).toContain(accepted['delivery']);
  });

  it('at the usual level has no line for a delivery, and tells the end of a send; every line names its process', async () => {
    const { lines, send } = await logOf('info');
    expect(lines.map(({ msg }) => msg)).not.toContain('a delivery was tried');
    expect(lines.find(({ msg }) => msg === 'a send is completed')).toMatchObject({ send });
    const workers = new Set(lines.map(({ worker }) => worker));
    expect(workers.size).toBe(1);
    expect([...workers][0]).toMatch(/-\d+$/);
    expect(lines.length).toBeLessThan(10);
  });
});

it('an id of a provider that holds the recipient is not told', () => {
  const claim = {
    chunk: { send_seq: 1, number: 0, id: 's' },
    attempt: { deliveryId: 's.1', attemptId: 's.1.1' },
    recipient: { contact: '+5215512345678' },
  } as unknown as Claim;
  const id = (providerMessageId: string) =>
    (attemptLogFields(claim, { type: 'accepted', providerMessageId }, 0) as { providerMessageId?: string })
      .providerMessageId;
  const wamid = `wamid.${Buffer.from('\x1d\x18\x0d5215512345678\x15\x02\x00').toString('base64')}`;
  expect(id(wamid)).toBeUndefined();
  expect(id('s.1.1@shop.example')).toBe('s.1.1@shop.example');
});
