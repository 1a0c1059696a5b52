import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { serveMcpStdio } from '../../src/mcp/stdio.ts';
import { AUDIENCE, fakeTidings, memoryLog, toolCall } from './fake-tidings.ts';

test('a script that pipes in its requests and closes still gets every answer, and only those, on stdout', async () => {
  const tidings = fakeTidings();
  tidings.during = () => new Promise((resolve) => setTimeout(resolve, 300));
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const door = await serveMcpStdio(tidings, memoryLog(), '1.2.3', 'grouped', { stdin, stdout });
  const open = {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'script', version: '1' },
  };
  const call = toolCall('sendBulkMessages', { audience_id: AUDIENCE, channel: 'email', message: 'Hi' });
  for (const message of [
    { id: 1, method: 'initialize', params: open },
    { id: 2, ...call },
  ]) {
    stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }
  stdin.end();
  await door.ended;
  stdout.end();
  const answers = (await text(stdout))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: number; result: { structuredContent?: object } });
  expect(answers.map(({ id }) => id)).toEqual([1, 2]);
  expect(answers[1]!.result.structuredContent).toMatchObject({ success: true });
});

test('lines as clients write them are read: a byte order mark, params and arguments that are none, arguments as a text', async () => {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const door = await serveMcpStdio(fakeTidings(), memoryLog(), '1.2.3', 'grouped', { stdin, stdout });
  const open = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 's', version: '1' } };
  const arg = '{"action":"create","name":"Ünï","limit":"3"}';
  const lines = [
    { id: 1, method: 'initialize', params: open },
    { id: 2, method: 'tools/list', params: null },
    { id: 3, method: 'tools/call', params: { name: 'audience', arguments: arg } },
    { id: 4, method: 'tools/call', params: { name: 'outbox', arguments: null } },
    { id: 5, method: 'tools/call', params: { name: 'mcp__tidings__outbox', arguments: {} } },
  ].map((one) => JSON.stringify({ jsonrpc: '2.0', ...one }));
  const bytes = Buffer.from(`\ufeff${lines.join('\r\n')}\nno JSON\n`);
  for (let at = 0; at < bytes.length; at += 7) stdin.write(bytes.subarray(at, at + 7));
  stdin.end();
  await door.ended;
  stdout.end();
  const answers = (await text(stdout))
    .trim()
    .split('\n')
    // biome-ignore lint/suspicious/noExplicitAny: answers of every kind
    .map((line) => JSON.parse(line) as any)
    .filter(({ id }) => typeof id === 'number')
    .toSorted((one, other) => one.id - other.id);
  expect(answers.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
  expect(answers[1].result.tools).toHaveLength(4);
  expect(answers[2].result.structuredContent.given).toEqual({ name: 'Ünï', limit: 3 });
  expect(answers[3].result.structuredContent.error).toBe('action is missing.');
  expect(answers[4].error.message).toContain('did you mean outbox?');
});
