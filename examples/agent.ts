/**
 * What an assistant does over MCP: add people, choose them, message them, and call again.
 *
 *   npm start
 *   node examples/agent.ts http://127.0.0.1:3000
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const server = process.argv[2] ?? 'http://127.0.0.1:3000';
const client = new Client({ name: 'example-agent', version: '1.0.0' });
await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', server)));

async function call(name: string, args: Record<string, unknown>): Promise<Record<string, unknown>> {
  const { structuredContent } = await client.callTool({ name, arguments: args });
  return structuredContent as Record<string, unknown>;
}

const leads = [
  { name: 'Ana Núñez', email: 'ana@example.com' },
  { name: 'Ben Okafor', email: 'ben@example.com' },
  { name: 'Chi', phone: '+525512345678' },
];
await call('leads', { action: 'import', leads });
const { audience_id } = await call('audience', { action: 'create', name: 'Everyone' });

const message = {
  audience_id,
  channel: 'email',
  subject: 'Hello',
  message: 'Hi {{lead.first_name | default: "there"}}!',
};
const { total_sent, total_skipped } = await call('sendBulkMessages', message);
console.log(`sent ${total_sent}, skipped ${total_skipped}`);

// An agent that saw no answer calls again: it attaches to the same send, and nobody hears twice.
const again = await call('sendBulkMessages', message);
console.log(`called again: still ${again['total_sent']} sent`);
await client.close();
