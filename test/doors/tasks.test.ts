import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createTaskSessionFromClient, resultFromTaskOutcome } from '@modelcontextprotocol/ext-tasks/client';
import { isCreateTaskResultV2, isDetailedTaskV2 } from '@modelcontextprotocol/ext-tasks/core/v2';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HttpServer, startHttpServer } from '../../src/http/server.ts';
import { freshFolder, openCore, quiet, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

/** The tasks of MCP over HTTP: a call is answered at once, and its end asked for later, also of another process. */

const TASKS = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
const [clientInfo, protocolVersion] = [{ name: 'test', version: '1' }, '2026-07-28'];
const about = { version: '0', host: '127.0.0.1', port: 0, apiKey: null, publicUrl: null };

let folder: string;
let core: Awaited<ReturnType<typeof openCore>>;
let server: HttpServer;
let send: Record<string, unknown>;

async function open(): Promise<void> {
  core = await openCore([new FakeSender('email')], folder);
  server = await startHttpServer({ tidings: core.tidings, log: quiet, ...about });
}

async function close(): Promise<void> {
  await server.close();
  await core.close();
}

beforeAll(async () => {
  folder = freshFolder();
  await open();
  await core.call('leads.import', { leads: [{ name: 'Ana', email: 'ana@example.com' }, { name: 'Bo' }] });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const text = { channel: 'email', subject: 'Hi', message: 'Hello {{lead.name}}' };
  send = { audience_id, ...text, allow_repeat: true };
});

afterAll(async () => {
  await close();
  removeFolder(folder);
});

type Params = Record<string, unknown> & { readonly name?: string; readonly taskId?: string };

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
async function ask(method: string, params: Params, clientCapabilities: object = TASKS): Promise<any> {
  const meta = { protocolVersion, clientInfo, clientCapabilities };
  const _meta = Object.fromEntries(
    Object.entries(meta).map(([name, value]) => [`io.modelcontextprotocol/${name}`, value]),
  );
  const answer = await fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      ...{ 'mcp-protocol-version': protocolVersion, 'mcp-method': method },
      'mcp-name': params.name ?? params.taskId ?? '',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
  });
  const { result, error } = (await answer.json()) as { result?: object; error?: object };
  return result ?? { status: answer.status, error };
}

const call = (more: object = {}, capabilities?: object) =>
  ask('tools/call', { name: 'sendBulkMessages', arguments: { ...send, ...more } }, capabilities);
const get = (taskId: string) => ask('tasks/get', { taskId });

it('only what goes on is a task, and only for who can take one', async () => {
  expect(await call({ dry_run: true })).toMatchObject({ resultType: 'complete' });
  expect(await call({ message: 'Hi {{lead.nam}}' })).toMatchObject({ resultType: 'complete', isError: true });
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const scheduled = await call({ campaign: 'later', schedule_at: later });
  expect(scheduled).toMatchObject({ resultType: 'complete', structuredContent: { state: 'scheduled' } });
  for (const capabilities of [{}, { extensions: {} }, { elicitation: {} }]) {
    const waited = { campaign: 'whole', max_wait_seconds: 0, expected_recipients: 1 };
    const whole = await call(waited, { ...capabilities });
    expect(whole.resultType).not.toBe('task');
  }
  const listed = await ask('tools/call', { name: 'audience', arguments: { action: 'list' } });
  expect(listed).toMatchObject({ resultType: 'complete', structuredContent: { success: true } });
});

it('a task is called off, which calls off its send, once or more often', async () => {
  const { taskId } = await call({ campaign: 'called off' });
  expect(await ask('tasks/update', { taskId, inputResponses: {} })).toMatchObject({ resultType: 'complete' });
  for (const _ of [1, 2])
    expect(await ask('tasks/cancel', { taskId })).toMatchObject({ resultType: 'complete' });
  expect(await get(taskId)).toMatchObject({ status: 'cancelled' });
  expect(await core.call('sends.get', { send_id: taskId })).toMatchObject({ state: 'cancelled' });
  const { entries } = await core.call('audit.list', { limit: 1 });
  expect(entries[0]).toMatchObject({ operation: 'sends.cancel', client: 'test' });
});

it('whoever has to be asked is asked before there is a task', async () => {
  await core.call('leads.import', { leads: [{ email: 'cy@example.com' }, { email: 'di@example.com' }] });
  const { audience_id } = await core.call('audience.create', { name: 'More', search: 'example.com' });
  const name = 'sendBulkMessages';
  const given = { name, arguments: { ...send, audience_id } };
  const both = { ...TASKS, elicitation: {} };
  const { requestState, ...asked } = await ask('tools/call', given, both);
  expect(asked.resultType).toBe('input_required');
  const recipients = 3;
  const inputResponses = { confirm: { action: 'accept', content: { recipients } } };
  const task = await ask('tools/call', { ...given, inputResponses, requestState }, both);
  expect(task).toMatchObject({ resultType: 'task', status: 'working' });
  expect(await core.call('sends.get', { send_id: task.taskId })).toMatchObject({
    total_in_audience: recipients,
  });
});

it('what a person must mend ends the task with the reason', async () => {
  const { taskId } = await call({ campaign: 'paused' });
  await core.call('sends.pause', { send_id: taskId });
  const { status, result } = await get(taskId);
  expect(status).toBe('completed');
  expect(result.structuredContent).toMatchObject({ state: 'paused', problem: 'paused_by_request' });
  expect(result.structuredContent.next_step).toContain('sends');
});

it('who did not say that it can take tasks, or names none that is there, is told so', async () => {
  const { taskId } = await call({ campaign: 'told' });
  for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
    const { status, error } = await ask(method, { taskId }, {});
    expect(status).toBe(400);
    expect(error).toMatchObject({ code: -32021, data: { requiredCapabilities: TASKS } });
    for (const wrong of ['no such task', '0199a1c2-1111-7000-8000-000000000001'])
      expect((await ask(method, { taskId: wrong })).error).toMatchObject({ code: -32602 });
    expect((await ask(method, {})).error).toMatchObject({ code: -32602 });
  }
  expect(await get(taskId)).toMatchObject({ status: 'working' });
});

it("the extension's own client carries a send out to its end", async () => {
  const client = new Client(clientInfo, {
    versionNegotiation: { mode: { pin: protocolVersion } },
    capabilities: TASKS,
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)));
  expect(client.getServerCapabilities()?.extensions).toEqual(TASKS.extensions);
  const session = createTaskSessionFromClient(client, {
    endpointId: 'tidings',
    async rawDispatch(request) {
      const { method, params } = request as { method: string; params: Params };
      const answer = await ask(method, params);
      const { error } = answer;
      return error ? { kind: 'error', error } : { kind: 'result', result: answer };
    },
    v2RequestFraming: { protocolVersion, clientInfo, clientCapabilities: TASKS },
  });
  const execution = await session.callTool('sendBulkMessages', { ...send, campaign: 'client' } as never);
  core.dispatcher.start();
  const { outcome } = await execution.settle();
  expect(resultFromTaskOutcome(outcome)).toMatchObject({
    structuredContent: { success: true, total_sent: 1, total_skipped: 1 },
  });
  await session.close();
  await client.close();
});

it('a send that goes on is answered as a task, which is the send: another process tells its end', async () => {
  // Nobody sends: it stays as it was begun.
  await close();
  await open();
  const task = await call({ campaign: 'durable' });
  expect(isCreateTaskResultV2(task)).toBe(true);
  expect(task).toMatchObject({ resultType: 'task', status: 'working', ttlMs: null });
  expect(task.statusMessage).toBe('0 sent, 0 failed, 0 skipped, 2 to go');
  expect(task.structuredContent).toMatchObject({ send_id: task.taskId, state: 'running' });
  const { send_id } = await core.call('sends.get', { send_id: task.taskId });
  expect(send_id).toBe(task.taskId);
  expect(await get(task.taskId)).toMatchObject({ status: 'working', createdAt: task.createdAt });

  await close();
  await open();
  core.dispatcher.start();
  await core.call('sends.watch', { send_id });
  const over = await get(task.taskId);
  expect(isDetailedTaskV2(over)).toBe(true);
  const end = { success: true, send_id, total_sent: 1, total_skipped: 1, total_remaining: 0 };
  expect(over).toMatchObject({ status: 'completed', createdAt: task.createdAt });
  expect(over.result).toMatchObject({ resultType: 'complete', structuredContent: end });
  // As the call itself answers, once it is over.
  const again = await call({ campaign: 'durable' });
  expect(again.resultType).toBe('complete');
  const { notice: _, ...same } = again.structuredContent;
  expect(over.result.structuredContent).toEqual(same);
  // There is nothing left to call off.
  expect(await ask('tasks/cancel', { taskId: send_id })).toMatchObject({ resultType: 'complete' });
  expect(await get(task.taskId)).toEqual(over);
});
