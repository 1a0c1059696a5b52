import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { anyUnfolded } from '../../src/core/events/event.store.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { startCloudApi } from '../support/cloud-api-server.ts';
import { freshFolder, ledgerOf, removeFolder } from '../support/core.ts';
import { freeze } from '../support/freeze.ts';
import { startSmtpServer } from '../support/smtp-server.ts';
import { endsWithUs } from '../support/until-exit.ts';
import { APP_SECRET } from '../support/whatsapp-webhook.ts';
import { type Audit, audit } from './audit.ts';
import { Teller } from './teller.ts';

/** Moments at which the server kills itself, see `fault-points.ts`. */
const COMMITS = ['freeze', 'claim', 'settle', 'recover'].flatMap((kind) => [
  `${kind}:before`,
  `${kind}:after`,
]);
/** Moments of a conversation at which the provider's side kills the server. */
export const MOMENTS = [
  'smtp:connect',
  'smtp:mail',
  'smtp:rcpt',
  'smtp:data',
  'smtp:body, then refused',
  'smtp:body, then accepted',
  'smtp:answered',
  'cloud:asked, then refused',
  'cloud:asked, then accepted',
  'cloud:answered',
] as const;
export type Moment = (typeof MOMENTS)[number];
const OTHERS = ['random', 'terminate', 'stall', 'rival'] as const;
export const FAULTS: readonly string[] = [...OTHERS, ...COMMITS, ...MOMENTS];

const CONNECTIONS = 5;
const EMAIL_WINDOW = 4 * CONNECTIONS;
const WHATSAPP_RATE = 500;
const WHATSAPP_WINDOW = 256;
/** The most that one kill may leave in doubt: what both channels have in flight. */
export const WINDOW = EMAIL_WINDOW + WHATSAPP_WINDOW;
const SMTP_LATENCY_MS = 5;
const CLOUD_LATENCY_MS = 100;
/** Messages that a channel must have left, so that every moment of it is met. */
const ENOUGH = 150;
/** A fault point that is not met for this long is not there. */
const PATIENCE_MS = 30_000;

export interface TortureOptions {
  readonly kills: number;
  readonly leads: number;
  /** The same seed gives the same faults in the same order with the same delays. */
  readonly seed: number;
  /** Default: all. */
  readonly faults?: readonly string[];
  /** The provider of WhatsApp tells what became of messages: late, twice, out of order. */
  readonly tells?: boolean;
  readonly report?: (line: string) => void;
  /** Ends the run early, with everything that it started. */
  readonly signal?: AbortSignal;
}

export interface TortureResult extends Audit {
  /** How often each fault was met. */
  readonly faults: Readonly<Record<string, number>>;
  /** Faults whose moment never came. */
  readonly missed: readonly string[];
  /** Promises broken on the way: too much in doubt after a kill, a bad exit, … Empty: none. */
  readonly complaints: readonly string[];
  /** The most that one kill left in doubt. */
  readonly mostInDoubt: number;
  /** From the start of a process to the first message it sent; milliseconds. */
  readonly recoveryMs: readonly number[];
  /** From SIGTERM to the end of the process; milliseconds. */
  readonly drainMs: readonly number[];
  readonly seconds: number;
}

/**
 * Sends campaign after campaign through a real server over real SMTP and HTTP, and kills it over and over; whoever
 * called calls again. In the end every campaign is sent to its end and the providers' records are laid beside the
 * ledger.
 */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const run = new TortureRun(options);
  try {
    return await unlessAborted(run.run(), options.signal);
  } finally {
    await run.close();
  }
}

/** What comes first: its end, or that nobody waits for it any more. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
  });
  return Promise.race([work, aborted]);
}

/** What does not come to its end within so long is given up, and said by its name. */
export async function within<T>(what: string, ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${what} did not come to its end in ${ms / 1_000} s.`)),
    ms,
  );
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

class TortureRun {
  readonly #options: TortureOptions;
  readonly #random: () => number;
  readonly #folder = freshFolder();
  readonly #children = new Set<Server>();
  readonly #faults: Record<string, number> = {};
  readonly #missed: string[] = [];
  readonly #complaints: string[] = [];
  readonly #recoveryMs: number[] = [];
  readonly #drainMs: number[] = [];
  #armed: { moment: Moment; left: number; hit: () => void } | null = null;
  #smtp!: Awaited<ReturnType<typeof startSmtpServer>>;
  #cloud!: Awaited<ReturnType<typeof startCloudApi>>;
  #ledger!: Ledger;
  #teller: Teller | null = null;
  #audience = '';
  #campaign = 1;
  #mostInDoubt = 0;

  constructor(options: TortureOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
  }

  async run(): Promise<TortureResult> {
    const startedAt = performance.now();
    await this.#prepare();
    const { kills, faults = FAULTS } = this.#options;
    let deck: string[] = [];
    for (let round = 1; round <= kills; round++) {
      if (deck.length === 0) deck = this.#shuffle(faults);
      const fault = deck.pop()!;
      const before = await this.#inDoubt();
      const violence = await this.#round(fault);
      const added = (await this.#inDoubt()) - before;
      if (violence > 0) this.#mostInDoubt = Math.max(this.#mostInDoubt, Math.ceil(added / violence));
      if (added > violence * WINDOW) this.#complaints.push(`${fault}: ${added} more in doubt`);
      this.#options.report?.(`${round}/${kills} ${fault}: ${this.#accepted()} accepted, ${added} in doubt`);
    }
    await this.#finish();
    return {
      ...(await audit(this.#ledger, this.#smtp.messages, this.#cloud.accepted)),
      faults: this.#faults,
      missed: this.#missed,
      complaints: this.#complaints,
      mostInDoubt: this.#mostInDoubt,
      recoveryMs: this.#recoveryMs,
      drainMs: this.#drainMs,
      seconds: (performance.now() - startedAt) / 1000,
    };
  }

  async close(): Promise<void> {
    await this.#teller?.close();
    for (const child of this.#children) child.process.kill('SIGKILL');
    await this.#ledger?.close();
    await this.#smtp?.stop();
    await this.#cloud?.stop();
    removeFolder(this.#folder);
  }

  async #prepare(): Promise<void> {
    this.#smtp = await startSmtpServer({
      onConnect: () => this.#at('smtp:connect', null),
      onMail: () => this.#at('smtp:mail', null),
      onRcpt: () => this.#at('smtp:rcpt', null),
      onDataCommand: () => this.#at('smtp:data', null),
      onMessage: async () => {
        await sleep(SMTP_LATENCY_MS);
        setTimeout(() => this.#at('smtp:answered', null), 1);
        return (
          this.#at('smtp:body, then refused', '451 4.3.0 Try again later') ??
          this.#at('smtp:body, then accepted', null)
        );
      },
    });
    this.#cloud = await startCloudApi({
      latencyMs: CLOUD_LATENCY_MS,
      script: () => {
        setTimeout(() => this.#at('cloud:answered', null), CLOUD_LATENCY_MS + 1);
        this.#at('cloud:asked, then accepted', null);
        return this.#at('cloud:asked, then refused', { resetBefore: true }) ?? undefined;
      },
    });
    const first = await this.#start();
    const rows = Array.from(
      { length: this.#options.leads },
      (_, at) => `L${at},l${at}@example.com,+52551${String(at).padStart(7, '0')}\n`,
    );
    const csv = `name,email,phone\n${rows.join('')}`;
    await first.call('/leads/import', csv, 'text/csv');
    const { audience_id } = await first.call<{ audience_id: string }>('/audiences', { name: 'All' });
    this.#audience = audience_id;
    await this.#stopGently(first);
    this.#ledger = await ledgerOf(this.#folder);
    if (!this.#options.tells) return;
    const urls = () => [...this.#children].flatMap(({ url }) => url || []);
    this.#teller = new Teller(this.#cloud.accepted, urls, seeded(this.#options.seed));
  }

  /** @returns how many processes died in the middle. */
  async #round(fault: string): Promise<number> {
    const isFresh = fault.startsWith('freeze');
    if (isFresh || (await this.#leastLeft()) < ENOUGH) this.#campaign += 1;
    const [kind, when] = fault.split(':');
    if (kind === 'recover') await this.#leaveDoubt();
    const count = 1 + Math.floor(this.#random() * (kind === 'claim' || kind === 'settle' ? 20 : 60));
    const delayMs = this.#random() * 600;

    if (COMMITS.includes(fault)) {
      const isOnce = kind === 'freeze' || kind === 'recover';
      const child = await this.#start(`${kind}:${when}:${isOnce ? 1 : count}`);
      await this.#call(child);
      await this.#died(child, fault);
      return kind === 'recover' ? 2 : 1;
    }
    if (MOMENTS.includes(fault as Moment)) {
      const child = await this.#start();
      const hit = this.#arm(fault as Moment, fault === 'smtp:connect' ? 1 : count);
      await this.#call(child);
      await Promise.race([hit, sleep(PATIENCE_MS, undefined, { ref: false })]);
      await this.#died(child, fault);
      return 1;
    }
    if (fault === 'terminate') {
      const child = await this.#start();
      await this.#call(child);
      await this.#sends();
      await sleep(delayMs);
      await this.#stopGently(child);
      this.#met(fault);
      return 0;
    }
    if (fault === 'stall') {
      await this.#stall(delayMs);
      this.#met(fault);
      return 2;
    }
    if (fault === 'rival') {
      const [one, two] = await Promise.all([this.#start(), this.#start()]);
      await Promise.all([this.#call(one), this.#call(two)]);
      await this.#sends();
      await sleep(delayMs);
      await this.#kill(one);
      await this.#sends();
      await this.#kill(two);
      this.#met(fault);
      return 2;
    }
    // At random: also while it starts and recovers.
    const starting = this.#start();
    await sleep(delayMs);
    for (const child of this.#children) child.process.kill('SIGKILL');
    await starting;
    this.#met(fault);
    return 1;
  }

  /** One process is frozen for longer than its lease; another one takes over; the first one thaws. */
  async #stall(delayMs: number): Promise<void> {
    const first = await this.#start();
    await this.#call(first);
    await this.#sends();
    await sleep(delayMs);
    await freeze(first.process, this.#folder);
    const second = await this.#start();
    this.#campaign += 1;
    await this.#call(second);
    await this.#sends();
    first.process.kill('SIGCONT');
    await sleep(delayMs);
    await this.#kill(first);
    await this.#kill(second);
  }

  /** A process dies with messages in flight, so that the next one has something to recover. */
  async #leaveDoubt(): Promise<void> {
    do {
      const child = await this.#start();
      await this.#call(child);
      await this.#sends();
      await sleep(50);
      await this.#kill(child);
    } while ((await this.#sum('in_flight')) === 0);
  }

  async #finish(): Promise<void> {
    const child = await this.#start();
    const sends: { campaign: string; channel: string }[] = [];
    for (let at = 1; at <= this.#campaign; at++)
      for (const channel of ['email', 'whatsapp']) sends.push({ campaign: `c${at}`, channel });
    for (const send of sends) {
      const result = await this.#send(child, send, 300);
      if (result.state !== 'completed')
        this.#complaints.push(`${send.campaign} by ${send.channel} ended ${result.state}: ${result.error}`);
    }
    await this.#teller?.drained();
    while (await anyUnfolded(this.#ledger)) await sleep(50);
    const accepted = this.#accepted();
    for (const send of sends) await this.#send(child, send, 1);
    if (this.#accepted() > accepted) this.#complaints.push('a call for a completed send sent something');
    await this.#stopGently(child);
  }

  #at<T>(moment: Moment, answer: T): T | null {
    if (this.#armed?.moment !== moment || --this.#armed.left > 0) return null;
    for (const child of this.#children) child.process.kill('SIGKILL');
    this.#armed.hit();
    this.#armed = null;
    return answer;
  }

  #arm(moment: Moment, left: number): Promise<void> {
    return new Promise((hit) => {
      this.#armed = { moment, left, hit };
    });
  }

  #met(fault: string): void {
    this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
  }

  /** The fault kills the process; one that does not within its time was never met. */
  async #died(child: Server, fault: string): Promise<void> {
    const isDead = await Promise.race([
      child.ended.then(() => true),
      sleep(PATIENCE_MS, false, { ref: false }),
    ]);
    if (isDead) return this.#met(fault);
    this.#armed = null;
    this.#missed.push(fault);
    await this.#kill(child);
  }

  async #kill(child: Server): Promise<void> {
    child.process.kill('SIGKILL');
    await child.ended;
  }

  async #stopGently(child: Server): Promise<void> {
    const startedAt = performance.now();
    child.process.kill('SIGTERM');
    const code = await child.ended;
    this.#drainMs.push(performance.now() - startedAt);
    if (code !== 0) this.#complaints.push(`SIGTERM: the process ended with ${code}`);
  }

  /** Until something was sent since now. */
  async #sends(): Promise<void> {
    const before = this.#accepted();
    const startedAt = performance.now();
    while (this.#accepted() === before) {
      if (performance.now() - startedAt > PATIENCE_MS) {
        this.#complaints.push(`nothing was sent for ${PATIENCE_MS / 1000} s`);
        return;
      }
      await sleep(2);
    }
  }

  /** As an agent does that had no answer: the same call again. What dies in the middle has no answer. */
  async #call(child: Server): Promise<void> {
    const calls = ['email', 'whatsapp'].map((channel) =>
      this.#send(child, { campaign: `c${this.#campaign}`, channel }, 0),
    );
    await Promise.allSettled(calls);
  }

  #send(child: Server, send: { campaign: string; channel: string }, waitSeconds: number) {
    return child.call<{ state: string; error?: string }>('/sends', {
      audience_id: this.#audience,
      ...send,
      message: `${send.campaign} for {{lead.name}}`,
      ...(send.channel === 'email' && { subject: send.campaign }),
      max_wait_seconds: waitSeconds,
    });
  }

  #accepted(): number {
    return this.#smtp.messages.length + this.#cloud.accepted.length;
  }

  async #sum(expression: string): Promise<number> {
    const row = await this.#ledger.get<{ n: number | null }>(`SELECT sum(${expression}) AS n FROM chunks`);
    return row?.n ?? 0;
  }

  #inDoubt(): Promise<number> {
    return this.#sum('unknown + in_flight');
  }

  /** What the channel that is nearer to its end still has to send. */
  async #leastLeft(): Promise<number> {
    const rows = await this.#ledger.all<{ n: number }>(
      `SELECT CAST(sum(c.last_position - c.first_position + 1 - c.sent - c.failed - c.skipped) AS BIGINT) AS n
       FROM chunks c JOIN sends s ON s.seq = c.send_seq GROUP BY s.channel`,
    );
    return Math.min(...rows.map(({ n }) => n), rows.length < 2 ? 0 : Number.POSITIVE_INFINITY);
  }

  #shuffle(faults: readonly string[]): string[] {
    const deck = [...faults];
    for (let at = deck.length - 1; at > 0; at--) {
      const other = Math.floor(this.#random() * (at + 1));
      [deck[at], deck[other]] = [deck[other]!, deck[at]!];
    }
    return deck;
  }

  /** Resolves when the server is ready, or dead. */
  async #start(fault = ''): Promise<Server> {
    const child = new Server({
      TIDINGS_DATA_DIR: this.#folder,
      TIDINGS_FAULT: fault,
      PORT: '0',
      SMTP_URL: `${this.#smtp.url}?tls=off`,
      SMTP_CONNECTIONS: String(CONNECTIONS),
      EMAIL_FROM: 'news@shop.example',
      WHATSAPP_API_URL: this.#cloud.url,
      WHATSAPP_PHONE_NUMBER_ID: '1234567890',
      WHATSAPP_ACCESS_TOKEN: 'secret',
      WHATSAPP_APP_SECRET: APP_SECRET,
      WHATSAPP_RATE: String(WHATSAPP_RATE),
    });
    this.#children.add(child);
    void child.ended.then(() => this.#children.delete(child));
    const before = this.#accepted();
    const startedAt = performance.now();
    const watch = setInterval(() => {
      if (this.#accepted() === before) return;
      this.#recoveryMs.push(performance.now() - startedAt);
      clearInterval(watch);
    }, 2);
    void child.ended.then(() => clearInterval(watch));
    await Promise.race([child.ready, child.ended]);
    return child;
  }
}

/** `tidings serve` as a child process. */
class Server {
  readonly process: ChildProcess;
  /** Its exit code; null: killed. */
  readonly ended: Promise<number | null>;
  readonly ready: Promise<void>;
  /** Empty until it listens. */
  url = '';

  constructor(env: Record<string, string>) {
    const faults = join(import.meta.dirname, 'fault-points.ts');
    const main = join(import.meta.dirname, '../../src/main.ts');
    this.process = spawn(process.execPath, ['--import', faults, main, 'serve'], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    endsWithUs(this.process);
    this.ended = once(this.process, 'exit').then(([code]) => code as number | null);
    this.ready = new Promise((resolve) => {
      createInterface({ input: this.process.stderr! }).on('line', (line) => {
        const url = /"url":"([^"]+)"/.exec(line)?.[1];
        if (url === undefined) return;
        this.url = url;
        resolve();
      });
    });
  }

  async call<T>(path: string, body: object | string, type = 'application/json'): Promise<T> {
    const response = await fetch(`${this.url}/api${path}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return (await response.json()) as T;
  }
}

/** Mulberry32: small, and the same everywhere. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
