import { TidingsError } from '../errors.ts';
import type { Result } from './context.ts';

interface Message {
  readonly method?: string;
  readonly params?: { readonly progress: number; readonly total: number; readonly message?: string };
  readonly result?: { readonly structuredContent?: Result; readonly isError?: boolean };
  readonly error?: { readonly message: string };
}

/** Calls a tool as any MCP client over HTTP does, with nothing but fetch. */
export async function callToolOverHttp(options: {
  readonly url: string;
  readonly tool: string;
  readonly input: object;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number, message: string) => void;
}): Promise<Result> {
  const { url, tool, input, onProgress, signal } = options;
  const params = { name: tool, arguments: input, ...(onProgress && { _meta: { progressToken: tool } }) };
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    ...(signal && { signal }),
  });
  const stream = response.headers.get('content-type')?.startsWith('text/event-stream');
  const messages = stream ? readEvents(response.body!) : [await response.json()];
  for await (const message of messages as AsyncIterable<Message>) {
    if (message.error) throw new TidingsError('conflict', `The server refused: ${message.error.message}`);
    if (message.method === 'notifications/progress') {
      const { progress, total, message: text } = message.params!;
      onProgress?.(progress, total, text ?? '');
    }
    if (message.result) return unwrap(message.result);
  }
  throw new TidingsError('conflict', 'The server ended its answer before the result.');
}

function unwrap({ structuredContent, isError }: NonNullable<Message['result']>): Result {
  const content = structuredContent ?? {};
  if (!isError) return content;
  throw new TidingsError('conflict', String(content['error'] ?? 'The tool refused the call.'), {
    fix: content['fix'] as string | undefined,
  });
}

/** The JSON of each server-sent event. Chunks may end anywhere, within a letter too. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r?\n/);
    rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
      else if (line === '' && data.length > 0) {
        const text = data.join('\n');
        data = [];
        // An event without data only keeps the line open.
        if (text !== '') yield JSON.parse(text);
      }
    }
  }
}
