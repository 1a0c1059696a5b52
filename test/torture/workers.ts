import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { anyUnfolded } from '../../src/core/events/event.store.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { startCloudApi } from '../support/cloud-api-server.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { startSmtpServer } from '../support/smtp-server.ts';
import type { TidingsProcess } from '../support/tidings-process.ts';
import { APP_SECRET } from '../support/whatsapp-webhook.ts';
import { type Audit, audit } from './audit.ts';
import { wrongChunks } from './chunk-totals.ts';
import { Recoveries, type Takeovers } from './recoveries.ts';
import { Teller } from './teller.ts';
import { MOMENTS, type Moment, seeded, unlessAborted, within } from './torture.ts';
import { WorkerSlot } from './worker-slot.ts';

/** Commits at which a worker dies, loses its line, or stands still: see `postgres-fault-points.ts`. */
const KINDS = ['freeze', 'take', 'claim', 'settle', 'recover', 'give back', 'lease'];
const COMMITS = KINDS.flatMap((kind) =>
  ['before', 'after', 'undone', 'unheard'].map((when) => `${kind}:${when}`),
);
const STALLS = ['claim:stalled', 'settle:stalled', 'lease:stalled'];
const OTHERS = [
  'kill',
  'kill a young one',
  'kill all',
  'roll',
  'stall',
  'line: cut one',
  'line: cut all',
  'line: hold all',
  'line: hold one for long',
  'server: kill',
  'server: restart',
];
const DATABASE = ['database: crash', 'database: stop', 'database: away for long'];
export const WORKER_FAULTS: readonly string[] = [...OTHERS, ...DATABASE, ...COMMITS, ...STALLS, ...MOMENTS];

const CONNECTIONS = 5;
const EMAIL_WINDOW = 4 * CONNECTIONS;
const RATE = 200;
const WHATSAPP_WINDOW = RATE;
/** The most that the end of one worker may leave in doubt. */
export const WORKER_WINDOW = EMAIL_WINDOW + WHATSAPP_WINDOW;
const SMTP_LATENCY_MS = 5;
const CLOUD_LATENCY_MS = 100;
/** A fault point that is not met for this long is not there. */
const PATIENCE_MS = 60_000;
/** Longer than a job is kept for a worker that is silent. */
const STALL_MS = 14_000;
const SHORT_MS = 3_000;
/** Nothing has ever taken half as long: whatever takes longer does not end. */
const PREPARE_MS = 3 * 60_000;
const ROUND_MS = 4 * 60_000;
const FINISH_MS = 15 * 60_000;
const AUDIT_MS = 5 * 60_000;
const CLOSE_MS = 30_000;

export interface WorkersOptions {
  /** Faults go on until so many processes were killed, and every fault was met once. */
  readonly kills: number;
  readonly leads: number;
  readonly workers: number;
  /** The same seed gives the same faults in the same order with the same delays. */
  readonly seed: number;
  /** Default: all. */
  readonly faults?: readonly string[];
  /** The provider of WhatsApp tells what became of messages: late, twice, out of order. */
  readonly tells?: boolean;
  /** Null: a PostgreSQL of its own, which it may stop. */
  readonly databaseUrl: string | null;
  readonly report?: (line: string) => void;
  /** Ends the run early, with everything that it started. */
  readonly signal?: AbortSignal;
}

export interface WorkersResult extends Audit {
  readonly faults: Readonly<Record<string, number>>;
  readonly missed: readonly string[];
  /** Promises broken on the way. Empty: none. */
  readonly complaints: readonly string[];
  /** Processes ended by SIGKILL; crashes of the database among them. */
  readonly kills: number;
  /** The most that the end of one worker left in doubt. */
  readonly mostInDoubt: number;
  /** What may be unknown at most, going by what each fault found in flight. */
  readonly unknownBound: number;
  /** From the end of a worker until others have all its chunks; milliseconds. */
  readonly takeovers: Takeovers;
  /** From the return of the database, or the line to it, to the next message; milliseconds. */
  readonly returnMs: readonly number[];
  /** From SIGTERM to the end of a worker; milliseconds. */
  readonly drainMs: readonly number[];
  readonly seconds: number;
}

/**
 * Sends campaign after campaign through several workers that share one PostgreSQL, and does to them, to the database
 * and to the lines between them what can happen. In the end every campaign is sent to its end and the providers'
 * records are laid beside the ledger.
 */
export async function tortureWorkers(options: WorkersOptions): Promise<WorkersResult> {
  const run = new WorkersRun(options);
  try {
    return await unlessAborted(run.run(), options.signal);
  } finally {
    // What does not end by then ends with this process.
    await within('Closing', CLOSE_MS, run.close()).catch((error: unknown) =>
      options.report?.((error as Error).message),
    );
  }
}

class WorkersRun {
  readonly #options: WorkersOptions;
  readonly #random: () => number;
  readonly #faults: Record<string, number> = {};
  readonly #missed: string[] = [];
  readonly #complaints: string[] = [];
  readonly #returnMs: number[] = [];
  readonly #drainMs: number[] = [];
  /** What goes on beside the rounds. */
  readonly #pending = new Set<Promise<unknown>>();
  #database: PostgresServer | null = null;
  #databaseUrl = '';
  #ledger!: Ledger;
  #recoveries!: Recoveries;
  #teller: Teller | null = null;
  #smtp!: Awaited<ReturnType<typeof startSmtpServer>>;
  #cloud!: Awaited<ReturnType<typeof startCloudApi>>;
  #slots: WorkerSlot[] = [];
  #server!: WorkerSlot;
  #armed: { moment: Moment; left: number; hit: (client: string) => void } | null = null;
  /** Called by the end of a worker, or when it says that it met its fault. */
  #onMet: (slot: WorkerSlot) => void = () => {};
  readonly #expected = new WeakSet<TidingsProcess>();
  #awayUntil = 0;
  #audience = '';
  #campaign = 0;
  #kills = 0;
  #mostInDoubt = 0;
  #extraDoubt = 0;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
  }

  async run(): Promise<WorkersResult> {
    const startedAt = performance.now();
    await within('Preparing', PREPARE_MS, this.#prepare());
    const { kills, faults = WORKER_FAULTS, databaseUrl } = this.#options;
    const possible = faults.filter((fault) => databaseUrl === null || !DATABASE.includes(fault));
    let deck = this.#shuffle(possible);
    for (let round = 1; this.#kills < kills || round <= possible.length; round++) {
      if (deck.length === 0) deck = this.#shuffle(possible);
      const fault = deck.pop()!;
      await within(`Round ${round} (${fault})`, ROUND_MS, this.#tellRound(round, fault)).catch(
        (cause: unknown) => {
          throw new Error(`${(cause as Error).message} ${this.#whereItStands()}`, { cause });
        },
      );
    }
    await within('Sending the rest', FINISH_MS, this.#finish());
    const found = await within(
      'The audit',
      AUDIT_MS,
      audit(this.#ledger, this.#smtp.messages, this.#cloud.accepted),
    );
    const unknownBound = this.#recoveries.inDoubt.reduce((sum, one) => sum + one, this.#extraDoubt);
    if (found.unknown > unknownBound)
      this.#complaints.push(`${found.unknown} are unknown, and no more than ${unknownBound} were in flight`);
    return {
      ...found,
      wrong: [...found.wrong, ...(await wrongChunks(this.#ledger))],
      faults: this.#faults,
      missed: this.#missed,
      complaints: this.#complaints,
      kills: this.#kills,
      mostInDoubt: this.#mostInDoubt,
      unknownBound,
      takeovers: this.#recoveries.tookMs,
      returnMs: this.#returnMs,
      drainMs: this.#drainMs,
      seconds: (performance.now() - startedAt) / 1_000,
    };
  }

  /** For whoever reads why a round did not end. */
  #whereItStands(): string {
    const workers = [this.#server, ...this.#slots].map(
      ({ name, process, isStalled }) =>
        `${name}: ${process.isDead ? 'dead' : isStalled ? 'stalled' : 'alive'}, last said ${process.log.at(-1)}`,
    );
    return [`${this.#accepted()} accepted`, ...workers].join('\n');
  }

  async #tellRound(round: number, fault: string): Promise<void> {
    const startedAt = performance.now();
    await this.#supply();
    await this.#round(fault);
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    this.#options.report?.(
      `${round}: ${fault}, ${seconds} s; ${this.#kills} kills, ${this.#accepted()} accepted, ${await this.#inDoubt()} in doubt`,
    );
  }

  async close(): Promise<void> {
    await this.#teller?.close();
    await Promise.all([...this.#slots, this.#server].map((slot) => slot?.close()));
    await this.#recoveries?.stop();
    if (this.#database === null) await this.#removeSchemas();
    await this.#ledger?.close();
    await this.#smtp?.stop();
    await this.#cloud?.stop();
    await this.#database?.remove();
  }

  async #prepare(): Promise<void> {
    if (this.#options.databaseUrl === null) this.#database = await startPostgres();
    const url = new URL(this.#options.databaseUrl ?? this.#database!.url);
    url.searchParams.set('schema', `torture_${randomBytes(4).toString('hex')}`);
    this.#databaseUrl = url.href;
    await this.#openProviders();
    this.#ledger = await openLedger({ dataDir: '', databaseUrl: this.#databaseUrl });
    this.#recoveries = new Recoveries(this.#ledger, () =>
      this.#slots.some(({ process, isStalled }) => process.isReady && !process.isDead && !isStalled),
    );
    this.#server = await this.#open('server', ['serve', '--no-dispatch'], 9);
    await this.#server.process.ready;
    const urls = () => [this.#server.process.url].filter((url) => url !== '');
    if (this.#options.tells)
      this.#teller = new Teller(this.#cloud.accepted, urls, seeded(this.#options.seed));
    for (let at = 0; at < this.#options.workers; at++)
      this.#slots.push(await this.#open(`worker ${at}`, ['worker'], 10 + at));
    await Promise.all(this.#slots.map(({ process }) => process.ready));
    const rows = Array.from(
      { length: this.#options.leads },
      (_, at) => `L${at},l${at}@example.com,+52551${String(at).padStart(7, '0')}\n`,
    );
    const { process } = this.#server;
    await process.call('/leads/import', `name,email,phone\n${rows.join('')}`, 'text/csv');
    this.#audience = (await process.call<{ audience_id: string }>('/audiences', { name: 'All' })).audience_id;
  }

  async #openProviders(): Promise<void> {
    this.#smtp = await startSmtpServer({
      onConnect: (_, client) => this.#at('smtp:connect', client, null),
      onMail: (_, client) => this.#at('smtp:mail', client, null),
      onRcpt: (_, client) => this.#at('smtp:rcpt', client, null),
      onDataCommand: (client) => this.#at('smtp:data', client, null),
      onMessage: async (_, client) => {
        await sleep(SMTP_LATENCY_MS);
        setTimeout(() => this.#at('smtp:answered', client, null), 1);
        return (
          this.#at('smtp:body, then refused', client, '451 4.3.0 Try again later') ??
          this.#at('smtp:body, then accepted', client, null)
        );
      },
    });
    this.#cloud = await startCloudApi({
      latencyMs: CLOUD_LATENCY_MS,
      script: ({ client }) => {
        setTimeout(() => this.#at('cloud:answered', client, null), CLOUD_LATENCY_MS + 1);
        this.#at('cloud:asked, then accepted', client, null);
        return this.#at('cloud:asked, then refused', client, { resetBefore: true }) ?? undefined;
      },
    });
  }

  #open(name: string, args: readonly string[], host: number): Promise<WorkerSlot> {
    return WorkerSlot.open({
      name,
      args,
      client: `127.0.0.${host}`,
      databaseUrl: this.#databaseUrl,
      env: {
        PORT: '0',
        SMTP_URL: `${this.#smtp.url}?tls=off`,
        SMTP_CONNECTIONS: String(CONNECTIONS),
        SMTP_RATE: String(RATE),
        EMAIL_FROM: 'news@shop.example',
        WHATSAPP_API_URL: this.#cloud.url,
        WHATSAPP_PHONE_NUMBER_ID: '1234567890',
        WHATSAPP_ACCESS_TOKEN: 'secret',
        WHATSAPP_APP_SECRET: APP_SECRET,
        WHATSAPP_RATE: String(RATE),
      },
      onEnd: (slot, process, code) => this.#ended(slot, process, code),
      onMet: (slot) => this.#onMet(slot),
    });
  }

  /** Both channels have enough to send; whoever called and had no answer calls again. */
  async #supply(): Promise<void> {
    const rows = await this.#ledger.all<{ n: number }>(
      `SELECT CAST(sum(c.last_position - c.first_position + 1 - c.sent - c.failed - c.skipped) AS BIGINT) AS n
       FROM chunks c JOIN sends s ON s.seq = c.send_seq GROUP BY s.channel`,
    );
    const least = rows.length < 2 ? 0 : Math.min(...rows.map(({ n }) => n));
    if (least < this.#options.leads / 2) this.#campaign += 1;
    await this.#call();
  }

  async #round(fault: string): Promise<void> {
    const [kind = '', when = ''] = fault.split(':');
    const delayMs = this.#random() * 600;
    const count = 1 + Math.floor(this.#random() * (kind === 'claim' || kind === 'settle' ? 20 : 60));
    if (MOMENTS.includes(fault as Moment)) {
      return this.#moment(fault as Moment, fault === 'smtp:connect' ? 1 : count);
    }
    if (COMMITS.includes(fault) || STALLS.includes(fault)) {
      return this.#commit(kind, when, ['claim', 'settle'].includes(kind) ? count : 1);
    }
    await sleep(delayMs);
    await this.#happen(fault);
    this.#met(fault);
  }

  async #happen(fault: string): Promise<void> {
    const all = [this.#server, ...this.#slots];
    switch (fault) {
      case 'kill':
        await this.#kill(this.#anyone());
        return;
      case 'kill a young one': {
        const slot = this.#anyone();
        await this.#kill(slot);
        await sleep(200 + this.#random() * 1_500);
        await this.#kill(slot);
        return;
      }
      case 'kill all':
        await Promise.all(this.#slots.map((slot) => this.#kill(slot)));
        return;
      case 'roll':
        for (const slot of this.#slots) if (!slot.isStalled) await this.#restart(slot);
        return;
      case 'stall': {
        const slot = this.#anyone();
        slot.process.signal('SIGSTOP');
        await this.#stalled(slot);
        return;
      }
      case 'server: kill':
        await this.#kill(this.#server);
        return;
      case 'server: restart':
        await this.#restart(this.#server);
        return;
      case 'line: cut one':
        this.#anyone().line.cut();
        return this.#returns();
      case 'line: cut all':
        for (const { line } of all) line.cut();
        return this.#returns();
      case 'line: hold all': {
        for (const { line } of all) line.hold();
        this.#away(SHORT_MS);
        await sleep(this.#random() * SHORT_MS);
        for (const { line } of all) line.letGo();
        return this.#returns();
      }
      case 'line: hold one for long': {
        const slot = this.#anyone();
        slot.line.hold();
        await this.#stalled(slot);
        return;
      }
      default:
        return this.#stopDatabase(fault);
    }
  }

  /** What was claimed in a commit that nobody heard of is unknown once its chunks have gone to others. */
  async #stopDatabase(fault: string): Promise<void> {
    const isLong = fault === 'database: away for long';
    if (isLong) this.#extraDoubt += this.#slots.length * WORKER_WINDOW;
    if (fault === 'database: stop') await this.#database!.stop();
    else {
      await this.#database!.crash();
      this.#kills += 1;
    }
    const awayMs = isLong ? STALL_MS : this.#random() * SHORT_MS;
    this.#away(awayMs);
    await sleep(awayMs);
    await this.#database!.start();
    await this.#returns();
  }

  async #commit(kind: string, when: string, left: number): Promise<void> {
    const fault = `${kind}:${when}`;
    const met = new Promise<WorkerSlot>((resolve) => {
      this.#onMet = resolve;
    });
    // Those that come back from another fault as well.
    const armed = new WeakSet<TidingsProcess>();
    const arm = () => {
      for (const slot of this.#slots) {
        if (slot.isStalled || armed.has(slot.process)) continue;
        slot.arm({ kind, when, left });
        armed.add(slot.process);
      }
    };
    arm();
    const isReady = kind !== 'recover' || (await this.#leaveDoubt(arm));
    const slot = !isReady
      ? null
      : await this.#patiently(met, async () => {
          arm();
          if (kind === 'freeze') this.#campaign += 1;
          return kind === 'freeze' ? this.#call() : this.#supply();
        });
    this.#onMet = () => {};
    for (const one of this.#slots) if (!one.isStalled) one.arm(null);
    if (slot === null) {
      this.#missed.push(fault);
      return;
    }
    this.#met(fault);
    if (when === 'stalled') await this.#stalled(slot);
  }

  /** @param more makes sure of something to do. @returns null when it was never met. */
  async #patiently(met: Promise<WorkerSlot>, more: () => Promise<void>): Promise<WorkerSlot | null> {
    const until = performance.now() + PATIENCE_MS;
    while (performance.now() < until) {
      await more();
      const slot = await Promise.race([met, sleep(500, null, { ref: false })]);
      if (slot) return slot;
    }
    return null;
  }

  /**
   * A worker dies with messages in flight, so that others have something to recover.
   * @returns false when none had any for a long time.
   */
  async #leaveDoubt(then: () => void): Promise<boolean> {
    const until = performance.now() + PATIENCE_MS;
    while (performance.now() < until) {
      // Rounds without end would use up what there is to send.
      await this.#supply();
      await this.#sends();
      const doubtful = await this.#ledger.all<{ holder: string }>(
        'SELECT DISTINCT holder FROM chunks WHERE in_flight > 0 AND holder IS NOT NULL',
      );
      const slot = this.#slots.find(
        ({ process, isStalled }) => !isStalled && doubtful.some(({ holder }) => holder === process.holder),
      );
      if (!slot) continue;
      if ((await this.#kill(slot)) === 0) continue;
      then();
      return true;
    }
    return false;
  }

  async #moment(moment: Moment, left: number): Promise<void> {
    if (moment === 'smtp:connect') this.#smtp.dropSessions();
    const hit = new Promise<string>((resolve) => {
      this.#armed = { moment, left, hit: resolve };
    });
    const client = await Promise.race([hit, sleep(PATIENCE_MS, null, { ref: false })]);
    this.#armed = null;
    if (client === null) this.#missed.push(moment);
    else this.#met(moment);
  }

  /** @returns what the provider answers when this is the moment. */
  #at<T>(moment: Moment, client: string, answer: T): T | null {
    if (this.#armed?.moment !== moment || --this.#armed.left > 0) return null;
    const slot = this.#slots[Number(client.split('.').at(-1)) - 10];
    if (!slot) return null;
    slot.process.signal('SIGKILL');
    this.#armed.hit(client);
    this.#armed = null;
    return answer;
  }

  /** A worker is silent for longer than its jobs are kept for it, while others go on; then it wakes up. */
  async #stalled(slot: WorkerSlot): Promise<void> {
    slot.isStalled = true;
    const { process } = slot;
    await this.#follow(process, 'stalled');
    const waking = sleep(STALL_MS).then(() => {
      slot.line.letGo();
      process.signal('SIGCONT');
      slot.isStalled = false;
      this.#mayEndFor(0);
    });
    this.#beside(waking);
    // One is left to go on, whatever the next rounds do.
    while (this.#slots.filter(({ isStalled }) => !isStalled).length < 2) await sleep(100);
  }

  /** @returns how much it had in flight. */
  async #kill({ process }: WorkerSlot): Promise<number> {
    await process.end('SIGKILL');
    return this.#follow(process);
  }

  async #restart(slot: WorkerSlot): Promise<void> {
    const { process } = slot;
    await process.ready;
    this.#expected.add(process);
    const startedAt = performance.now();
    const code = await process.end('SIGTERM');
    this.#drainMs.push(performance.now() - startedAt);
    if (code !== 0) this.#complaints.push(`SIGTERM: ${slot.name} ended with ${code}: ${process.log.at(-1)}`);
    while (slot.process === process) await sleep(10);
    await slot.process.ready;
  }

  #ended(slot: WorkerSlot, process: TidingsProcess, code: number | null): void {
    if (code === null) {
      this.#kills += 1;
      if (slot === this.#server) return;
      this.#beside(this.#follow(process));
      this.#onMet(slot);
      return;
    }
    // A process that starts while the database is away, or the line to it, says so and ends.
    if (this.#expected.has(process) || slot.isStalled || performance.now() < this.#awayUntil) return;
    this.#complaints.push(`${slot.name} ended by itself with ${code}: ${process.log.slice(-3).join(' ')}`);
  }

  async #follow({ holder }: TidingsProcess, how: keyof Takeovers = 'killed'): Promise<number> {
    const inDoubt = await this.#recoveries.follow(holder, how);
    this.#mostInDoubt = Math.max(this.#mostInDoubt, inDoubt);
    if (inDoubt > WORKER_WINDOW) this.#complaints.push(`${inDoubt} in doubt by the end of one worker`);
    return inDoubt;
  }

  #beside(work: Promise<unknown>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }

  #away(ms: number): void {
    this.#mayEndFor(ms);
    this.#recoveries.databaseIsAway();
  }

  /** Connecting is given up after ten seconds. */
  #mayEndFor(ms: number): void {
    this.#awayUntil = performance.now() + ms + 12_000;
  }

  async #returns(): Promise<void> {
    this.#away(0);
    const startedAt = performance.now();
    await this.#sends();
    this.#returnMs.push(performance.now() - startedAt);
  }

  /** Until something was sent since now. */
  async #sends(): Promise<void> {
    const before = this.#accepted();
    const startedAt = performance.now();
    while (this.#accepted() === before) {
      if (performance.now() - startedAt > PATIENCE_MS) {
        this.#complaints.push(`nothing was sent for ${PATIENCE_MS / 1_000} s`);
        return;
      }
      await sleep(2);
    }
  }

  async #finish(): Promise<void> {
    await Promise.allSettled(this.#pending);
    const sends: { campaign: string; channel: string }[] = [];
    for (let at = 1; at <= this.#campaign; at++)
      for (const channel of ['email', 'whatsapp']) sends.push({ campaign: `c${at}`, channel });
    for (const send of sends) {
      const result = await this.#send(send, 300);
      if (result.state !== 'completed')
        this.#complaints.push(`${send.campaign} by ${send.channel} ended ${result.state}: ${result.error}`);
    }
    await this.#told();
    const accepted = this.#accepted();
    for (const send of sends) await this.#send(send, 0);
    for (let waited = 0; this.#recoveries.waiting.length > 0 && waited < PATIENCE_MS; waited += 100)
      await sleep(100);
    for (const holder of this.#recoveries.waiting) this.#complaints.push(`${holder} still holds chunks`);
    await Promise.all(
      this.#slots.map(async (slot) => {
        this.#expected.add(slot.process);
        const code = await slot.end('SIGTERM');
        if (code !== 0) this.#complaints.push(`SIGTERM: ${slot.name} ended with ${code}`);
      }),
    );
    if (this.#accepted() > accepted) this.#complaints.push('a call for a completed send sent something');
  }

  /** Until all that the provider has to tell was told, and has had its effect. */
  async #told(): Promise<void> {
    await this.#teller?.drained();
    while (await anyUnfolded(this.#ledger)) await sleep(100);
  }

  async #call(): Promise<void> {
    const calls = ['email', 'whatsapp'].map((channel) =>
      this.#send({ campaign: `c${this.#campaign}`, channel }, 0),
    );
    await Promise.all(calls);
  }

  /** As an agent does that had no answer: the same call again. */
  async #send(
    send: { campaign: string; channel: string },
    waitSeconds: number,
  ): Promise<{ state: string; error?: string }> {
    const startedAt = performance.now();
    for (;;) {
      await this.#server.process.ready;
      try {
        const answer = await this.#server.process.call<{ state?: string; error?: string }>('/sends', {
          audience_id: this.#audience,
          ...send,
          message: `${send.campaign} for {{lead.name}}`,
          ...(send.channel === 'email' && { subject: send.campaign }),
          max_wait_seconds: waitSeconds,
        });
        if (answer.state !== undefined) return { ...answer, state: answer.state };
      } catch {
        // It died, or was about to.
      }
      if (performance.now() - startedAt > (waitSeconds + 60) * 1_000) return { state: 'without an answer' };
      await sleep(100);
    }
  }

  #met(fault: string): void {
    this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
  }

  #accepted(): number {
    return this.#smtp.messages.length + this.#cloud.accepted.length;
  }

  async #inDoubt(): Promise<number> {
    const row = await this.#ledger.get<{ n: number }>(
      'SELECT CAST(coalesce(sum(unknown + in_flight), 0) AS BIGINT) AS n FROM chunks',
    );
    return row!.n;
  }

  #anyone(): WorkerSlot {
    const awake = this.#slots.filter(({ isStalled }) => !isStalled);
    return awake[Math.floor(this.#random() * awake.length)]!;
  }

  #shuffle(faults: readonly string[]): string[] {
    const deck = [...faults];
    for (let at = deck.length - 1; at > 0; at--) {
      const other = Math.floor(this.#random() * (at + 1));
      [deck[at], deck[other]] = [deck[other]!, deck[at]!];
    }
    return deck;
  }

  async #removeSchemas(): Promise<void> {
    const schema = new URL(this.#databaseUrl).searchParams.get('schema');
    for (const name of [`${schema}_jobs`, schema])
      await this.#ledger?.write((tx) => tx.run(`DROP SCHEMA IF EXISTS ${name} CASCADE`));
  }
}
