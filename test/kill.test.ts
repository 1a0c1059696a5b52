import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { openTidings } from '../src/open-tidings.ts';
import { runOperation } from '../src/operations/run-operation.ts';
import type { Tidings } from '../src/tidings.ts';
import { CALLER } from './support/caller.ts';
import { freshFolder, quiet, removeFolder } from './support/core.ts';
import { freeze } from './support/freeze.ts';
import { startSmtpServer } from './support/smtp-server.ts';

const LEADS = 1_500;
const CONNECTIONS = 5;
const WINDOW = 4 * CONNECTIONS;

let folder: string;
let smtp: Awaited<ReturnType<typeof startSmtpServer>>;
let env: Record<string, string>;
let tidings: Tidings;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = freshFolder();
  smtp = await startSmtpServer({});
  env = {
    TIDINGS_DATA_DIR: folder,
    SMTP_URL: `${smtp.url}?tls=off`,
    SMTP_CONNECTIONS: String(CONNECTIONS),
    EMAIL_FROM: 'a@shop.example',
  };
  // This process makes the send and reads the ledger; it never competes for the right to send.
  tidings = await openTidings(readConfig(env), quiet);
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await tidings.close();
  await smtp.stop();
  removeFolder(folder);
});

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
function call(name: string, input: object): Promise<any> {
  const operation = tidings.operations.find((one) => one.name === name)!;
  return runOperation(operation, input, CALLER);
}

async function startSending(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'support/sending-process.ts')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout!, 'data');
  return child;
}

/** `tidings serve`, once it is ready, and all it logs. */
async function serve() {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts'), 'serve'], {
    env: { ...process.env, ...env, PORT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  let log = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  while (!log.includes('Tidings is ready')) await sleep(10);
  return { child, log: () => log };
}

function run(args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts'), ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function overCli(send: Record<string, unknown>) {
  const { audience_id, channel, subject, message } = send as Record<string, string>;
  const flags = { audience: audience_id, channel, subject, message };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value!]);
  return JSON.parse(await text(run(['send', ...args, '--json']).stdout));
}

async function overStdio(send: object) {
  const child = run(['mcp']);
  const open = {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  };
  const call = { name: 'sendBulkMessages', arguments: { ...send, max_wait_seconds: 40 } };
  for (const [id, method, params] of [
    [1, 'initialize', open],
    [2, 'tools/call', call],
  ]) {
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  }
  // Whoever closes is answered within five seconds, done or not.
  for await (const line of createInterface({ input: child.stdout })) {
    const { id, result } = JSON.parse(line);
    if (id !== 2) continue;
    child.stdin.end();
    return result.structuredContent;
  }
  throw new Error('no answer over stdio');
}

async function startSend(leads = LEADS) {
  const lines = Array.from({ length: leads }, (_, at) => `Lead ${at},l${at}@example.com\n`);
  await call('leads.import', { csv: `name,email\n${lines.join('')}` });
  const { audience_id } = await call('audience.create', { name: 'All' });
  return { audience_id, channel: 'email', subject: 'Hi', message: 'Hi {{lead.name}}', max_wait_seconds: 0 };
}

async function accepted(atLeast: number) {
  while (smtp.messages.length < atLeast) await sleep(5);
}

const recipients = () => smtp.messages.flatMap((message) => message.to);

describe('a process that is killed in the middle of a send', () => {
  it('doubles nobody and loses nobody; only what was in flight is unknown', async () => {
    const send = await startSend();
    await call('sendBulkMessages', send);
    const kills = [150, 400, 700, 1_000];
    for (const at of kills) {
      const child = await startSending();
      await accepted(at);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await startSending();
    const result = await call('sendBulkMessages', { ...send, max_wait_seconds: 60 });
    const once_ = new Set(recipients());
    expect(recipients().length).toBe(once_.size);
    expect(result).toMatchObject({ state: 'completed', total_remaining: 0, total_skipped: 0 });
    expect(result.total_sent + result.total_failed).toBe(LEADS);
    expect(result.total_failed).toBe(result.total_unknown);
    expect(result.total_unknown).toBeLessThanOrEqual(kills.length * WINDOW);
    // Whoever is not unknown has the message.
    expect(once_.size).toBeGreaterThanOrEqual(result.total_sent);
    expect(LEADS - once_.size).toBeLessThanOrEqual(result.total_unknown);
  }, 90_000);

  it('by SIGTERM finishes what is in flight and leaves nothing in doubt', async () => {
    const send = await startSend();
    await call('sendBulkMessages', send);
    const child = await startSending();
    await accepted(300);
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[0]).toBe(0);
    expect(await call('sendBulkMessages', send)).toMatchObject({
      total_sent: smtp.messages.length,
      total_unknown: 0,
    });
    await startSending();
    const result = await call('sendBulkMessages', { ...send, max_wait_seconds: 60 });
    expect(result).toMatchObject({ total_sent: LEADS, total_unknown: 0, state: 'completed' });
    expect(new Set(recipients()).size).toBe(LEADS);
    expect(smtp.messages.length).toBe(LEADS);
  }, 60_000);

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s says what is left',
    async (signal) => {
      const send = await startSend();
      await call('sendBulkMessages', send);
      const server = await serve();
      await accepted(100);
      server.child.kill(signal);
      expect((await once(server.child, 'exit'))[0]).toBe(0);
      const left = LEADS - smtp.messages.length;
      expect(server.log()).toContain(`nothing is in doubt; ${left} messages are left for the next start`);
    },
    60_000,
  );

  it('by a second signal leaves at once, and what was in flight is unknown', async () => {
    await smtp.stop();
    smtp = await startSmtpServer({ hangUp: 'silence_after_dot' });
    env['SMTP_URL'] = `${smtp.url}?tls=off`;
    const send = await startSend(100);
    await call('sendBulkMessages', send);
    const { child } = await serve();
    while (smtp.openSessions() < CONNECTIONS) await sleep(10);
    child.kill('SIGTERM');
    await sleep(500);
    expect(child.exitCode).toBe(null);
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[0]).toBe(130);
    await startSending();
    let result = await call('sendBulkMessages', send);
    while (result.total_unknown === 0)
      result = await call('sendBulkMessages', { ...send, max_wait_seconds: 1 });
    expect(result.total_unknown).toBeLessThanOrEqual(WINDOW);
    expect(result.total_failed).toBe(result.total_unknown);
  }, 60_000);

  it('and two processes at once send each message once, the second taking over from the first', async () => {
    const send = await startSend();
    const [first] = await Promise.all([startSending(), startSending()]);
    await call('sendBulkMessages', send);
    await accepted(200);
    first.kill('SIGTERM');
    const result = await call('sendBulkMessages', { ...send, max_wait_seconds: 60 });
    expect(result).toMatchObject({ total_sent: LEADS, total_unknown: 0 });
    expect(smtp.messages.length).toBe(LEADS);
  }, 60_000);

  it('is one of many: server, stdio and command line called at once make one send, with true counts for all', async () => {
    const { max_wait_seconds: _, ...send } = await startSend(300);
    const server = await serve();
    const { url } = JSON.parse(
      server
        .log()
        .split('\n')
        .find((line) => line.includes('"url"'))!,
    );
    const overHttp = fetch(`${url}/api/sends`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...send, max_wait_seconds: 40 }),
    }).then((response) => response.json());
    const results = await Promise.all([overHttp, overStdio(send), overCli(send), overCli(send)]);
    for (const result of results) {
      expect(result).toMatchObject({
        state: 'completed',
        total_sent: 300,
        total_failed: 0,
        total_unknown: 0,
      });
    }
    expect(new Set(results.map((result) => result.send_id)).size).toBe(1);
    expect(smtp.messages.length).toBe(300);
    expect(new Set(recipients()).size).toBe(300);
  }, 60_000);

  it('or stopped for longer than its lease, and continued, sends nothing that its successor took over', async () => {
    // So that a good part is left when it is stopped.
    env['SMTP_RATE'] = '150';
    const send = await startSend(300);
    await call('sendBulkMessages', send);
    const stalled = await startSending();
    await accepted(50);
    await freeze(stalled, folder);
    const before = smtp.messages.length;
    expect(before).toBeLessThan(250);
    await startSending();
    const result = await call('sendBulkMessages', { ...send, max_wait_seconds: 60 });
    expect(smtp.messages.length).toBeGreaterThan(before);
    stalled.kill('SIGCONT');
    await sleep(1_500);
    expect(new Set(recipients()).size).toBe(smtp.messages.length);
    expect(result).toMatchObject({ state: 'completed', total_remaining: 0 });
    expect(result.total_unknown).toBeLessThanOrEqual(WINDOW);
  }, 90_000);
});
