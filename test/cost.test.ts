import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it } from 'vitest';
import type { Attempt, Outcome, Sender } from '../src/core/deliveries/sender.ts';
import { anyUnfolded } from '../src/core/events/event.store.ts';
import { parseMessage } from '../src/core/messages/content.ts';
import { Live } from '../src/http/live.ts';
import { createSmtpSender } from '../src/providers/email/smtp/smtp-sender.ts';
import { CALLER } from './support/caller.ts';
import { openCore, quiet, removeFolder } from './support/core.ts';
import { type CountedLedger, countedLedger } from './support/counted-ledger.ts';
import { FakeSender } from './support/fake-sender.ts';
import { providerEvent } from './support/provider-event.ts';

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

it('an event costs less than four statements, and under load fifty or more share a commit', async () => {
  const messages = 600;
  const sender = new FakeSender('email', WINDOW);
  const core = await coreOf(messages, sender);
  core.dispatcher.start();
  await core.call('sendBulkMessages', message(core.audience, 100));
  const events = sender.accepted.flatMap(({ attemptId }) =>
    (['accepted', 'delivered', 'read'] as const).map((type) =>
      // With an id at the provider that is new for each of them: the dearest that is usual.
      providerEvent({ key: `${attemptId} ${type}`, type, attemptId, userId: `MX.${attemptId}` }),
    ),
  );
  const before = core.ledger.commits.length;
  // As a provider brings them: few in a request, many requests at once.
  const requests = Array.from({ length: events.length / 3 }, (_, at) => events.slice(3 * at, 3 * at + 3));
  for (let at = 0; at < requests.length; at += 60)
    await Promise.all(requests.slice(at, at + 60).map((some) => core.webhooks.take(some)));
  while (await anyUnfolded(core.ledger)) await new Promise((resolve) => setTimeout(resolve, 20));
  const commits = core.ledger.commits.slice(before).filter((sqls) => sqls.some((sql) => /events/.test(sql)));
  expect(
    events.length / commits.filter((sqls) => sqls.some((sql) => /INTO events/.test(sql))).length,
  ).toBeGreaterThanOrEqual(50);
  expect(commits.flat().length / events.length).toBeLessThan(4);
  // Neither the rows of deliveries nor the totals of their chunks are written.
  expect(commits.flat().filter((sql) => /(UPDATE|INTO) (deliveries|chunks)/.test(sql))).toEqual([]);
  const { total_read } = await core.call('sends.get', {
    send_id: (await core.call('sends.list')).sends[0].send_id,
  });
  expect(total_read).toBe(messages);
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

it('what pages look at is read once for all who look, by the same statements for 1 and for 100, and by none for nobody', async () => {
  const core = await coreOf(1_000, new FakeSender('email', WINDOW));
  const { send_id } = await core.call('sendBulkMessages', {
    ...message(core.audience, 100),
    max_wait_seconds: 0,
  });
  let asked = 0;
  const operations = core.tidings.operations.map((one): typeof one => ({
    ...one,
    run(input, call) {
      asked += 1;
      return one.run(input, call);
    },
  }));
  const live = new Live({ operations, log: quiet, stop: new AbortController().signal });
  const queries = ['sends.list?limit=20', `sends.get?send_id=${send_id}`, `sends.map?send_id=${send_id}`];
  const looking = async (readers: number) => {
    const gone = new AbortController();
    for (let at = 0; at < readers; at++) {
      const { body } = live.open(queries, CALLER, gone.signal);
      void body!.pipeTo(new WritableStream()).catch(() => {});
    }
    const before = { asked, reads: core.ledger.reads.count, at: performance.now() };
    while (asked - before.asked < 2 * queries.length) await new Promise((resolve) => setTimeout(resolve, 5));
    gone.abort();
    return {
      statements: (core.ledger.reads.count - before.reads) / (asked - before.asked),
      asked: asked - before.asked,
      seconds: (performance.now() - before.at) / 1_000,
    };
  };
  const [one, hundred] = [await looking(1), await looking(100)];
  expect(hundred.statements).toBeLessThanOrEqual(one.statements + 1);
  // A second apart, and once more at its start.
  for (const { asked, seconds } of [one, hundred])
    expect(asked / queries.length).toBeLessThanOrEqual(seconds / 0.9 + 2);
  const settled = async () => {
    const before = asked;
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    return asked - before;
  };
  await expect.poll(settled, { timeout: 20_000 }).toBe(0);
});

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

it('what only some need is not loaded by every process: a house opens without HTTP clients, mail parsers and drivers', async () => {
  const open = join(import.meta.dirname, '../src/open-tidings.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { registerHooks } from 'node:module';
     const found = new Set();
     registerHooks({ load(url, context, next) {
       const [, name] = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? [];
       if (name) found.add(name);
       return next(url, context);
     } });
     await import(${JSON.stringify(pathToFileURL(open).href)});
     console.log([...found].join(' '));`,
  ]);
  expect(stdout.trim()).toBe('zod');
});
