import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudAccount } from '../support/cloud-account.ts';
import { startCloudApi } from '../support/cloud-api-server.ts';
import { freshFolder, removeFolder } from '../support/core.ts';
import { TidingsProcess } from '../support/tidings-process.ts';
import { envelope, messages, seconds } from '../support/whatsapp-webhook.ts';

export interface WhatsAppRun {
  readonly leads: number;
  /** After so many messages were taken the server is killed, each time once. */
  readonly killsAt: readonly number[];
  readonly log?: (line: string) => void;
}

export interface WhatsAppRunResult {
  readonly accepted: number;
  readonly most_to_one: number;
  readonly by_text: number;
  readonly by_template: number;
  /** To people who had not written: Meta would have refused them. */
  readonly texts_outside: number;
  readonly kills: number;
  /** After the last kill, before anything was told. */
  readonly unknown_before: number;
  readonly sent: number;
  readonly failed: number;
  readonly skipped: number;
  readonly remaining: number;
  readonly unknown: number;
  readonly delivered: number;
  readonly seconds: number;
}

/** Mobile numbers of twelve countries, as their plans have them: `#` is a digit of the place. */
const COUNTRIES = [
  ...['+525512######', '+55119########', '+1212736####', '+4474001#####', '+491512######', '+336123#####'],
  ...['+346123#####', '+39347123####', '+9198765#####', '+628123######', '+5491123#####', '+57300123####'],
];
const SECRET = 'test_app_secret';
const TOKEN = 'test-token';
const MESSAGE = 'Hello {{lead.first_name}}, we have a special offer for you this week.';
const LONGEST_MS = 240_000;

/**
 * People of twelve countries, half of whom wrote today: those get the text at once, the others a template when it is
 * approved. The server is killed meanwhile; what the answers did not tell, Meta's statuses tell in the end.
 */
export async function runWhatsApp({
  leads,
  killsAt,
  log = () => {},
}: WhatsAppRun): Promise<WhatsAppRunResult> {
  const startedAt = performance.now();
  const account = new CloudAccount('1001');
  const api = await startCloudApi({ token: TOKEN, account, latencyMs: 20 });
  const folder = freshFolder();
  const env = {
    ...{ TIDINGS_DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'info' },
    ...{ WHATSAPP_PHONE_NUMBER_ID: '2001', WHATSAPP_ACCESS_TOKEN: TOKEN, WHATSAPP_API_URL: api.url },
    ...{ WHATSAPP_BUSINESS_ACCOUNT_ID: '1001', WHATSAPP_APP_SECRET: SECRET, WHATSAPP_RATE: '100' },
  };
  let server = new TidingsProcess(['serve'], env);
  const phones = Array.from({ length: leads }, (_, at) => phoneOf(at));
  const isOpen = (at: number) => at % 2 === 0;
  let kills = 0;

  const call = (name: string, args: object) => tool(server.url, name, args);
  async function hook(...changes: object[]): Promise<void> {
    const body = JSON.stringify(envelope(...changes));
    const signature = createHmac('sha256', SECRET).update(body).digest('hex');
    const answer = await fetch(`${server.url}/webhooks/whatsapp`, {
      ...{ method: 'POST', body },
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    });
    if (answer.status !== 200) throw new Error(`the webhook answered ${answer.status}`);
  }
  async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) {
      if (performance.now() - startedAt > LONGEST_MS)
        throw new Error(`not in time: ${what}; ${api.accepted.length} accepted`);
      await sleep(50);
    }
    log(`${what}: ${api.accepted.length} accepted`);
  }

  try {
    await server.ready;
    const lines = phones.map((phone, at) => `Lead ${at},${phone}`);
    const file = await fetch(`${server.url}/api/leads/import`, {
      ...{ method: 'POST', body: `name,phone\n${lines.join('\n')}\n` },
      headers: { 'content-type': 'text/csv' },
    });
    const { created } = (await file.json()) as { created: number };
    if (created !== leads) throw new Error(`${created} of ${leads} leads were made`);
    const wrote = phones.filter((_, at) => isOpen(at));
    for (const phone of wrote) account.inbound(phone);
    for (let at = 0; at < wrote.length; at += 200) {
      const texts = wrote.slice(at, at + 200).map((phone) => ({
        ...{ id: `wamid.in.${phone}`, from: phone.slice(1), type: 'text' },
        ...{ timestamp: seconds(Date.now()), text: { body: 'Hola' } },
      }));
      await hook(messages({ messages: texts }));
    }
    await until('the replies are folded', async () => {
      const { events } = await call('events', { action: 'list', type: 'replied', limit: 1 });
      return (events as unknown[]).length > 0;
    });
    await sleep(1_000);

    const { audience_id } = await call('audience', { action: 'create', name: 'All' });
    const bulk = { audience_id, channel: 'whatsapp', message: MESSAGE, max_wait_seconds: 1 };
    const { send_id } = await call('sendBulkMessages', bulk);
    const killAll = async () => {
      for (const count of killsAt.slice(kills)) {
        const most = account.templates.some(({ status }) => status === 'APPROVED') ? leads : wrote.length;
        if (count >= most) return;
        await until(`kill at ${count}`, () => api.accepted.length >= count);
        await server.end('SIGKILL');
        kills += 1;
        server = new TidingsProcess(['serve'], env);
        await server.ready;
      }
    };
    await killAll();
    const status = () => call('sends', { action: 'get', send_id });
    await until(
      'everybody who wrote is settled',
      async () => Number((await status())['total_remaining']) <= leads - wrote.length,
    );
    await until('the template is submitted', () => account.templates.length > 0);
    for (const one of account.templates) one.status = 'APPROVED';
    await call('templates', { action: 'sync' });
    await killAll();
    await until('everybody is settled', async () => Number((await status())['total_remaining']) === 0);
    const before = await status();

    const told = api.accepted.flatMap(({ id, callbackData }) =>
      ['sent', 'delivered'].map((word) => ({
        ...{ id, status: word, timestamp: seconds(Date.now()), biz_opaque_callback_data: callbackData },
      })),
    );
    for (let at = 0; at < told.length; at += 500)
      await hook(messages({ statuses: told.slice(at, at + 500) }));
    await until(
      'what was told is folded',
      async () =>
        Number((await status())['total_delivered'] ?? 0) >= new Set(api.accepted.map(({ to }) => to)).size,
    );
    const after = await status();
    return {
      ...counted(
        api,
        phones.filter((_, at) => !isOpen(at)),
      ),
      ...totals(before, after),
      kills,
      seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    };
  } finally {
    await server.end('SIGKILL');
    await api.stop();
    removeFolder(folder);
  }
}

function phoneOf(at: number): string {
  const pattern = COUNTRIES[at % COUNTRIES.length]!;
  const places = pattern.split('#').length - 1;
  const digits = String(Math.floor(at / COUNTRIES.length) + 10 ** (places - 1)).padStart(places, '0');
  return pattern.replace(/#+/, digits);
}

type Answer = Readonly<Record<string, unknown>>;

async function tool(url: string, name: string, args: object): Promise<Answer> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  });
  const { result } = (await response.json()) as { result: { structuredContent: Answer; isError?: boolean } };
  if (result.isError) throw new Error(`${name}: ${JSON.stringify(result.structuredContent)}`);
  return result.structuredContent;
}

function counted(api: Awaited<ReturnType<typeof startCloudApi>>, outside: readonly string[]) {
  const times = new Map<string, number>();
  for (const { to } of api.accepted) times.set(to, (times.get(to) ?? 0) + 1);
  const texts = new Set(api.accepted.filter(({ body }) => body !== '').map(({ to }) => to));
  return {
    accepted: api.accepted.length,
    most_to_one: Math.max(...times.values()),
    by_text: texts.size,
    by_template: times.size - texts.size,
    texts_outside: outside.filter((phone) => texts.has(phone)).length,
  };
}

function totals(before: Answer, after: Answer) {
  const of = (name: string) => Number(after[`total_${name}`] ?? 0);
  return {
    unknown_before: Number(before['total_unknown'] ?? 0),
    ...{ sent: of('sent'), failed: of('failed'), skipped: of('skipped'), remaining: of('remaining') },
    ...{ unknown: of('unknown'), delivered: of('delivered') },
  };
}
