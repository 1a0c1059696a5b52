import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it } from 'vitest';
import type { Attempt, Outcome, Sender } from '../src/core/deliveries/sender.ts';
import { parseMessage } from '../src/core/messages/content.ts';
import { createSmtpSender } from '../src/providers/email/smtp/smtp-sender.ts';
import { openCore, removeFolder } from './support/core.ts';
import { type CountedLedger, countedLedger } from './support/counted-ledger.ts';
import { FakeSender } from './support/fake-sender.ts';

/* What a message costs, counted instead of timed: a clock says something else on every machine. */

const WINDOW = 128;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('a message costs two statements, a window one commit, and neither grows with the audience', async () => {
  const small = await costOfSend(500);
  const large = await costOfSend(5_000);
  for (const { messages, statements, commits } of [small, large]) {
    // Claimed and settled; all else is for a window, or for the thousand rows that are made at once.
    const onRows = statements.filter((sql) => /^UPDATE deliveries .*position = /s.test(sql));
    expect(onRows.length).toBe(2 * messages);
    const others = statements.length - 2 * messages;
    expect(others / commits).toBeLessThan(16);
    // A window is claimed by one commit and settled by the next, which claims another.
    expect(commits).toBeLessThanOrEqual(messages / (WINDOW / 2) + 3);
  }
  expect(large.statements.length / 5_000).toBeLessThanOrEqual(small.statements.length / 500);
});

it('outside of its transactions a send reads once for each commit, not for each message', async () => {
  const { reads, commits } = await costOfSend(5_000);
  // The call that waits for the send looks now and then, too.
  expect(reads).toBeLessThan(3 * commits + 20);
});

it('a delivery in flight holds its values, not its message: under 4 KB of a message of 100 KB', async () => {
  const window = 2_000;
  const [answers, sender] = silentSender(window);
  const core = await coreOf(window, sender);
  const idle = heldBytes();
  core.dispatcher.start();
  await core.call('sendBulkMessages', { ...message(core.audience, 100_000), max_wait_seconds: 0 });
  while (answers.length < window) await new Promise(setImmediate);
  const held = heldBytes() - idle;
  expect(held / window).toBeLessThan(4_096);
  for (const answer of answers) answer({ type: 'accepted', providerMessageId: 'silent' });
});

it('a message that waits for a session is not put together yet: under 4 KB of a message of 100 KB', async () => {
  const server = await serverThatKeepsSilentAfterBodies();
  const sessions = 2;
  const waiting = 1_000;
  const sender = createSmtpSender({
    url: `smtp://127.0.0.1:${server.port}?tls=off`,
    from: 'Shop <news@shop.example>',
    ratePerSecond: null,
    connections: sessions,
  });
  // Its length is in the value: what all messages have in common is shared by them.
  const text = { message: '{{lead.notes}}', subject: 'An offer', format: 'text', from_name: null } as const;
  const prepared = sender.prepare(parseMessage(text, 'email'));
  const idle = heldBytes();
  let mayLeave = true;
  const outcomes = Array.from({ length: waiting }, (_, at) => {
    const attempt: Attempt = { deliveryId: `d.${at}`, attemptId: `d.${at}.1`, mayLeave: () => mayLeave };
    return prepared.deliver({ contact: `l${at}@example.com`, values: LONG_VALUES }, attempt);
  });
  await server.hasBodies(sessions);
  const held = heldBytes() - idle;
  expect(held / waiting).toBeLessThan(4_096);
  mayLeave = false;
  server.close();
  const settled = await Promise.all(outcomes);
  expect(settled.filter(({ type }) => type === 'uncertain').length).toBe(sessions);
  await sender.close();
});

const LONG_VALUES = {
  lead: {
    name: 'Ana',
    first_name: 'Ana',
    email: null,
    phone: null,
    position: null,
    company: null,
    notes: 'We have an offer for you. '.repeat(4_000),
    metadata: {},
  },
  site: { name: null },
} as unknown as Parameters<ReturnType<Sender['prepare']>['deliver']>[0]['values'];

function message(audience_id: string, length: number) {
  const text = 'We have an offer for you. ';
  return {
    audience_id,
    channel: 'email',
    subject: 'An offer',
    message: `Dear {{lead.first_name}}! ${text.repeat(Math.ceil(length / text.length))}`,
  };
}

/** Core with so many leads, all in one audience; nothing is sent before its dispatcher is started. */
async function coreOf(count: number, sender: Sender) {
  let ledger!: CountedLedger;
  const core = await openCore([sender], undefined, (opened) => {
    ledger = countedLedger(opened);
    return ledger;
  });
  closing.push(async () => {
    await core.close();
    removeFolder(core.folder);
  });
  for (let at = 0; at < count; at += 1_000) {
    const leads = Array.from({ length: Math.min(1_000, count - at) }, (_, more) => ({
      name: `Lead ${at + more}`,
      email: `l${at + more}@example.com`,
    }));
    await core.call('leads.import', { leads });
  }
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  return { ...core, ledger, audience: audience_id as string };
}

async function costOfSend(messages: number) {
  const core = await coreOf(messages, new FakeSender('email', WINDOW));
  core.dispatcher.start();
  core.ledger.reads.count = 0;
  const before = core.ledger.commits.length;
  const result = await core.call('sendBulkMessages', message(core.audience, 100));
  expect(result.total_sent).toBe(messages);
  // The lease's own beats are not the send's.
  const commits = core.ledger.commits
    .slice(before)
    .filter((sqls) => sqls.some((sql) => /deliveries/.test(sql)));
  return { messages, commits: commits.length, statements: commits.flat(), reads: core.ledger.reads.count };
}

/** A sender that keeps every answer until it is told one. */
function silentSender(windowSize: number): [answers: ((outcome: Outcome) => void)[], sender: Sender] {
  const answers: ((outcome: Outcome) => void)[] = [];
  const sender: Sender = {
    about: {
      id: 'silent',
      channel: 'email',
      provider: 'silent',
      mode: 'live',
      ratePerSecond: null,
      windowSize,
    },
    prepare: () => ({
      deliver: () => new Promise<Outcome>((resolve) => answers.push(resolve)),
      preview: ({ contact }) => ({ from: null, to: contact, subject: null, text: '' }),
    }),
    async close() {},
  };
  return [answers, sender];
}

/** Takes bodies and never says so. */
async function serverThatKeepsSilentAfterBodies() {
  const sockets = new Set<Socket>();
  let bodies = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write('220 silent ESMTP\r\n');
    let isInBody = false;
    socket.setEncoding('latin1').on('data', (text: unknown) => {
      for (const line of String(text).split('\r\n')) {
        if (isInBody) {
          // Whatever follows waits for the answer to the body, which never comes.
          if (line === '.') bodies += 1;
        } else if (line.startsWith('EHLO')) socket.write('250-silent\r\n250 PIPELINING\r\n');
        else if (line === 'DATA') {
          socket.write('354 go on\r\n');
          isInBody = true;
        } else if (line !== '') socket.write('250 ok\r\n');
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    async hasBodies(count: number) {
      while (bodies < count) await new Promise(setImmediate);
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of everything that is reachable. */
function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
