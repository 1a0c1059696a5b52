import * as z from 'zod';
import type { CliHost } from '../../src/cli/host.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { BARE, type Environment } from '../../src/environment/load-environment.ts';
import { TidingsError } from '../../src/errors.ts';
import { type Caller, operation } from '../../src/operations/operation.ts';
import type { Tidings } from '../../src/tidings.ts';
import { fakeAccess } from './fake-access.ts';
import { fakeHealth, fakeSenders } from './fake-health.ts';

export const ID = '0199a1c2-1111-7000-8000-000000000001';

type Answer = (input: Record<string, unknown>, caller: Caller) => Record<string, unknown>;

/** A host whose streams are texts and whose operations answer what a test says: the command line is what is looked at. */
export function fakeHost(answers: Record<string, Answer> = {}) {
  const calls: { name: string; input: Record<string, unknown> }[] = [];
  const seen = { out: '', err: '', opened: 0, closed: 0, started: 0, rejects: '' };
  const stream = (key: 'out' | 'err') => ({
    isTTY: false,
    write(text: string) {
      seen[key] += text;
      return true;
    },
    on() {},
  });
  const fake = (name: string, input: z.ZodObject) =>
    operation({
      name,
      summary: name,
      effect: 'read',
      route: `GET /${name}`,
      input,
      output: z.looseObject({}),
      async run(given, { caller }) {
        calls.push({ name, input: given });
        return answers[name]?.(given, caller) ?? { success: true, top_errors: [], deliveries: [] };
      },
    });
  const limit = z.int().min(1).max(200).default(50).describe('Leads in one answer');
  const tidings: Tidings = {
    ...fakeAccess(),
    operations: [
      {
        ...fake('leads.import', z.object({ file_name: z.string().optional() })),
        async upload(input, _given, options) {
          let text = '';
          for await (const chunk of input) text += Buffer.from(chunk).toString('utf8');
          const rows = text.trim().split('\n').slice(1);
          const bad = rows.filter((row) => row.startsWith('bad'));
          if (bad.length > 0)
            options.onRejectsCsv?.(`reason,name\n${bad.map((row) => `no,${row}\n`).join('')}`);
          return {
            success: true as const,
            rows: rows.length,
            created: rows.length - bad.length,
            updated: 0,
            unchanged: 0,
            rejected: bad.length,
            warnings_count: 0,
            rejects: bad.map((_, at) => ({ line: at + 2, reason: 'it is bad' })),
            warnings: [],
            columns: { name: 'name', mail: 'email' },
            ...{ suppressed: 0, unconfirmed: 0, asks: [], notices: [] },
          };
        },
      },
      fake('leads.list', z.object({ status: z.enum(['new', 'lost']).optional(), limit })),
      fake('leads.get', z.object({ lead_id: z.uuid() })),
      fake('audience.create', z.object({ name: z.string() })),
      fake('audience.list', z.object({ limit: z.int(), cursor: z.string().optional() })),
      fake('audience.get', z.object({ audience_id: z.uuid() })),
      fake('sends.get', z.object({ send_id: z.uuid() })),
      fake('sends.deliveries', z.object({ send_id: z.uuid(), status: z.string(), limit: z.int() })),
      fake(
        'sendBulkMessages',
        z.object({
          audience_id: z.uuid().describe('UUID of the audience'),
          channel: z.enum(['whatsapp', 'email']),
          message: z.string().min(1),
          subject: z.string().optional(),
          retry: z.enum(['failed', 'unknown']).optional(),
          schedule_at: z.string().optional(),
          max_wait_seconds: z.number().max(3_600),
        }),
      ),
    ],
    modes: { email: 'sandbox', whatsapp: 'sandbox' },
    clicks: { follow: async () => null },
    unsubscribes: { sender: null, find: async () => null, leave: async () => {}, undo: async () => false },
    dispatcher: {
      ...fakeSenders,
      wake() {},
      start: () => void seen.started++,
      stop: async () => ({ inDoubt: 0, left: 0 }),
    },
    health: fakeHealth(),
    webhooks: { sources: [], take: async () => {} },
    hearBounces: async () => null,
    async close() {
      seen.closed++;
    },
  };
  const unused = () => Promise.reject(new TidingsError('configuration', 'This test has no such thing.'));
  const host = {
    stdin: (async function* () {
      yield Buffer.from('name\nAna\n');
    })() as CliHost['stdin'],
    stdout: stream('out') as unknown as CliHost['stdout'],
    stderr: stream('err') as unknown as CliHost['stderr'],
    env: {} as Record<string, string | undefined>,
    environment: BARE as Environment,
    version: '1.2.3',
    async open() {
      seen.opened++;
      return tidings;
    },
    serve: async ({ port }: { port?: number }) => (port === 8080 ? 0 : 1),
    work: async () => 0,
    mcp: async () => 0,
    backUp: async (file: string) => ({ file, bytes: 1, madeAt: '2026-01-01T00:00:00.000Z' }),
    restored: async () => ({ held: true, message: 'Held.', unfinished: [] }),
    reached: async () => ({ named: 0, marked: [] }),
    doctor: async () => ({ checks: [{ name: 'disk', ok: true as boolean | null, detail: 'fine' }] }),
    judge: async () => ({ checks: [{ name: 'headers', ok: true as boolean | null, detail: 'fine' }] }),
    openDemo: unused as CliHost['openDemo'],
  } satisfies CliHost;
  return { host, seen, calls, tidings, run: (...argv: string[]) => runCli(argv, host) };
}
