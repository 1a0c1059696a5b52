import * as z from 'zod';
import { TidingsError } from '../../src/errors.ts';
import { createHttpApp, type HttpAppOptions } from '../../src/http/app.ts';
import type { Log } from '../../src/log/log.ts';
import { type CallContext, type Operation, operation } from '../../src/operations/operation.ts';
import type { Tidings } from '../../src/tidings.ts';
import { fakeAccess } from '../support/fake-access.ts';
import { fakeHealth, fakeSenders } from '../support/fake-health.ts';

export const AUDIENCE = '0199a1c2-1111-7000-8000-000000000001';
const answer = z.looseObject({ success: z.literal(true) });

export interface FakeTidings extends Tidings {
  readonly calls: { name: string; input: Record<string, unknown> }[];
  readonly imported: { chunks: number; bytes: number; text: string };
  readonly signals: AbortSignal[];
  healthy: boolean;
  /** What the next sendBulkMessages does instead of answering at once. */
  during: (context: CallContext) => Promise<void> | void;
}

/** The shape of the real catalogue, and none of its work: the doors are what is looked at. */
export function fakeTidings(): FakeTidings {
  const calls: FakeTidings['calls'] = [];
  const note = (name: string, input: object) => calls.push({ name, input: input as Record<string, unknown> });
  const simple = (name: string, effect: Operation['effect'], route: string, input: z.ZodObject): Operation =>
    operation({
      name,
      summary: `Does ${name}.`,
      effect,
      route,
      input,
      output: answer,
      async run(given) {
        note(name, given);
        return { success: true as const, given };
      },
    });
  const audience_id = z.uuid().describe('UUID of the audience');
  const fake: FakeTidings = {
    calls,
    imported: { chunks: 0, bytes: 0, text: '' },
    signals: [],
    healthy: true,
    during: () => {},
    ...fakeAccess(),
    modes: { email: 'sandbox', whatsapp: 'sandbox' },
    clicks: { follow: async () => null },
    unsubscribes: { sender: null, find: async () => null, leave: async () => {}, undo: async () => false },
    operations: [
      {
        ...simple(
          'leads.import',
          'write',
          'POST /leads/import',
          z.object({
            csv: z.string().optional(),
            leads: z
              .array(
                z.object({
                  email: z.string().optional(),
                  metadata: z.record(z.string(), z.json()).optional(),
                }),
              )
              .optional(),
            metadata: z.record(z.string(), z.json()).optional(),
          }),
        ),
        async upload(bytes) {
          for await (const chunk of bytes) {
            fake.imported.chunks++;
            fake.imported.bytes += chunk.byteLength;
            if (fake.imported.text.length < 1_000)
              fake.imported.text += Buffer.from(chunk).toString('utf8', 0, 1_000);
          }
          return { success: true, rows: 1 };
        },
      },
      simple(
        'leads.list',
        'read',
        'GET /leads',
        z.object({
          search: z.string().optional(),
          search_include_notes: z.boolean().optional(),
          limit: z.int().min(1).max(200).default(50).describe('Leads in one answer'),
        }),
      ),
      simple(
        'audience.create',
        'write',
        'POST /audiences',
        z.object({ name: z.string().min(1), limit: z.int().optional().describe('At most this many') }),
      ),
      simple(
        'audience.get',
        'read',
        'GET /audiences/{audience_id}',
        z.object({ audience_id, page: z.int().min(1).default(1).describe('1-based page') }),
      ),
      simple('audience.delete', 'write', 'DELETE /audiences/{audience_id}', z.object({ audience_id })),
      operation({
        name: 'sendBulkMessages',
        summary: 'Sends one message to every lead.',
        effect: 'send',
        route: 'POST /sends',
        input: z.object({
          audience_id,
          channel: z.enum(['whatsapp', 'email']),
          message: z.string().min(1),
          subject: z.string().optional(),
          from: z.string().optional(),
        }),
        output: z.looseObject({ success: z.boolean(), total_sent: z.int(), state: z.string() }),
        async run(input, context) {
          note('sendBulkMessages', input);
          if (context.signal) fake.signals.push(context.signal);
          await fake.during(context);
          if (input.message === 'boom') throw new Error('SELECT secret FROM leads');
          if (input.message === 'nobody') {
            throw new TidingsError('conflict', 'The audience has no leads.', { fix: 'Import leads first.' });
          }
          const { audience_id, channel } = input;
          return { success: true, audience_id, channel, total_sent: 3, state: 'completed' };
        },
      }),
      simple('outbox.list', 'read', 'GET /outbox', z.object({})),
    ],
    dispatcher: { ...fakeSenders, wake() {}, start() {}, stop: async () => ({ inDoubt: 0, left: 0 }) },
    health: fakeHealth(() => fake.healthy),
    webhooks: { sources: [], take: async () => {} },
    hearBounces: async () => null,
    async close() {},
  };
  return fake;
}

export interface MemoryLog extends Log {
  readonly lines: { level: string; message: string; fields: object }[];
}

export function memoryLog(): MemoryLog {
  const lines: MemoryLog['lines'] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, fields });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export function fakeApp(options: Partial<HttpAppOptions> = {}) {
  const tidings = fakeTidings();
  const log = memoryLog();
  const given = {
    tidings,
    log,
    version: '1.2.3',
    host: '127.0.0.1',
    port: () => 3000,
    apiKey: null,
    publicUrl: null,
    ...options,
  };
  return { app: createHttpApp(given), tidings, log, options: given };
}

export interface McpAnswer {
  readonly jsonrpc: string;
  readonly id: unknown;
  readonly error?: { code: number; message: string };
  readonly result: {
    isError?: boolean;
    content: { type: string; text: string }[];
    structuredContent: Record<string, unknown>;
  };
}

export function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    method: 'POST',
    body: text,
    headers: { 'content-type': 'application/json', accept: '*/*', ...headers },
  };
}

export const toolCall = (name: string, args: object) => ({
  method: 'tools/call',
  params: { name, arguments: args },
});
