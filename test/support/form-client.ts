import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import { startHttpServer } from '../../src/http/server.ts';
import { serveMcpStdio } from '../../src/mcp/stdio.ts';
import type { Tidings } from '../../src/tidings.ts';
import { quiet } from './core.ts';

export interface FormAsked {
  readonly message: string;
  readonly requestedSchema: { readonly properties: object; readonly required?: readonly string[] };
}

/** What a person does with a form. */
export type Person = (
  form: FormAsked,
) =>
  | { action: 'accept'; content?: Record<string, string | number | boolean | string[]> }
  | { action: 'decline' | 'cancel' };

export type Way = 'HTTP 2026' | 'stdio 2026' | 'stdio 2025' | 'HTTP 2025' | 'HTTP 2026 without forms';

/** The official client over one of the ways there are, with a person behind it. */
export async function connectFormClient(tidings: Tidings, way: Way, person: Person) {
  const hasForms = !way.endsWith('without forms');
  const versionNegotiation = {
    mode: way.includes('2025') ? ('legacy' as const) : { pin: '2026-07-28' as const },
  };
  const client = new Client(
    { name: 'test', version: '1' },
    { versionNegotiation, capabilities: hasForms ? { elicitation: {} } : {} },
  );
  const forms: FormAsked[] = [];
  if (hasForms)
    client.setRequestHandler('elicitation/create', ({ params }) => {
      forms.push(params as unknown as FormAsked);
      return person(params as unknown as FormAsked);
    });
  const { transport, close } = way.startsWith('stdio') ? await overStdio(tidings) : await overHttp(tidings);
  await client.connect(transport);
  return {
    client,
    forms,
    // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
    async call(name: string, args: Record<string, unknown>): Promise<any> {
      const result = await client.callTool({ name, arguments: args });
      return { ...(result.structuredContent as object), ...(result.isError && { isError: true }) };
    },
    async close() {
      await client.close();
      await close();
    },
  };
}

async function overHttp(tidings: Tidings) {
  const about = { version: '1.2.3', host: '127.0.0.1', port: 0, apiKey: null, publicUrl: null };
  const server = await startHttpServer({ tidings, log: quiet, ...about });
  return {
    transport: new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)),
    close: () => server.close(),
  };
}

async function overStdio(tidings: Tidings) {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const door = await serveMcpStdio(tidings, quiet, '1.2.3', 'grouped', { stdin, stdout });
  const transport: Transport = {
    async start() {
      createInterface(stdout).on('line', (line) => transport.onmessage?.(JSON.parse(line)));
    },
    async send(message) {
      stdin.write(`${JSON.stringify(message)}\n`);
    },
    async close() {
      stdin.end();
      transport.onclose?.();
    },
  };
  return { transport, close: () => door.close() };
}
