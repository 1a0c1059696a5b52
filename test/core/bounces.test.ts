import { connect } from 'node:net';
import { createTransport } from 'nodemailer';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { anyUnfolded } from '../../src/core/events/event.store.ts';
import { openTidings } from '../../src/open-tidings.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import { BounceAddresses, findBounceToken } from '../../src/providers/email/bounces/bounce-address.ts';
import type { Tidings } from '../../src/tidings.ts';
import { complaint, failed, letter } from '../support/bounce-mails.ts';
import { CALLER } from '../support/caller.ts';
import { freshFolder, ledgerOf, quiet, removeFolder } from '../support/core.ts';
import { databaseUrlOf } from '../support/database.ts';
import { type RunningSmtpServer, startSmtpServer } from '../support/smtp-server.ts';

const DOMAIN = 'bounces.shop.example';

let folder: string;
let relay: RunningSmtpServer;
let tidings: Tidings;
let port: number;

beforeEach(async () => {
  folder = freshFolder();
  relay = await startSmtpServer();
  tidings = await open();
  port = (await tidings.hearBounces())!;
  tidings.dispatcher.start();
});

afterEach(async () => {
  await tidings.close();
  await relay.stop();
  removeFolder(folder);
});

function open(more: object = {}): Promise<Tidings> {
  const databaseUrl = databaseUrlOf(folder);
  const env = {
    TIDINGS_DATA_DIR: folder,
    ...(databaseUrl !== null && { DATABASE_URL: databaseUrl }),
    SMTP_URL: `${relay.url}?tls=off`,
    EMAIL_FROM: 'Shop <news@shop.example>',
    BOUNCE_DOMAIN: 'Bounces.Shop.Example',
    BOUNCE_LISTEN: '127.0.0.1:0',
    ...more,
  };
  return openTidings(readConfig(env), quiet);
}

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
function call(name: string, input: object): Promise<any> {
  return runOperation(tidings.operations.find((one) => one.name === name)!, input, CALLER);
}

/** Sends to these, and tells by which envelope each message left. */
async function sendTo(...emails: string[]): Promise<Record<string, string>> {
  await call('leads.import', { leads: emails.map((email) => ({ name: 'A', email })) });
  const { audience_id } = await call('audience.create', { name: 'All' });
  const sent = await call('sendBulkMessages', {
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message: 'Hi',
  });
  expect(sent).toMatchObject({ state: 'completed', total_sent: emails.length });
  return Object.fromEntries(relay.messages.map(({ from, to }) => [to[0]!, from]));
}

/** As a mail server brings a mail. @returns what it hears: 250, or the code of a refusal */
async function bring(to: string | string[], raw: Buffer, from = ''): Promise<number> {
  const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
  return transport.sendMail({ envelope: { from, to }, raw }).then(
    () => 250,
    (error: { responseCode?: number }) => error.responseCode ?? 0,
  );
}

/** Once all that was told has had its effect. */
async function suppressed(): Promise<Record<string, string>> {
  const ledger = await ledgerOf(folder);
  await vi.waitFor(async () => expect(await anyUnfolded(ledger)).toBe(false), 10_000);
  await ledger.close();
  const { suppressions } = await call('suppressions.list', {});
  return Object.fromEntries(
    suppressions.map((one: Record<string, string>) => [one['contact'], one['reason']]),
  );
}

describe('a message that leaves with a bounce address', () => {
  it('names its delivery there, each its own', async () => {
    const envelope = await sendTo('ann@example.org', 'bob@example.org');
    expect(envelope['ann@example.org']).toMatch(/^b-[a-z2-7]{52}@bounces\.shop\.example$/);
    expect(envelope['bob@example.org']).not.toBe(envelope['ann@example.org']);
    const { deliveryId } = findBounceToken(envelope['ann@example.org']!)!;
    const message = relay.messages.find(({ to }) => to[0] === 'ann@example.org')!;
    expect(message.raw).toContain(`Message-ID: <${deliveryId}@shop.example>`);
  });

  it('keeps whoever is not there, or complains, from being written to again, and nobody else', async () => {
    const envelope = await sendTo('ann@example.org', 'bob@example.org', 'eve@example.org', 'kim@example.org');
    expect(await bring(envelope['ann@example.org']!, failed('550 5.1.1 user unknown'))).toBe(250);
    expect(await bring(envelope['bob@example.org']!, failed('552 5.2.2 over quota'))).toBe(250);
    expect(
      await bring(envelope['eve@example.org']!, complaint('Feedback-Type: abuse'), 'fbl@isp.example'),
    ).toBe(250);
    expect(
      await bring(
        envelope['kim@example.org']!,
        letter('Out of office', '550 user unknown'),
        'kim@example.org',
      ),
    ).toBe(250);
    expect(await suppressed()).toEqual({ 'ann@example.org': 'bounced', 'eve@example.org': 'complained' });
  });

  it('that comes back is failed with what came, and counted; the sum holds, and a guess fails nobody', async () => {
    const names = ['ann', 'bob', 'eve', 'kim', 'lee'].map((name) => `${name}@example.org`);
    const envelope = await sendTo(...names);
    const [ann = '', bob = '', eve = '', kim = '', lee = ''] = names.map((name) => envelope[name]!);
    await bring(ann, failed('550 5.1.1 user unknown'));
    await bring(bob, failed('552 5.2.2 over quota'));
    await bring(eve, complaint('Feedback-Type: abuse'));
    await bring(kim, failed('what a pity'));
    await bring(lee, letter('Out of office', 'back on Monday'), 'lee@example.org');
    await bring(ann, failed('550 5.1.1 user unknown'));
    await suppressed();
    const { sends } = await call('sends.list', {});
    const send_id = sends[0].send_id;
    expect(await call('sends.get', { send_id })).toMatchObject({
      ...{ state: 'completed', total_sent: 3, total_failed: 2, total_unknown: 0, total_in_audience: 5 },
      ...{ total_bounced: 2, total_complained: 1, total_replied: 0 },
    });
    const { deliveries } = await call('sends.deliveries', { send_id, status: 'failed' });
    expect(
      deliveries.map((one: Record<string, string>) => [one['error_code'], one['provider_said']]),
    ).toEqual([
      ['bounce_hard', '5.1.1 userunknown'],
      ['bounce_soft', '5.2.2 mailboxfull'],
    ]);
    const { events } = await call('events.list', { send_id });
    expect(events.map(({ type }: { type: string }) => type).toSorted()).toEqual([
      'bounced',
      'bounced',
      'complained',
      'unknown',
      'unknown',
    ]);
  });

  it('is known again after a restart, in capitals, and by a mail that comes twice', async () => {
    const envelope = await sendTo('ann@example.org');
    await tidings.close();
    tidings = await open();
    port = (await tidings.hearBounces())!;
    const address = envelope['ann@example.org']!.toUpperCase();
    for (let time = 0; time < 2; time++)
      expect(await bring(address, failed('550 5.1.1 user unknown'))).toBe(250);
    expect(await suppressed()).toEqual({ 'ann@example.org': 'bounced' });
  });
});

describe('the listener', () => {
  it('takes nothing that is not ours: no relay, no address without our proof, no other domain', async () => {
    const envelope = await sendTo('ann@example.org');
    const token = findBounceToken(envelope['ann@example.org']!)!;
    const forged = new BounceAddresses(Buffer.alloc(32), DOMAIN).of(`${token.deliveryId}.1`);
    const elsewhere = envelope['ann@example.org']!.replace(DOMAIN, 'other.example');
    for (const to of [forged, elsewhere, 'ann@example.org', `b-none@${DOMAIN}`, `postmaster@${DOMAIN}`]) {
      expect(await bring(to, failed('550 5.1.1 user unknown')), to).toBe(550);
    }
    expect(await suppressed()).toEqual({});
  });

  it('refuses what is larger than any bounce, and goes on', async () => {
    const envelope = await sendTo('ann@example.org');
    expect(await bring(envelope['ann@example.org']!, Buffer.alloc(26_000_000, 'x\r\n'))).toBe(552);
    expect(await bring(envelope['ann@example.org']!, failed('550 5.1.1 user unknown'))).toBe(250);
  });

  it('survives whoever speaks no SMTP or hangs up', async () => {
    const envelope = await sendTo('ann@example.org');
    for (const words of [
      '\0\0\0',
      'GET / HTTP/1.1\r\n\r\n',
      `EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<${envelope['ann@example.org']}>\r\nDATA\r\nhalf`,
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write(words);
          setTimeout(() => socket.destroy(), 30);
        });
        socket.on('close', () => resolve());
        socket.on('error', () => {});
      });
    }
    expect(await suppressed()).toEqual({});
    expect(await bring(envelope['ann@example.org']!, failed('550 5.1.1 user unknown'))).toBe(250);
  });

  it('says where it cannot listen', async () => {
    const other = await open({ BOUNCE_LISTEN: `127.0.0.1:${port}` });
    await expect(other.hearBounces()).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('EADDRINUSE'),
    });
    await other.close();
  });
});

it('without a bounce domain mail comes back to the sender’s own address', async () => {
  await tidings.close();
  tidings = await open({ BOUNCE_DOMAIN: '', BOUNCE_LISTEN: '' });
  expect(await tidings.hearBounces()).toBeNull();
  tidings.dispatcher.start();
  expect(await sendTo('ann@example.org')).toEqual({ 'ann@example.org': 'news@shop.example' });
});
