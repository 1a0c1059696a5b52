import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { parseMessage } from '../../src/core/messages/content.ts';
import { isKnown, KNOWN_FIELDS } from '../../src/core/messages/field-values.ts';
import { fieldPaths } from '../../src/core/messages/merge-text.ts';
import { mergeTextsOf } from '../../src/core/messages/message.ts';
import { type HttpServer, startHttpServer } from '../../src/http/server.ts';
import { MESSAGE_GUIDE } from '../../src/mcp/message-guide.ts';
import { openTidings } from '../../src/open-tidings.ts';
import type { Tidings } from '../../src/tidings.ts';
import { freshFolder, quiet, removeFolder } from '../support/core.ts';

let folder: string;
let tidings: Tidings;
let server: HttpServer;

beforeAll(async () => {
  folder = freshFolder();
  tidings = await openTidings(readConfig({ TIDINGS_DATA_DIR: folder }), quiet);
  const about = { version: '0', host: '127.0.0.1', port: 0, apiKey: null, publicUrl: null };
  server = await startHttpServer({ tidings, log: quiet, mcpTools: 'split', ...about });
});

afterAll(async () => {
  await server.close();
  await tidings.close();
  removeFolder(folder);
});

describe.each(['legacy', { pin: '2026-07-28' }] as const)('the official client, %j', (mode) => {
  let client: Client;

  beforeAll(async () => {
    client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)));
  });

  afterAll(() => client.close());

  const call = async (name: string, given: Record<string, unknown>) =>
    (await client.callTool({ name, arguments: given })).structuredContent as Record<string, string>;

  it('reads a send as it is now, and finds it in the list', async () => {
    await call('leads_create', { name: 'Ana', email: `${String(mode).length}@example.com` });
    const { audience_id } = await call('audience_create', { name: 'All' });
    const message = { audience_id, channel: 'email', subject: 'S', message: 'Hi', max_wait_seconds: 0 };
    const { send_id } = await call('sendBulkMessages', message);
    const uri = `tidings://sends/${send_id}`;
    const { resources } = await client.listResources();
    expect(resources).toContainEqual(
      expect.objectContaining({ uri, title: expect.stringContaining('All, email, default') }),
    );
    expect(resources).toContainEqual(expect.objectContaining({ uri: 'tidings://guide/messages' }));
    const { contents } = await client.readResource({ uri });
    const read = JSON.parse((contents[0] as { text: string }).text);
    expect(read).toMatchObject({ send_id, message: 'Hi', total_in_audience: expect.any(Number) });
    expect((await client.listResourceTemplates()).resourceTemplates).toMatchObject([
      { uriTemplate: 'tidings://sends/{send_id}' },
    ]);
  });

  it.each(['0199a1c2-1111-7000-8000-000000000001', 'nonsense', '..%2Fleads'])(
    'is told of a send %s that is not there',
    async (id) => {
      await expect(client.readResource({ uri: `tidings://sends/${id}` })).rejects.toThrow(
        /no send|send_id is/,
      );
    },
  );

  it('reads the guide for messages, in the names of the tools', async () => {
    const { contents } = await client.readResource({ uri: 'tidings://guide/messages' });
    expect((contents[0] as { text: string }).text).toContain('leads_fields lists what can be used');
  });

  it('gets the steps of a safe send, with what the person has in mind', async () => {
    expect((await client.listPrompts()).prompts).toMatchObject([
      { name: 'send_safely', arguments: [{ name: 'audience' }, { name: 'channel' }, { name: 'about' }] },
    ]);
    const textOf = async (given: Record<string, string>) => {
      const { messages } = await client.getPrompt({ name: 'send_safely', arguments: given });
      return (messages[0]!.content as { text: string }).text;
    };
    const text = await textOf({ audience: 'VIPs "2026"', channel: '' });
    expect(text).toContain('audience_create');
    expect(text).toContain('- audience: "VIPs \\"2026\\""');
    expect(text).not.toContain('- channel');
    expect(await textOf({})).not.toContain('What I have in mind');
  });
});

it('prompts take arguments that are none', async () => {
  for (const given of [null, [], '{}']) {
    const body = { method: 'prompts/get', params: { name: 'send_safely', arguments: given } };
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}/mcp`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(await answer.json()).toMatchObject({ result: { messages: [{ role: 'user' }] } });
  }
});

it('the guide for messages names every field there is, and no other', () => {
  const text = { message: MESSAGE_GUIDE, format: 'text', subject: 'S', from_name: null } as const;
  const paths = mergeTextsOf(parseMessage(text, 'email')).flatMap(({ segments }) => fieldPaths(segments));
  expect(paths.filter((path) => !isKnown(path))).toEqual([]);
  for (const field of KNOWN_FIELDS) expect(MESSAGE_GUIDE).toContain(`{{${field}}}`);
});
