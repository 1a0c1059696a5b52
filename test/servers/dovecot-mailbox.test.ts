import { chownSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../bench/support/sink.ts';
import { readConfig } from '../../src/config.ts';
import { DEFAULT_TIMING } from '../../src/core/dispatch/timing.ts';
import { anyUnfolded } from '../../src/core/events/event.store.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { Log } from '../../src/log/log.ts';
import { openTidings } from '../../src/open-tidings.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import { MailboxReader, openMailbox } from '../../src/providers/email/bounces/mailbox/mailbox-reader.ts';
import { parseMailboxUrl } from '../../src/providers/email/bounces/mailbox/mailbox-url.ts';
import { readDeliverySecret } from '../../src/providers/email/delivery-secret.ts';
import type { Tidings } from '../../src/tidings.ts';
import { doctor } from '../../src/upkeep/doctor/doctor.ts';
import { failed, letter } from '../support/bounce-mails.ts';
import { CALLER } from '../support/caller.ts';
import { freshFolder, ledgerOf, quiet, removeFolder } from '../support/core.ts';
import { type RunningSmtpServer, startSmtpServer } from '../support/smtp-server.ts';
import { startProxy } from '../support/tcp-proxy.ts';
import { packageOf } from './support/packages.ts';
import { ServerRoot } from './support/server-root.ts';

const dovecot = packageOf('dovecot-mailbox', 'dovecot-imapd');
const MAIL = 8;
const PACE = { everyMs: 50, firstBackoffMs: 100, longestBackoffMs: 400 };

describe.skipIf(dovecot.isMissing)(`a bounce mailbox at Dovecot ${dovecot.version}`, () => {
  let root: ServerRoot;
  let relay: RunningSmtpServer;
  let folder: string;
  let tidings: Tidings;
  let ledger: Ledger;
  let user: string;
  let readers: MailboxReader[];
  const ports = { imap: 0, pop3: 0 };
  const lines: string[] = [];
  const log: Log = {
    debug() {},
    info: (fields, message) => void lines.push(`info ${message} ${JSON.stringify(fields)}`),
    warn: (fields, message) => void lines.push(`warn ${message} ${JSON.stringify(fields)}`),
    error: (fields, message) => void lines.push(`error ${message} ${JSON.stringify(fields)}`),
  };

  beforeAll(async () => {
    root = new ServerRoot(dovecot);
    ports.imap = await freePort();
    ports.pop3 = await freePort();
    root.directory('var/mail', 'mail', 0o777);
    root.directory('var/lib/dovecot');
    root.directory('run/dovecot');
    root.write('etc/dovecot/dovecot.conf', configuration(ports));
    await root.start(ports.imap, '/usr/sbin/dovecot', '-F', '-c', '/etc/dovecot/dovecot.conf');
  });
  afterAll(() => root?.stop());

  beforeEach(async () => {
    user = `u${Math.random().toString(36).slice(2, 10)}`;
    for (const name of ['', '/new', '/cur', '/tmp', '/.Done', '/.Done/new', '/.Done/cur', '/.Done/tmp'])
      root.directory(`var/mail/${user}${name}`, 'mail', 0o700);
    lines.length = 0;
    readers = [];
    folder = freshFolder();
    relay = await startSmtpServer();
    tidings = await open();
    tidings.dispatcher.start();
    ledger = await ledgerOf(folder);
  });
  afterEach(async () => {
    for (const reader of readers) await reader.stop();
    await tidings.close();
    await ledger.close();
    await relay.stop();
    removeFolder(folder);
  });

  function open(more: object = {}): Promise<Tidings> {
    const env = {
      TIDINGS_DATA_DIR: folder,
      SMTP_URL: `${relay.url}?tls=off`,
      EMAIL_FROM: 'Shop <news@shop.example>',
      BOUNCE_DOMAIN: 'bounces.shop.example',
      PUBLIC_URL: 'https://t.shop.example',
      TIDINGS_API_KEY: 'key-of-a-test-0123456789',
      ...more,
    };
    return openTidings(readConfig(env), quiet);
  }

  /** Reads the mailbox with the pace of a test, as another process would. */
  async function read(url: string, open = openMailbox): Promise<MailboxReader> {
    const reader = new MailboxReader({
      ledger,
      log,
      timing: { ...DEFAULT_TIMING, leaseBeatMs: 50 },
      access: parseMailboxUrl(url),
      secret: await readDeliverySecret(ledger),
      open,
      take: (events) => tidings.webhooks.take(events),
      pace: PACE,
    });
    readers.push(reader);
    reader.start();
    return reader;
  }

  const urlOf = (protocol: 'imap' | 'pop3', behind = '', password = 'secret-1', port = ports[protocol]) =>
    `${protocol}://${user}:${password}@127.0.0.1:${port}${behind}`;

  let delivered = 0;
  function deliver(raw: Buffer | string): void {
    delivered += 1;
    const file = join(root.folder, `var/mail/${user}/new/${1_700_000_000 + delivered}.M${delivered}.mx`);
    writeFileSync(file, raw);
    chownSync(file, MAIL, MAIL);
  }

  /** What lies there, with flags behind the name, where there are any. */
  function lying(inFolder = ''): string[] {
    return ['new', 'cur'].flatMap((part) => {
      const at = join(root.folder, `var/mail/${user}${inFolder}/${part}`);
      if (!existsSync(at)) return [];
      return readdirSync(at).map((name) => {
        const flags = /:2,(\w+)$/.exec(name)?.[1];
        return `${flags ? `[${flags}] ` : ''}${readFileSync(join(at, name), 'latin1')}`;
      });
    });
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
  function call(name: string, input: object): Promise<any> {
    return runOperation(tidings.operations.find((one) => one.name === name)!, input, CALLER);
  }

  async function sendTo(...emails: string[]): Promise<string[]> {
    await call('leads.import', { leads: emails.map((email) => ({ name: 'A', email })) });
    const { audience_id } = await call('audience.create', { name: 'All' });
    await call('sendBulkMessages', { audience_id, channel: 'email', subject: 'Hi', message: 'Hi' });
    return emails.map((email) => relay.messages.find(({ to }) => to[0] === email)!.from);
  }

  async function events(): Promise<string[]> {
    const { events } = await call('events.list', { limit: 100 });
    return events
      .map(({ type, code }: { type: string; code: string | null }) => `${type} ${code}`)
      .toSorted();
  }

  async function suppressed(): Promise<string[]> {
    await vi.waitFor(async () => expect(await anyUnfolded(ledger)).toBe(false), 10_000);
    const { suppressions } = await call('suppressions.list', { limit: 200 });
    return suppressions.map(({ contact }: { contact: string }) => contact).toSorted();
  }

  const to = (address: string, raw: Buffer) =>
    Buffer.concat([Buffer.from(`Delivered-To: ${address}\r\n`), raw]);

  /** Mail that is none of our business, each in its way. */
  async function foreign(address: string): Promise<(Buffer | string)[]> {
    const ours = relay.messages[0]!.raw;
    const id = /^Message-ID: <([^>]+)>/im.exec(ours)![1]!;
    return [
      letter('Hello', 'Shall we have lunch? 550 5.1.1 user unknown, said the waiter.'),
      letter('Re: Hi', `I cannot find it.\r\n\r\n${ours.replace(/^/gm, '> ')}`),
      to(address, letter('A question', 'Where is my parcel?')),
      letter('Out of office', 'Back on Monday', {
        'Auto-Submitted': 'auto-replied',
        'In-Reply-To': `<${id}>`,
      }),
      failed('550 5.1.1 user unknown'),
      // Anybody who has one message of a send can count to the next.
      Buffer.from(
        failed('550 5.1.1 user unknown')
          .toString()
          .replace(/0199a1c2[^@]+/g, id.split('@')[0]!),
      ),
      to(`b-${'a'.repeat(52)}@bounces.shop.example`, failed('550 5.1.1 user unknown')),
      'Subject: broken\r\nContent-Type: multipart/report; boundary="x\r\n\r\n--x\r\n\r\n\0\0\xff--x--',
      '\r\n\r\n',
      `Subject: long\r\n\r\n${'x'.repeat(3_000_000)}`,
      `Subject: lines\r\n\r\n${'..\r\n.\r\n'.replace('\r\n.', '\r\n..').repeat(1_000)}`,
    ];
  }

  describe.each(['imap', 'pop3'] as const)('over %s', (protocol) => {
    it('gives up what is ours and nothing else: foreign mail, broken mail and letters stay as they were', async () => {
      const [ann = '', bob = '', eve = '', kim = ''] = await sendTo(
        ...['ann@example.org', 'bob@example.org', 'eve@example.org', 'kim@example.org'],
      );
      for (const mail of await foreign(ann)) deliver(mail);
      const before = lying();
      deliver(to(ann, failed('550 5.1.1 user unknown')));
      deliver(to(bob.toUpperCase(), failed('552 5.2.2 over quota')));
      deliver(to(eve, letter('Out of office', 'Back on Monday', { 'Auto-Submitted': 'auto-replied' })));
      // To our own address, and known by the link to unsubscribe in what comes back.
      const link = /^List-Unsubscribe: .*$/im.exec(relay.messages.find(({ from }) => from === kim)!.raw)![0];
      deliver(
        failed('550 5.1.1 user unknown')
          .toString()
          .replace('Message-ID: <0199a1c2', `${link}\r\nMessage-ID: <0199a1c2`),
      );
      await read(urlOf(protocol));
      await vi.waitFor(() => expect(lying()).toHaveLength(before.length), 20_000);
      expect(lying().toSorted()).toEqual(before.toSorted());
      expect(await suppressed()).toEqual(['ann@example.org', 'kim@example.org']);
      expect(await events()).toEqual([
        'bounced bounce_hard',
        'bounced bounce_hard',
        'bounced bounce_soft',
        'unknown autoreply',
      ]);
      // The next comes on top of what was left.
      deliver(to(bob, failed('550 5.1.1 user unknown')));
      await vi.waitFor(() => expect(lying()).toHaveLength(before.length), 10_000);
      expect(await suppressed()).toEqual(['ann@example.org', 'bob@example.org', 'kim@example.org']);
      const said = lines.join('\n');
      expect(said).not.toMatch(/secret-1|example\.org|^(warn|error)/m);
    });

    it('is read again after a death between what was written down and what was removed: nothing is counted twice', async () => {
      const [ann = ''] = await sendTo('ann@example.org');
      for (let time = 0; time < 3; time++) deliver(to(ann, failed('550 5.1.1 user unknown')));
      let deaths = 0;
      await read(urlOf(protocol), async (access) => {
        const session = await openMailbox(access);
        const { remove, close } = session;
        session.remove = (ids) => {
          if (deaths++ > 0) return remove.call(session, ids);
          session.destroy();
          throw new Error('killed before it was removed');
        };
        // Over POP3 nothing is removed before this.
        session.close = () => {
          if (deaths++ > 2) return close.call(session);
          session.destroy();
          throw new Error('killed before the end');
        };
        return session;
      });
      await vi.waitFor(() => expect(lying()).toEqual([]), 10_000);
      await suppressed();
      expect(deaths).toBeGreaterThan(2);
      expect(await events()).toEqual(['bounced bounce_hard']);
      const { sends } = await call('sends.list', {});
      expect(await call('sends.get', { send_id: sends[0].send_id })).toMatchObject({ total_bounced: 1 });
    });

    it('survives a line that breaks again and again', async () => {
      const addresses = await sendTo(...Array.from({ length: 120 }, (_, at) => `p${at}@example.org`));
      for (const address of addresses) deliver(to(address, failed('550 5.1.1 user unknown')));
      const proxy = await startProxy('127.0.0.1', ports[protocol]);
      await read(urlOf(protocol, '', 'secret-1', proxy.port));
      for (let cuts = 0; cuts < 6; cuts++) {
        await sleep(120);
        proxy.cut();
      }
      await vi.waitFor(() => expect(lying()).toEqual([]), 20_000);
      expect(await suppressed()).toHaveLength(120);
      expect(await events()).toHaveLength(100);
      expect(lines.filter((line) => line.startsWith('error')).join('\n')).toMatch(/trying again in/);
      await proxy.stop();
    });

    it('says that the login is refused, once in a longer while, without a password', async () => {
      await read(urlOf(protocol, '', 'wrong-password-7'));
      await vi.waitFor(
        () => expect(lines.filter((line) => line.includes('refuses the login')).length).toBeGreaterThan(1),
        15_000,
      );
      expect(lines.join('\n')).toContain('Check user and password in BOUNCE_MAILBOX_URL');
      expect(lines.join('\n')).not.toMatch(/wrong-password-7|d3JvbmctcGFzc3dvcmQtN/);
      expect(lines.join('\n')).not.toContain(user);
    });

    it('is read by tidings serve, and what lies there after a restart too', async () => {
      const [ann = ''] = await sendTo('ann@example.org');
      deliver(to(ann, failed('550 5.1.1 user unknown')));
      await tidings.close();
      tidings = await open({ BOUNCE_MAILBOX_URL: urlOf(protocol) });
      expect(await tidings.hearBounces()).toBeNull();
      await vi.waitFor(() => expect(lying()).toEqual([]), 10_000);
      expect(await suppressed()).toEqual(['ann@example.org']);
    });

    it('is looked at by the doctor, who changes nothing', async () => {
      const [ann = ''] = await sendTo('ann@example.org');
      deliver(to(ann, failed('550 5.1.1 user unknown')));
      const look = async (url: string) => {
        const env = { TIDINGS_DATA_DIR: folder, BOUNCE_DOMAIN: 'b.example', BOUNCE_MAILBOX_URL: url };
        return (await doctor(env)).checks.find(({ name }) => name === 'bounces');
      };
      expect(await look(urlOf(protocol))).toMatchObject({
        ok: true,
        detail: expect.stringContaining('1 mails lie in INBOX'),
      });
      const refused = await look(urlOf(protocol, '', 'wrong-password-7'));
      expect(refused).toMatchObject({ ok: false, detail: expect.stringContaining('refuses the login') });
      expect(JSON.stringify(refused)).not.toMatch(/wrong-password-7/);
      expect(lying()).toHaveLength(1);
    });

    it('is read by one process at a time', async () => {
      await read(urlOf(protocol));
      await vi.waitFor(() => expect(lines.join()).toContain('this process reads'), 5_000);
      await read(urlOf(protocol));
      await sleep(500);
      expect(lines.filter((line) => line.includes('this process reads'))).toHaveLength(1);
      await readers[0]!.stop();
      await vi.waitFor(
        () => expect(lines.filter((line) => line.includes('this process reads'))).toHaveLength(2),
        5_000,
      );
    });
  });

  it('over imap keeps what was taken in in another folder, where one is named', async () => {
    const [ann = ''] = await sendTo('ann@example.org');
    deliver(letter('Hello', 'Lunch?'));
    deliver(to(ann, failed('550 5.1.1 user unknown')));
    await read(urlOf('imap', '?move=Done'));
    await vi.waitFor(() => {
      expect(lying('/.Done')).toHaveLength(1);
      expect(lying()).toEqual([expect.stringContaining('Lunch?')]);
    }, 10_000);
  });

  it('over imap says which folder is not there', async () => {
    await read(urlOf('imap', '/Bounces'));
    await vi.waitFor(() => expect(lines.join('\n')).toContain('does not open the folder Bounces'), 10_000);
    const env = {
      TIDINGS_DATA_DIR: folder,
      BOUNCE_DOMAIN: 'b.example',
      BOUNCE_MAILBOX_URL: urlOf('imap', '/Bounces'),
    };
    expect((await doctor(env)).checks).toContainEqual(
      expect.objectContaining({
        name: 'bounces',
        ok: false,
        fix: expect.stringContaining('Make the folder'),
      }),
    );
  });

  it('over imap is read from its beginning where it was made anew, and counts nothing twice', async () => {
    const [ann = ''] = await sendTo('ann@example.org');
    deliver(to(ann, letter('A question', 'Where is my parcel?')));
    const reader = await read(urlOf('imap'));
    const marks = () =>
      ledger.all<{ value: string }>("SELECT value FROM marks WHERE name LIKE 'bounce_mailbox %'");
    await vi.waitFor(async () => expect(await marks()).toHaveLength(1), 10_000);
    await reader.stop();
    const [before] = await marks();
    expect(before!.value).toMatch(/^\d+:1$/);
    await ledger.write((tx) =>
      tx.run("UPDATE marks SET value = '1:4000' WHERE name LIKE 'bounce_mailbox %'"),
    );
    deliver(to(ann, failed('550 5.1.1 user unknown')));
    await read(urlOf('imap'));
    await vi.waitFor(() => expect(lying()).toEqual([expect.stringContaining('parcel')]), 10_000);
    expect((await marks())[0]!.value).toBe(before!.value.replace(/1$/, '2'));
  });
});

function configuration({ imap, pop3 }: { imap: number; pop3: number }): string {
  return `protocols = imap pop3
listen = 127.0.0.1
hostname = mx.test
ssl = no
disable_plaintext_auth = no
log_path = /dev/stderr
mail_location = maildir:/var/mail/%u
auth_failure_delay = 0
mail_max_userip_connections = 100
passdb {
  driver = static
  args = password=secret-1
}
userdb {
  driver = static
  args = uid=${MAIL} gid=${MAIL} home=/var/mail/%u
}
first_valid_uid = ${MAIL}
namespace inbox {
  inbox = yes
}
service imap-login {
  inet_listener imap {
    port = ${imap}
  }
  inet_listener imaps {
    port = 0
  }
}
service pop3-login {
  inet_listener pop3 {
    port = ${pop3}
  }
  inet_listener pop3s {
    port = 0
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
`;
}
