import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What the model does next: calls a tool, or says something and stops. */
export type Move = { readonly tool: string; readonly input: object } | { readonly say: string };

interface ModelRequest {
  readonly stream?: boolean;
  readonly tools?: readonly { readonly name: string }[];
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
}

/**
 * The Messages API of Anthropic, so far as an agent needs it, played by a script: no account, no network.
 * @param decide is given the results of all tools so far, in order, and the names of the tools that the agent has
 */
export async function startScriptedModel(
  decide: (results: readonly string[], tools: readonly string[]) => Move,
) {
  const requests: ModelRequest[] = [];
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    if (!request.url?.startsWith('/v1/messages')) return void response.writeHead(404).end('{}');
    const asked = JSON.parse(body) as ModelRequest;
    if (request.url.includes('count_tokens'))
      return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"input_tokens":1}');
    requests.push(asked);
    const tools = (asked.tools ?? []).map(({ name }) => name);
    const move = tools.length === 0 ? { say: 'A send' } : decide(resultsIn(asked), tools);
    if (asked.stream) stream(response, move);
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message(move)));
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => server.close(),
  };
}

function resultsIn({ messages }: ModelRequest): string[] {
  return messages
    .flatMap(({ content }) => (Array.isArray(content) ? content : []))
    .filter((part: { type?: string }) => part.type === 'tool_result')
    .map(({ content }: { content: unknown }) =>
      typeof content === 'string' ? content : JSON.stringify(content),
    );
}

let calls = 0;

function message(move: Move) {
  const content =
    'say' in move
      ? { type: 'text', text: move.say }
      : { type: 'tool_use', id: `toolu_${++calls}`, name: move.tool, input: move.input };
  return {
    ...{ id: `msg_${++calls}`, type: 'message', role: 'assistant', model: 'scripted', content: [content] },
    ...{ stop_reason: 'say' in move ? 'end_turn' : 'tool_use', stop_sequence: null },
    usage: { input_tokens: 1, output_tokens: 1 },
  };
}

function stream(response: ServerResponse, move: Move): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const event = (type: string, more: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`);
  const { content, stop_reason, ...rest } = message(move);
  const [block] = content;
  event('message_start', { message: { ...rest, content: [], stop_reason: null } });
  if (block && 'input' in block) {
    event('content_block_start', { index: 0, content_block: { ...block, input: {} } });
    const delta = { type: 'input_json_delta', partial_json: JSON.stringify(block.input) };
    event('content_block_delta', { index: 0, delta });
  } else {
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: block?.text } });
  }
  event('content_block_stop', { index: 0 });
  event('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 1 } });
  event('message_stop', {});
  response.end();
}
