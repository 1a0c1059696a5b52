import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import * as z from 'zod';
import { readConfig } from '../../src/config.ts';
import { type HttpServer, startHttpServer } from '../../src/http/server.ts';
import { openTidings } from '../../src/open-tidings.ts';
import { isTool } from '../../src/operations/may-call.ts';
import { readArguments } from '../../src/operations/read-arguments.ts';
import type { Tidings } from '../../src/tidings.ts';
import { freshFolder, quiet, removeFolder } from '../support/core.ts';

let folder: string;
let tidings: Tidings;
let server: HttpServer;
let audience_id: string;

beforeAll(async () => {
  folder = freshFolder();
  tidings = await openTidings(readConfig({ TIDINGS_DATA_DIR: folder }), quiet);
  tidings.dispatcher.start();
  const about = { version: '0', host: '127.0.0.1', port: 0, apiKey: null, publicUrl: null };
  server = await startHttpServer({ tidings, log: quiet, ...about });
  await rest('POST /leads/import', {
    leads: [
      { name: 'Ana', email: 'ana@example.com' },
      { name: 'Bo', email: 'bo@example.com' },
    ],
  });
  ({ audience_id } = await rest('POST /audiences', { name: 'Everybody' }));
});

afterAll(async () => {
  await server.close();
  await tidings.close();
  removeFolder(folder);
});

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
type Answer = any;

async function rest(route: string, body: unknown): Promise<Answer> {
  const [method, path] = route.split(' ') as [string, string];
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`${server.url}/api${path}`, { method, headers, body: text })).json();
}

async function post(body: unknown, path = '/mcp'): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = { 'content-type': 'application/json', accept: '*/*' };
  const answer = await fetch(server.url + path, { method: 'POST', headers, body: text });
  return { status: answer.status, ...((await answer.json()) as object) };
}

async function tool(name: string, given: unknown): Promise<Answer> {
  const { result, error } = await post({ method: 'tools/call', params: { name, arguments: given } });
  return result?.structuredContent ?? { protocol: error };
}

describe('what clients write is read by the schema of the action', () => {
  const NAMES = { search: null, status: null, origin: null, tag: '', reachable: 'null', import_id: '' };

  it('null, "" and "null" are not given, where they can be nothing else', async () => {
    const found = await tool('leads', {
      action: 'list',
      ...NAMES,
      cursor: 'null',
      created_after: '',
      limit: '',
    });
    expect(found).toMatchObject({ success: true, total_count: 2 });
    const made = await tool('audience', {
      action: 'create',
      name: 'All',
      ...NAMES,
      lead_ids: null,
      where: null,
    });
    expect(made).toMatchObject({ success: true, total_count: 2 });
  });

  it('leads update keeps the null that clears a field', async () => {
    const { lead } = await tool('leads', { action: 'create', name: 'Cy', company: 'Acme', notes: 'x' });
    const changed = {
      action: 'update',
      lead_id: lead.id,
      company: null,
      status: null,
      tags: null,
      position: '',
    };
    expect((await tool('leads', changed)).lead).toMatchObject({ company: null, notes: 'x', status: 'new' });
    expect(await rest(`PATCH /leads/${lead.id}`, { notes: null, status: '' })).toMatchObject({
      lead: { notes: null, status: 'new', name: 'Cy' },
    });
    await tool('leads', { action: 'delete', lead_id: lead.id });
  });

  it('numbers, truth values, lists and objects are read out of texts, and texts out of numbers', async () => {
    const { lead } = await tool('leads', {
      action: 'create',
      first_name: 'Di',
      phone: 5215512345678,
      tags: '["fair","vip"]',
      metadata: '{"age": 30, "zip": "01000"}',
      restore_erased: 'False',
    });
    expect(lead).toMatchObject({ phone: '5215512345678', tags: ['fair', 'vip'] });
    expect(lead.metadata).toEqual({ age: 30, zip: '01000' });
    const found = await tool('leads', { action: 'list', where: '{"field":"tag","is":"vip"}', limit: ' 30 ' });
    expect(found.leads).toHaveLength(1);
    expect((await tool('leads', { action: 'list', lead_ids: lead.id })).leads).toHaveLength(1);
    const thirty = {
      all: [
        { field: 'metadata.age', is: '30' },
        { field: 'tag', exists: 'true' },
      ],
    };
    expect((await tool('leads', { action: 'list', where: thirty })).leads).toHaveLength(1);
    expect((await tool('leads', { action: 'update', lead_id: lead.id, tags: 'new' })).lead.tags).toEqual([
      'new',
    ]);
    const query = new URLSearchParams({
      where: '{"field":"tag","is":"new"}',
      limit: '1',
      cursor: '',
      tag: 'null',
    });
    expect(await (await fetch(`${server.url}/api/leads?${query}`)).json()).toMatchObject({ leads: [] });
    query.delete('tag');
    expect(await (await fetch(`${server.url}/api/leads?${query}`)).json()).toMatchObject({ total_count: 1 });
    await tool('leads', { action: 'delete', lead_id: lead.id });
  });

  it.each([
    [{ tags: 'vip, new' }, 'tags is "vip, new"'],
    [{ tags: '' }, 'tags is ""'],
    [{ metadata: '[1]' }, 'metadata is "[1]"'],
    [{ status: 'Null ', phone: 1.1 }, 'phone is 1.1'],
    [{ phone: true }, 'phone is true'],
    [{ restore_erased: 1 }, 'restore_erased is 1'],
    [{ restore_erased: 'yes' }, 'restore_erased is "yes"'],
  ])('%j could mean two things, and is refused', async (given, error) => {
    const answer = await tool('leads', { action: 'create', name: 'X', ...given });
    expect(answer).toMatchObject({ success: false, code: 'invalid_argument' });
    expect(answer.error).toContain(error);
  });

  it('every optional text that could be "null" is thought about: a name, which nothing is, or free text, which may be', () => {
    const free = new Set<string>();
    for (const { input } of tidings.operations)
      for (const [name, type] of Object.entries(input.shape)) {
        const read = readArguments(z.object({ [name]: type }), { [name]: 'null' }) as object;
        const isText = z.safeParse(type, 'null').success && z.safeParse(type, undefined).success;
        if (isText && name in read) free.add(name);
      }
    const words =
      'assignee_id campaign_id company confirm contact csv description email expires first_name footer last_name message name notes origin phone position preheader reason search segment_id subject tag';
    expect([...free].toSorted()).toEqual(words.split(' '));
  });

  it('of what lets messages leave, every argument is thought about: an empty text is nothing, or is refused', () => {
    const dropped = new Set<string>();
    const kept = new Set<string>();
    for (const { input } of tidings.operations.filter(({ effect }) => effect === 'send'))
      for (const [name, type] of Object.entries(input.shape)) {
        if (!z.safeParse(type, undefined).success) continue;
        const read = readArguments(z.object({ [name]: type }), { [name]: '' }) as object;
        (name in read ? kept : dropped).add(name);
      }
    expect([...dropped].toSorted().join(' ')).toBe(
      'allow_literal allow_repeat campaign category from language lead_id max_wait_seconds placeholder_policy retry schedule_at sender',
    );
    expect([...kept].toSorted().join(' ')).toBe(
      'attachments confirm dry_run expected_recipients preheader subject template template_values tracking',
    );
  });

  it('an empty list, or an empty text for one, is nobody: never everybody', async () => {
    for (const lead_ids of [[], '', '[]', 'null']) {
      const answer = await tool('audience', { action: 'create', name: 'Nobody', lead_ids });
      expect(answer, JSON.stringify(lead_ids)).toMatchObject({ success: false, code: 'invalid_argument' });
    }
  });

  it('what clients add by themselves is dropped, and any other name is refused with the nearest right one', async () => {
    const added = {
      ...{ toolCallId: 'a', tool_call_id: 'b', sessionId: 'c' },
      ...{ session_id: 'd', chatInput: 'e', requestId: 1, _meta: { progressToken: 1 } },
    };
    expect(await tool('audience', { action: 'list', ...added })).toMatchObject({ success: true });
    expect(await rest('POST /audiences/count', { ...added, status: '' })).toMatchObject({ success: true });
    expect(await (await fetch(`${server.url}/api/leads?sessionId=1`)).json()).toMatchObject({
      success: true,
    });
    const wrong = await tool('audience', { action: 'create', name: 'X', ...added, statuss: 'new' });
    expect(wrong.error).toBe('unknown argument "statuss"; did you mean status?');
    const inner = { action: 'import', leads: [{ name: 'X', sessionId: '1' }] };
    expect((await tool('leads', inner)).error).toContain('unknown argument "leads.0.sessionId"');
  });
});

describe('whole messages', () => {
  const list = (args: unknown) => ({ method: 'tools/call', params: { name: 'leads', arguments: args } });

  it.each([null, [], '', 'null', '[]', '{}'])('arguments %j are none', async (given) => {
    expect((await tool('leads', given)).error).toBe('action is missing.');
  });

  it('arguments may be a JSON text', async () => {
    expect(await tool('leads', '{"action":"list","limit":"1"}')).toMatchObject({ success: true });
    expect(await rest('POST /audiences/count', JSON.stringify('{"status":"new"}'))).toMatchObject({
      success: true,
    });
    expect(await rest('POST /audiences/count', '[]')).toMatchObject({ success: true });
    expect(await rest('POST /audiences/count', 'null')).toMatchObject({ success: true });
  });

  it.each([null, []])('params %j are none', async (params) => {
    expect(
      (await post({ jsonrpc: '2.0', id: 1, method: 'tools/list', params })).result.tools.length,
    ).toBeGreaterThan(5);
  });

  it('a byte order mark before a body is no part of it', async () => {
    expect((await post(`\ufeff${JSON.stringify(list({ action: 'list' }))}`)).result.isError).toBeUndefined();
    expect(await rest('POST /audiences/count', '\ufeff{}')).toMatchObject({ success: true });
  });

  it('/mcp/ is /mcp', async () => {
    expect((await post(list({ action: 'list' }), '/mcp/')).result.structuredContent.success).toBe(true);
  });

  it('a call of MCP to the address without its path is told where to go', async () => {
    const answer = await post({ jsonrpc: '2.0', id: 7, method: 'initialize', params: {} }, '/');
    expect(answer).toMatchObject({ status: 404, jsonrpc: '2.0', id: 7, error: { code: -32601 } });
    expect(answer.error.message).toContain(`${server.url}/mcp`);
    expect(await post({ name: 'no call' }, '/')).toMatchObject({ status: 404, code: 'not_found' });
    expect(await post(`{"method":"${'x'.repeat(70_000)}"}`, '/')).toMatchObject({ code: 'not_found' });
  });

  it.each([
    ['send_bulk_messages', 'sendBulkMessages'],
    ['SendBulkMessages', 'sendBulkMessages'],
    ['send-bulk-message', 'sendBulkMessages'],
    ['tidings__sendBulkMessages', 'sendBulkMessages'],
    ['mcp_tidings_send_bulk_messages', 'sendBulkMessages'],
    ['mcp__tidings__audiences', 'audience'],
    ['audience.create', 'audience with action "create"'],
    ['create_audience', 'audience with action "create"'],
    ['tidings_import_leads', 'leads with action "import"'],
    ['addSuppression', 'suppressions with action "add"'],
    ['lead', 'leads'],
  ])('the unknown tool %s is answered with: did you mean %s', async (name, meant) => {
    const { error } = await post({ method: 'tools/call', params: { name, arguments: {} } });
    expect(error.code).toBe(-32602);
    expect(error.message).toContain(`did you mean ${meant}?`);
  });

  it('a tool that nobody could mean is answered with those there are', async () => {
    const { error } = await post({ method: 'tools/call', params: { name: 'weather', arguments: {} } });
    expect(error.message).toMatch(/^There is no tool "weather"\. The tools are: leads, .*sendBulkMessages/);
  });
});

describe.each(['legacy', { pin: '2026-07-28' }] as const)('the official client, %j', (mode) => {
  it('hears the same', async () => {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp/`)));
    const given = { action: 'list', status: null, limit: '1', _meta: {}, tag: '' };
    expect((await client.callTool({ name: 'leads', arguments: given })).structuredContent).toMatchObject({
      success: true,
    });
    const wrong = client.callTool({ name: 'tidings__leads', arguments: {} });
    await expect(wrong).rejects.toThrow('did you mean leads?');
    await client.close();
  });
});

describe('no reading makes a send out of what was refused', () => {
  let round = 0;
  let campaign: string;
  const send = (more: object) => {
    campaign = `round ${++round}`;
    return tool('sendBulkMessages', {
      ...{ audience_id, channel: 'email', subject: 'Hi', message: `Hello ${round}`, campaign },
      ...more,
    });
  };
  const sendsOf = async () =>
    (await tool('sends', { action: 'list' })).sends.filter((one: Answer) => one.campaign === campaign);

  afterEach(() => {
    campaign = '';
  });

  test.each([
    { dry_run: '' },
    { dry_run: 'null' },
    { dry_run: 'yes' },
    { dry_run: 1 },
    { dry_run: '1' },
    { dry_run: [true] },
    { confirm: '' },
    { confirm: 'null' },
    { confirm: 0 },
    { expected_recipients: '' },
    { expected_recipients: 'null' },
    { expected_recipients: '3' },
    { expected_recipients: '2e0' },
    { expected_recipients: '0x2' },
    { expected_recipients: '2.5' },
    { expected_recipients: '02' },
    { expected_recipients: true },
    { max_wait_seconds: '1e3' },
    { max_wait_seconds: '0x10' },
    { schedule_at: 'soon' },
    { schedule_at: 20270101 },
    { schedule_at: false },
    { campaign: 2026.5 },
    { retry: 'nothing' },
    { allow_repeat: 'yes' },
    { audience_id: '' },
    { channel: 'null' },
    { message: '' },
    { message: null },
    { subject: null },
    { sender: 'sandbo' },
  ])('%j sends nothing', async (given) => {
    expect(await send(given)).toMatchObject({ success: false });
    expect(await sendsOf()).toEqual([]);
  });

  test.each([true, 'true', 'True', ' TRUE '])('dry_run %j looks, and sends nothing', async (dry_run) => {
    expect(await send({ dry_run, confirm: null, expected_recipients: null })).toMatchObject({
      dry_run: true,
    });
    expect(await sendsOf()).toEqual([]);
  });

  test.each([
    { dry_run: 'false' },
    { dry_run: null, confirm: null, expected_recipients: null },
    { retry: '', schedule_at: '', allow_repeat: '', allow_literal: 'null', placeholder_policy: '' },
    { expected_recipients: ' 2 ', max_wait_seconds: ' 30 ' },
    { sender: '', from: '' },
    { allow_repeat: 'true' },
  ])('%j means what it says, and sends once', async (given) => {
    expect(await send(given)).toMatchObject({ success: true, total_sent: 2 });
    expect(await sendsOf()).toHaveLength(1);
  });

  test('an empty schedule_at leaves a scheduled send at its time', async () => {
    const at = new Date(Date.now() + 3_600_000).toISOString();
    expect(await send({ schedule_at: at })).toMatchObject({ state: 'scheduled' });
    const again = { audience_id, channel: 'email', subject: 'Hi', message: `Hello ${round}`, campaign };
    for (const schedule_at of ['', 'null', null])
      expect(await tool('sendBulkMessages', { ...again, schedule_at })).toMatchObject({ state: 'scheduled' });
  });

  test('a campaign that is "null" or "" is the default one: nobody gets it twice by that', async () => {
    const message = { audience_id, channel: 'email', subject: 'Hi', message: 'Default' };
    expect(await tool('sendBulkMessages', message)).toMatchObject({ campaign: 'default', total_sent: 2 });
    for (const given of ['', 'null', ' NULL ', null]) {
      const answer = await tool('sendBulkMessages', { ...message, campaign: given });
      expect(answer).toMatchObject({ campaign: 'default', total_sent: 2 });
    }
    const all = (await tool('sends', { action: 'list' })).sends;
    expect(all.filter((one: Answer) => one.campaign === 'default')).toHaveLength(1);
  });

  test('erasing without the word on suppressing is not done for an empty text', async () => {
    const given = { action: 'erase', contact: 'ana@example.com', and_suppress: '' };
    expect(await tool('person', given)).toMatchObject({ success: false, code: 'invalid_argument' });
    expect(await tool('person', { action: 'export', contact: 'ana@example.com' })).toMatchObject({
      success: true,
    });
  });

  test('the literal body of the contract goes through untouched', async () => {
    const body = `{ "method": "tools/call", "params": { "name": "sendBulkMessages", "arguments": {
      "audience_id": "${audience_id}", "channel": "email", "subject": "Special Offer This Week",
      "message": "<h1>Hello!</h1><p>We have a special offer for you.</p>", "from": "Marketing Team" } } }`;
    const { result } = await post(body.replace('"from"', '"campaign": "literal", "from"'));
    expect(result.structuredContent).toMatchObject({ success: true, total_sent: 2, total_in_audience: 2 });
  });
});

describe('MCP_TOOLS=split', () => {
  let split: HttpServer;
  const ask = async (method: string, params: object): Promise<Answer> => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ method, params });
    return (await fetch(`${split.url}/mcp`, { method: 'POST', headers, body })).json();
  };

  beforeAll(async () => {
    const about = { version: '0', host: '127.0.0.1', port: 0, apiKey: null, publicUrl: null };
    split = await startHttpServer({ tidings, log: quiet, mcpTools: 'split', ...about });
  });

  afterAll(() => split.close());

  test('each operation is a tool, and every text names it so', async () => {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${split.url}/mcp`)));
    const { tools } = await client.listTools();
    const shown = tidings.operations.filter(isTool);
    expect(tools).toHaveLength(shown.length);
    expect(client.getInstructions()).toContain('audience_create; audience_get to look through its leads');
    const texts = JSON.stringify(tools).replaceAll('\\n', '\n') + client.getInstructions();
    for (const { name } of shown.filter((one) => one.name.includes('.')))
      for (const spelling of [name, name.replace('.', ' ')])
        expect(texts).not.toMatch(new RegExp(`\\b${spelling.replace('.', '\\.')}\\b`));
    const found = await client.callTool({ name: 'leads_list', arguments: { limit: '1', status: null } });
    expect(found.structuredContent).toMatchObject({ success: true });
    await client.close();
  });

  test('answers name other tools as they are called', async () => {
    const lead_id = '0199a1c2-1111-7000-8000-000000000001';
    const { result } = await ask('tools/call', { name: 'leads_update', arguments: { lead_id, name: 'X' } });
    expect(result.structuredContent.fix).toBe('leads_list shows the leads there are.');
    const { error } = await ask('tools/call', { name: 'leads.list', arguments: {} });
    expect(error.message).toContain('did you mean leads_list?');
  });
});
