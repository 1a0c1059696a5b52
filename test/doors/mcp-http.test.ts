import { describe, expect, test } from 'vitest';
import { AUDIENCE, fakeApp, type McpAnswer, post, toolCall } from './fake-tidings.ts';

const SEND = toolCall('sendBulkMessages', { audience_id: AUDIENCE, channel: 'whatsapp', message: 'Hi!' });

async function call(body: unknown, headers: Record<string, string> = {}) {
  const fake = fakeApp();
  const response = await fake.app.request('/mcp', post(body, headers));
  return { ...fake, response, answer: (await response.clone().json()) as McpAnswer };
}

describe('the literal call', () => {
  test('a body of only method and params runs the tool and answers plain JSON', async () => {
    const { response, answer, tidings } = await call(SEND);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(answer.jsonrpc).toBe('2.0');
    expect(answer.result.structuredContent).toMatchObject({
      success: true,
      audience_id: AUDIENCE,
      total_sent: 3,
    });
    expect(JSON.parse(answer.result.content[0]!.text)).toEqual(answer.result.structuredContent);
    expect(tidings.calls.map(({ name }) => name)).toEqual(['sendBulkMessages']);
  });

  test('a call with jsonrpc but without id is run and answered', async () => {
    const { answer, tidings } = await call({ jsonrpc: '2.0', ...SEND });
    expect(answer.result.structuredContent).toMatchObject({ success: true });
    expect(tidings.calls).toHaveLength(1);
  });

  test('the id of a full call comes back', async () => {
    const { answer } = await call({ jsonrpc: '2.0', id: 'seven', ...SEND });
    expect(answer.id).toBe('seven');
  });

  test.each([
    '*/*',
    'application/json',
    'text/event-stream',
    'application/json, text/event-stream',
    'text/html',
  ])('Accept: %s gets plain JSON', async (accept) => {
    const { response, answer } = await call(SEND, { accept });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(answer.result.structuredContent.success).toBe(true);
  });

  test('tools/list works without an envelope too', async () => {
    const { app } = fakeApp();
    const response = await app.request('/mcp', post({ method: 'tools/list' }));
    const { result } = (await response.json()) as { result: { tools: { name: string }[] } };
    expect(result.tools.map(({ name }) => name)).toEqual(['leads', 'audience', 'sendBulkMessages', 'outbox']);
  });

  test('a notification gets no answer and no id', async () => {
    const { app } = fakeApp();
    const response = await app.request('/mcp', post({ jsonrpc: '2.0', method: 'notifications/initialized' }));
    expect(response.status).toBe(202);
  });
});

describe('progress', () => {
  const withToken = (token: unknown) => ({
    ...SEND,
    params: { ...SEND.params, _meta: { progressToken: token } },
  });

  test('a caller who streams and gave a token sees strictly growing progress before the answer', async () => {
    const { app, tidings } = fakeApp();
    tidings.during = ({ onProgress }) => {
      for (const done of [0, 1, 1, 3, 2]) onProgress?.({ done, total: 3, message: `${done} sent` });
    };
    const headers = { accept: 'application/json, text/event-stream' };
    const response = await app.request('/mcp', post({ jsonrpc: '2.0', id: 1, ...withToken(0) }, headers));
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const messages = (await response.text())
      .split('\n')
      .filter((line) => line.startsWith('data: {'))
      .map(
        (line) =>
          JSON.parse(line.slice(6)) as { method?: string; params?: { progress: number }; result?: object },
      );
    expect(messages.slice(0, -1).map(({ params }) => params?.progress)).toEqual([0, 1, 3]);
    expect(messages.at(-1)!.result).toBeDefined();
  });

  test('a token without the will to stream gets plain JSON', async () => {
    const { response } = await call(withToken('t'), { accept: 'application/json' });
    expect(response.headers.get('content-type')).toContain('application/json');
  });

  test('without a token the operation is asked for no progress', async () => {
    const { app, tidings } = fakeApp();
    let asked: unknown;
    tidings.during = ({ onProgress }) => {
      asked = onProgress;
    };
    await app.request('/mcp', post(SEND));
    expect(asked).toBeUndefined();
  });
});

describe('wrong requests are results that say the way out', () => {
  const refusal = async (name: string, args: object) => {
    const { response, answer, log } = await call(toolCall(name, args));
    expect(response.status).toBe(200);
    expect(answer.result.isError).toBe(true);
    expect(JSON.parse(answer.result.content[0]!.text)).toEqual(answer.result.structuredContent);
    return { ...answer.result.structuredContent, log } as unknown as {
      success: boolean;
      error: string;
      code: string;
      fix: string;
      log: typeof log;
    };
  };

  test('an unknown argument is refused by name, with the one that was meant', async () => {
    const { success, error, code } = await refusal('sendBulkMessages', {
      audienceId: AUDIENCE,
      channel: 'email',
      message: 'Hi',
    });
    expect(success).toBe(false);
    expect(code).toBe('invalid_argument');
    expect(error).toBe('unknown argument "audienceId"; did you mean audience_id?');
  });

  test('an argument of another action is refused', async () => {
    const { error, fix } = await refusal('audience', { action: 'delete', audience_id: AUDIENCE, page: 2 });
    expect(error).toBe('unknown argument "page"');
    expect(fix).toBe('audience.delete takes: audience_id.');
  });

  test('an unknown argument inside a list is refused too, a key of free-form metadata is not', async () => {
    const { error } = await refusal('leads', {
      action: 'import',
      leads: [{ email: 'a@b.c' }, { emial: 'x' }],
    });
    expect(error).toBe('unknown argument "leads.1.emial"; did you mean email?');
    const { answer } = await call(
      toolCall('leads', { action: 'import', leads: [{ metadata: { any: [1] } }] }),
    );
    expect(answer.result.isError).toBeUndefined();
  });

  test('a wrong value is named together with the values there are', async () => {
    const { error, fix } = await refusal('sendBulkMessages', {
      audience_id: AUDIENCE,
      channel: 'sms',
      message: 'Hi',
    });
    expect(error).toContain('channel is "sms"');
    expect(fix).toBe('Use one of: whatsapp, email.');
  });

  test('a missing argument is named with its meaning', async () => {
    const { error, fix } = await refusal('audience', { action: 'get' });
    expect(error).toBe('audience_id is missing.');
    expect(fix).toContain('UUID of the audience');
  });

  test('a missing or unknown action names the actions', async () => {
    expect(await refusal('audience', {})).toMatchObject({ error: 'action is missing.' });
    const { error, fix } = await refusal('audience', { action: 'creat' });
    expect(error).toBe('action is "creat"; did you mean create?');
    expect(fix).toContain('create, get, delete');
  });

  test('a refusal of the operation keeps its code and fix', async () => {
    expect(
      await refusal('sendBulkMessages', { audience_id: AUDIENCE, channel: 'email', message: 'nobody' }),
    ).toMatchObject({ error: 'The audience has no leads.', code: 'conflict', fix: 'Import leads first.' });
  });

  test('an unexpected error is logged and tells the caller nothing', async () => {
    const given = { audience_id: AUDIENCE, channel: 'email', message: 'boom' };
    const { error, code, log } = await refusal('sendBulkMessages', given);
    expect(error).toBe('internal error');
    expect(code).toBe('internal');
    expect(log.lines.map(({ level }) => level)).toContain('error');
  });
});

describe('what is no call at all', () => {
  test('malformed JSON is a parse error', async () => {
    const { response, answer } = await call('{"method": ');
    expect(response.status).toBe(400);
    expect(answer.error!.code).toBe(-32700);
  });

  test('GET and DELETE are not allowed', async () => {
    const { app } = fakeApp();
    expect((await app.request('/mcp')).status).toBe(405);
    expect((await app.request('/mcp', { method: 'DELETE' })).status).toBe(405);
  });

  test('curl -d without a header works; a web page that says the same is refused', async () => {
    const form = 'application/x-www-form-urlencoded';
    expect((await call(SEND, { 'content-type': form })).response.status).toBe(200);
    const origin = 'http://localhost:3000';
    expect((await call(SEND, { 'content-type': form, origin })).response.status).toBe(415);
  });

  test('another content type is refused', async () => {
    const { response } = await call(SEND, { 'content-type': 'text/plain' });
    expect(response.status).toBe(415);
  });

  test('more than 4 MB is too large', async () => {
    const { response } = await call({ ...SEND, padding: 'x'.repeat(4 * 1024 * 1024) });
    expect(response.status).toBe(413);
  });

  test('a caller who leaves ends the watching', async () => {
    const { app, tidings } = fakeApp();
    const leave = new AbortController();
    const seen = new Promise<void>((resolve) => {
      tidings.during = ({ signal }) =>
        new Promise((done) => {
          signal!.addEventListener('abort', () => {
            resolve();
            done();
          });
          leave.abort();
        });
    });
    await app.request(new Request('http://localhost/mcp', { ...post(SEND), signal: leave.signal }));
    await seen;
    expect(tidings.signals[0]!.aborted).toBe(true);
  });
});
