import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../bench/support/sink.ts';
import { dkimRecord } from '../../src/providers/email/dkim/dkim-record.ts';
import type { Package } from '../servers/support/packages.ts';
import { freshFolder, removeFolder } from '../support/core.ts';
import { TidingsProcess } from '../support/tidings-process.ts';
import { type Delivered, MailChain, WAYS, type Way } from './mail-chain.ts';

export interface ChainRun {
  readonly postfix: Package;
  readonly opendkim: Package;
  readonly leads: number;
  /** Of each of the ten ways. */
  readonly bouncing: number;
  readonly leaving: number;
  /** After so many messages were taken by the relay the server is killed, each time once. */
  readonly killsAt: readonly number[];
  readonly rate: number;
  /** After so long it ends with what it waits for, and the logs of the servers. */
  readonly longestMs?: number;
  readonly log?: (line: string) => void;
}

interface WayResult {
  readonly people: number;
  readonly taken_by_relay: number;
  readonly came_back: number;
  /** Error codes of their deliveries. */
  readonly codes: readonly string[];
  readonly suppressed: number;
}

export interface ChainResult {
  readonly leads: number;
  readonly kills: number;
  readonly taken_by_relay: number;
  readonly in_mailboxes: number;
  /** Messages that the relay took for one person, at most; and that lie in one mailbox. */
  readonly most_to_one: number;
  readonly most_in_one_mailbox: number;
  readonly dkim_pass: number;
  readonly sent: number;
  readonly failed: number;
  readonly skipped: number;
  readonly remaining: number;
  readonly unknown: number;
  readonly bounced: number;
  readonly ways: Readonly<Record<Way, WayResult>>;
  readonly left: number;
  readonly suppressed: Readonly<Record<string, number>>;
  readonly second: {
    readonly taken_by_relay: number;
    readonly skipped: number;
    readonly in_mailboxes: number;
    readonly most_in_one_mailbox: number;
    readonly to_who_left: number;
    readonly to_hard: number;
    readonly to_soft: number;
  };
  readonly seconds: number;
}

const KEY = 'key-of-a-test-0123456789';

/**
 * A campaign through real mail servers: signed, each with a bounce address of its own; some come back in ten ways, some
 * people leave by the link in the message that reached them, and the server is killed meanwhile. Then a second campaign to
 * the same people.
 */
export async function runChain(run: ChainRun): Promise<ChainResult> {
  const { leads, bouncing, leaving, killsAt, longestMs = 400_000, log = () => {} } = run;
  const startedAt = performance.now();
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { algorithm: 'rsa-sha256', domain: 'shop.test', selector: 'tidings', key: privateKey } as const;
  const bouncePort = await freePort();
  const chain = await MailChain.start({ ...run, bouncePort, dkimRecord: dkimRecord(key) });
  const folder = freshFolder();
  const env = {
    ...{ TIDINGS_DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'info', TIDINGS_API_KEY: KEY },
    ...{ SMTP_URL: `smtp://127.0.0.1:${chain.relayPort}?tls=off`, EMAIL_FROM: 'Shop <news@shop.test>' },
    ...{ SMTP_RATE: String(run.rate), SMTP_CONNECTIONS: '5', POSTAL_ADDRESS: 'Shop, 1 Street, Town' },
    ...{ BOUNCE_DOMAIN: 'bounces.shop.test', BOUNCE_LISTEN: `127.0.0.1:${bouncePort}` },
    PUBLIC_URL: 'https://t.shop.test',
    DKIM_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  let server = new TidingsProcess(['serve'], env);
  const call = (name: string, args: object) => tool(server.url, name, args);
  let missing: readonly string[] = [];
  async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) {
      if (performance.now() - startedAt > longestMs)
        throw new Error(`not in time: ${what} ${missing.join()}\n${chain.logs()}\n${server.log.join('\n')}`);
      await sleep(50);
    }
    log(`${Math.round((performance.now() - startedAt) / 1000)} s, ${what}: ${chain.taken()} taken`);
  }

  try {
    await server.ready;
    const people = addresses(leads, bouncing);
    const given = people.map((email, at) => ({ name: `Lead ${at}`, email }));
    for (let at = 0; at < given.length; at += 500)
      await call('leads', { action: 'import', leads: given.slice(at, at + 500) });
    const { audience_id } = await call('audience', { action: 'create', name: 'All' });
    const message = 'Hello {{lead.name}},\n\nthere is something new in the shop this week.\n';
    const bulk = { audience_id, channel: 'email', subject: 'News for {{lead.name}}', max_wait_seconds: 1 };
    const { send_id } = await call('sendBulkMessages', { ...bulk, message, campaign: 'first' });

    const left = new Set<string>();
    const leave = async (count: number) => {
      for (const { to, raw } of chain.delivered()) {
        if (left.size >= count) return;
        if (left.has(to)) continue;
        await clickAsGmail(server.url, raw);
        left.add(to);
      }
    };
    let kills = 0;
    for (const count of killsAt) {
      await until(`kill at ${count}`, () => chain.taken() >= count);
      await server.end('SIGKILL');
      kills += 1;
      server = new TidingsProcess(['serve'], env);
      await server.ready;
      await leave(Math.round((leaving * kills) / (killsAt.length + 1)));
    }
    const status = () => call('sends', { action: 'get', send_id });
    await until('everybody is settled', async () => Number((await status())['total_remaining']) === 0);
    const queued = () => chain.queuedFor();
    const failed = () => deliveries(call, send_id as string, 'failed');
    const greylisted = people.filter((one) => wayOf(one) === 'greylist');
    const bouncers = people.filter((one) => wayOf(one) !== null);
    await until('everything has come back', async () => {
      // A busy relay may not have tried all of them yet.
      chain.expire(greylisted);
      const took = queued();
      const codes = await failed();
      missing = bouncers.filter((one) => took.has(one) && !codes.get(one)?.startsWith('bounce_'));
      return missing.length === 0;
    });
    const reached = people.filter((one) => wayOf(one) === null && queued().has(one)).length;
    await until('everything is in its mailbox', () => chain.delivered().length >= reached);
    await leave(leaving);
    await until('who left is known', async () => (await suppressed(call))['unsubscribed'] === leaving);
    const first = chain.delivered();
    const after = await status();
    const codes = await failed();
    const took = queued();
    const refused = await suppressedContacts(call);

    const again = { ...bulk, message: `${message}\nAnd more.`, campaign: 'second' };
    const { send_id: second_id } = await call('sendBulkMessages', again);
    const secondStatus = () => call('sends', { action: 'get', send_id: second_id });
    await until(
      'the second one is settled',
      async () => Number((await secondStatus())['total_remaining']) === 0,
    );
    const tookBoth = () => {
      const both = queued();
      return people.filter((one) => (both.get(one)?.size ?? 0) > (took.get(one)?.size ?? 0));
    };
    const wanted = people.filter((one) => !refused.has(one));
    await until('the relay has the second one', () => tookBoth().length >= wanted.length);
    const healthy = wanted.filter((one) => wayOf(one) === null).length;
    await until('it is in the mailboxes', () => chain.delivered().length - first.length >= healthy);
    const second = await secondStatus();
    const firsts = new Set(first.map(({ raw }) => raw));
    const later = chain.delivered().filter(({ raw }) => !firsts.has(raw));
    const tookSecond = tookBoth();
    const ofKind = (kind: string) => tookSecond.filter((one) => kindOf(one) === kind).length;
    return {
      leads,
      kills,
      taken_by_relay: [...took.values()].reduce((sum, ids) => sum + ids.size, 0),
      in_mailboxes: first.length,
      most_to_one: Math.max(...[...took.values()].map((ids) => ids.size)),
      most_in_one_mailbox: mostToOne(first),
      dkim_pass: first.filter(({ raw }) =>
        /^Authentication-Results: mx\.people\.test;[\s\S]{0,80}?dkim=pass/m.test(raw),
      ).length,
      ...totals(after),
      ways: byWay(people, took, codes, refused),
      left: left.size,
      suppressed: await suppressed(call),
      second: {
        taken_by_relay: tookSecond.length,
        skipped: Number(second['total_skipped']),
        in_mailboxes: later.length,
        most_in_one_mailbox: mostToOne(later),
        to_who_left: tookSecond.filter((one) => left.has(one)).length,
        to_hard: ofKind('hard'),
        to_soft: ofKind('soft'),
      },
      seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    };
  } finally {
    await server.end('SIGKILL');
    await chain.stop();
    removeFolder(folder);
  }
}

/** Those that bounce stand between the others, in turns. */
function addresses(leads: number, bouncing: number): string[] {
  const ways = Object.keys(WAYS) as Way[];
  const every = Math.floor(leads / (bouncing * ways.length));
  return Array.from({ length: leads }, (_, at) => {
    const turn = at / every;
    if (!Number.isInteger(turn) || turn >= bouncing * ways.length) return `person-${at}@people.test`;
    const way = ways[turn % ways.length]!;
    return `${way}-${Math.floor(turn / ways.length)}@${WAYS[way].domain}`;
  });
}

function wayOf(address: string): Way | null {
  const name = address.slice(0, address.indexOf('-'));
  return name in WAYS ? (name as Way) : null;
}

function kindOf(address: string): string | null {
  const way = wayOf(address);
  return way && WAYS[way].kind;
}

/** What Gmail does when somebody presses its button (RFC 8058): the address of the header, and nothing else. */
async function clickAsGmail(url: string, raw: string): Promise<void> {
  const unfolded = raw.replace(/\r?\n[ \t]+/g, ' ');
  const link = /^List-Unsubscribe:.*<https:\/\/t\.shop\.test(\/[^>]+)>/im.exec(unfolded)?.[1];
  if (!link || !/^List-Unsubscribe-Post: List-Unsubscribe=One-Click/im.test(unfolded))
    throw new Error(`no link to unsubscribe in\n${raw}`);
  const answer = await fetch(url + link, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'List-Unsubscribe=One-Click',
    redirect: 'manual',
  });
  if (answer.status !== 200) throw new Error(`leaving was answered with ${answer.status}`);
}

type Answer = Readonly<Record<string, unknown>>;
type Call = (name: string, args: object) => Promise<Answer>;

async function tool(url: string, name: string, args: object): Promise<Answer> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  });
  const text = await response.text();
  const { result } = JSON.parse(text) as { result?: { structuredContent: Answer; isError?: boolean } };
  if (!result || result.isError) throw new Error(`${name}: ${text.slice(0, 1_000)}`);
  return result.structuredContent;
}

/** Error codes by address. */
async function deliveries(call: Call, send_id: string, status: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let cursor: string | null = null;
  do {
    const more: object = cursor === null ? {} : { cursor };
    const page = await call('sends', { action: 'deliveries', send_id, status, limit: 200, ...more });
    for (const one of page['deliveries'] as { contact: string; error_code: string | null }[])
      found.set(one.contact, one.error_code ?? '');
    cursor = page['next_cursor'] as string | null;
  } while (cursor);
  return found;
}

async function suppressedContacts(call: Call): Promise<Map<string, string>> {
  const { suppressions } = await call('suppressions', { action: 'list', limit: 200 });
  const rows = suppressions as { contact: string; reason: string }[];
  return new Map(rows.map(({ contact, reason }) => [contact, reason]));
}

async function suppressed(call: Call): Promise<Record<string, number>> {
  const reasons: Record<string, number> = {};
  for (const reason of (await suppressedContacts(call)).values())
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  return reasons;
}

function byWay(
  people: readonly string[],
  took: ReadonlyMap<string, ReadonlySet<string>>,
  codes: ReadonlyMap<string, string>,
  refused: ReadonlyMap<string, string>,
): Record<Way, WayResult> {
  const rows = (Object.keys(WAYS) as Way[]).map((way): [Way, WayResult] => {
    const own = people.filter((one) => wayOf(one) === way);
    const back = own.filter((one) => codes.get(one)?.startsWith('bounce_'));
    return [
      way,
      {
        people: own.length,
        taken_by_relay: own.filter((one) => took.has(one)).length,
        came_back: back.length,
        codes: [...new Set(own.flatMap((one) => codes.get(one) ?? []))].sort(),
        suppressed: own.filter((one) => refused.has(one)).length,
      },
    ];
  });
  return Object.fromEntries(rows) as Record<Way, WayResult>;
}

function mostToOne(mails: readonly Delivered[]): number {
  const times = new Map<string, number>();
  for (const { to } of mails) times.set(to, (times.get(to) ?? 0) + 1);
  return Math.max(0, ...times.values());
}

function totals(status: Answer) {
  return {
    sent: Number(status['total_sent']),
    failed: Number(status['total_failed']),
    skipped: Number(status['total_skipped']),
    remaining: Number(status['total_remaining']),
    unknown: Number(status['total_unknown'] ?? 0),
    bounced: Number(status['total_bounced'] ?? 0),
  };
}
