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
  const door = await serveMcpStdio(tidings, memoryLog(), '1.2.3', { stdin, stdout });
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
