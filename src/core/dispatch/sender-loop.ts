import { setTimeout as sleep, setImmediate as yieldTurn } from 'node:timers/promises';
import { TidingsError } from '../../errors.ts';
import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import type { Log } from '../../log/log.ts';
import { noteHeldBack, noteRefusals } from '../conversations/conversation.store.ts';
import { anyAwaitsTemplate } from '../deliveries/claim.store.ts';
import { type Claim, claimWindow, endIfDone, type ReadyMessage } from '../deliveries/claim.ts';
import type { ContactLimit } from '../deliveries/contact-limit.ts';
import { LargeInFlight } from '../deliveries/large-in-flight.ts';
import { inPlainWords } from '../deliveries/provider-said.ts';
import { keyOf, type ReadyChunk } from '../deliveries/ready-chunk.ts';
import { unclaim } from '../deliveries/recover.ts';
import { RefusalRun } from '../deliveries/refusal-run.ts';
import { type Now, now, resolveOutcome } from '../deliveries/resolve-outcome.ts';
import { logEnded, type SendEnded } from '../deliveries/send-ended.ts';
import { type Outcome, type SendAbout, type Sender, STALLED } from '../deliveries/sender.ts';
import { settle } from '../deliveries/settle.ts';
import { lookAtGate, type TemplateGate } from '../deliveries/template-gate.ts';
import type { FreshChoices } from '../events/fresh-choices.ts';
import { accountKey } from '../leads/phone.ts';
import { lengthOfFiles } from '../messages/attachment.ts';
import { parseMessage } from '../messages/content.ts';
import { type Message, withAttachments } from '../messages/message.ts';
import { readyContent, SEND_LIMIT_MS } from '../messages/ready-content.ts';
import { loadAttachments } from '../sends/attachment.store.ts';
import type { ChunkKey } from '../sends/chunk.store.ts';
import {
  completeIfSettled,
  lockSend,
  moveSend,
  noteWaiting,
  type SendRow,
  transition,
} from '../sends/send.store.ts';
import type { SendProblem, Wait } from '../sends/send.ts';
import { doubtTemplate } from '../templates/keep-templates.ts';
import { checkAgainAt } from '../templates/template.store.ts';
import type { Assignment } from './assignment.ts';
import { attemptLogFields } from './attempt-log-fields.ts';
import type { SenderState } from './dispatcher-control.ts';
import { DomainGates } from './pace/domain-gates.ts';
import { Outage } from './pace/outage.ts';
import type { Pace } from './pace/pacer.ts';
import type { StopSwitch } from './stop-switch.ts';
import type { Timing } from './timing.ts';
import { waitOf } from './wait-of.ts';

/** Characters: of a few sends with the most that a message can bring along. */
const MOST_FILES = 40_000_000;

/**
 * Results are gathered this long, so that one commit settles many: what else is in the window keeps the provider busy.
 * Measured with PostgreSQL and a provider that answers in 100 ms: with 3 ms instead, a message cost twice as much.
 */
const GATHER_MS = 20;
/** As many equal refusals in a row say that the message is wrong, not the leads. */
const BREAKER_AT = 20;

/** A fault of the disk is tried every second and told once a minute. */
export const FAULTS_FOR_A_LINE = 60;

/** To be told "too fast" is how a limit is found; hearing nothing else for this long is worth a word. */
const NOTEWORTHY_MS = 10_000;

/** A relay that was away, or took nothing, for this long is a person's business; until then the send goes on by itself. */
const DOWN_LIMIT_MS = 60 * 60_000;

interface Finished {
  readonly claim: Claim;
  readonly outcome: Outcome;
  readonly at: Now;
  readonly startedAtMs: number;
  /** It was one refusal too many of the same kind. */
  readonly breaks: boolean;
}

/** Between claim and the answer. */
interface Flight {
  readonly claim: Claim;
  readonly startedAtMs: number;
  /** The sender was told that it may send: from then on only its answer says whether it did. */
  mayHaveLeft: boolean;
}

const BROKEN_ON_THE_WAY: Outcome = {
  type: 'uncertain',
  code: 'internal',
  message: 'The sender failed in an unexpected way.',
};
const BROKEN_BEFORE: Outcome = {
  type: 'transient',
  scope: 'recipient',
  code: 'internal',
  message: 'The sender failed in an unexpected way before the message left.',
};

/** A throw is an answer too. */
async function deliver({ prepared, recipient, attempt }: Claim, mayLeave: () => boolean): Promise<Outcome> {
  return prepared.deliver(recipient, { ...attempt, mayLeave });
}

/**
 * Sends everything that leaves by one sender.
 *
 *   claim (commit) ──▶ deliver ──▶ gather results ──▶ settle + claim the next window (one commit) ──▶ …
 *
 * At most `windowSize` deliveries are between claim and settle: only they are in doubt when the process dies.
 */
export class SenderLoop {
  readonly #ledger: Ledger;
  readonly #assignment: Assignment;
  readonly #sender: Sender;
  readonly #siteName: string | null;
  readonly #limit: ContactLimit | null;
  readonly #log: Log;
  /** A line for each delivery; at the usual level none is put together. */
  readonly #tellsAll: boolean;
  readonly #pace: Pace;
  /** null: nobody is reached by this sender. */
  readonly #choices: FreshChoices | null;
  readonly #stop: StopSwitch | null;
  readonly #outage = new Outage();
  readonly #run: RefusalRun;
  readonly #domains = new DomainGates();
  /** By send; `later` while its message is being made, an error when it cannot be. */
  readonly #prepared = new Map<number, { revision: number; ready: ReadyMessage | 'later' | TidingsError }>();
  readonly #refusals = new Map<number, { code: string; count: number }>();
  /** Sends of which it is written down why they do not move. */
  readonly #waiting = new Set<number>();
  /** Those of them of which only leads are left that wait for a template, or may be. */
  readonly #templateWaits = new Set<number>();
  /** By send: what was said of its template, and when by this process's own clock. */
  readonly #doubted = new Map<number, { readonly code: string; readonly atMs: number }>();
  readonly #speed = new Map<string, { since: number; sent: number; rate: number }>();
  /** Between claim and settle, by chunk: positions with the number of their attempt. */
  readonly #open = new Map<string, Map<number, number>>();
  /** Plain numbers: metrics read them when they are asked for, and a message pays for one addition. */
  readonly #outcomes: Record<Outcome['type'], number> = {
    accepted: 0,
    transient: 0,
    throttled: 0,
    permanent: 0,
    skipped: 0,
    stop_send: 0,
    account: 0,
    window_closed: 0,
    template_off: 0,
    uncertain: 0,
  };
  readonly #flights = new Set<Flight>();
  readonly #large = new LargeInFlight();
  #finished: Finished[] = [];
  #inFlight = 0;
  #cycles = 0;
  /** Of the transaction that is under way. */
  #ended: SendEnded[] = [];
  #stopping = false;
  /** A transaction ended so that nobody knows whether it was committed. */
  #unsure = false;
  #abandoned = false;
  #wake: () => void = () => {};
  readonly #pollMs: number;

  constructor(options: {
    ledger: Ledger;
    assignment: Assignment;
    pace: Pace;
    sender: Sender;
    siteName: string | null;
    contactLimit?: ContactLimit | null;
    choices?: FreshChoices;
    stop?: StopSwitch;
    log: Log;
    timing: Pick<Timing, 'sendPollMs'>;
  }) {
    this.#ledger = options.ledger;
    this.#assignment = options.assignment;
    this.#sender = options.sender;
    this.#siteName = options.siteName;
    // What is tried out reaches nobody.
    this.#limit = options.sender.about.mode === 'live' ? (options.contactLimit ?? null) : null;
    this.#choices = options.sender.about.mode === 'live' ? (options.choices ?? null) : null;
    this.#stop = options.stop ?? null;
    this.#log = options.log;
    this.#pollMs = options.timing.sendPollMs;
    this.#tellsAll = options.log.isLevelEnabled?.('debug') ?? false;
    this.#pace = options.pace;
    this.#run = new RefusalRun(options.sender);
  }

  get inFlight(): number {
    return this.#inFlight + this.#finished.length;
  }

  /** How many answers were heard so far that say nothing certain. */
  get uncertain(): number {
    return this.#outcomes.uncertain;
  }

  state(): Omit<SenderState, 'maySend'> {
    const { id, channel, mode, windowSize, ratePerSecond } = this.#sender.about;
    return {
      sender: id,
      channel,
      mode,
      outcomes: this.#outcomes,
      inFlight: this.inFlight,
      windowSize,
      // What was configured holds before anything was asked of the pacing.
      ratePerSecond: Math.min(this.#pace.rate, ratePerSecond ?? Number.POSITIVE_INFINITY),
      bucketLevel: this.#pace.level(performance.now()),
    };
  }

  /** Whether anything of this chunk is between claim and settle. */
  isOpen(key: ChunkKey): boolean {
    return this.#open.has(keyOf(key));
  }

  wake(): void {
    this.#wake();
  }

  stop(): void {
    this.#stopping = true;
    this.#wake();
  }

  /** Ends it although answers are still out or cannot be written down: the next process sees to them. */
  abandon(): void {
    this.#abandoned = true;
    this.#wake();
  }

  /** Resolves when it was stopped and nothing is in flight. A fault of the disk is waited out: nothing is lost by it. */
  async run(): Promise<void> {
    let faults = 0;
    while (!this.#abandoned && (!this.#stopping || this.inFlight > 0 || this.#unsure)) {
      try {
        if (!(await this.#cycle())) await this.#wait();
        faults = 0;
        // SQLite answers without leaving the turn: timers and sockets get theirs here.
        await yieldTurn();
      } catch (error) {
        if (faults++ % FAULTS_FOR_A_LINE === 0) {
          this.#log.error(
            { err: error, sender: this.#sender.about.id },
            'the ledger cannot be written; trying again every second',
          );
        }
        await sleep(1_000);
      }
    }
    if (this.#abandoned) await this.#giveBack();
  }

  /** @returns true when another cycle should follow at once. */
  async #cycle(): Promise<boolean> {
    if (this.#inFlight > 0) await this.#choices?.look(this.#ledger);
    if (!this.#stopping) await this.#pace.renew?.(this.#sender.about.windowSize - this.#inFlight);
    const room = this.#room();
    const isIdle = this.#finished.length === 0 && !this.#unsure;
    if (isIdle && (room === 0 || !(await this.#assignment.hasWork()))) return false;
    const results = this.#finished;
    this.#finished = [];
    try {
      const cycle = await this.#ledger.writeConcurrently(async (tx) => {
        // The work may be run again.
        this.#ended = [];
        const chunks = room > 0 || this.#unsure ? await this.#assignment.lockChunks(tx) : [];
        if (this.#unsure) await this.#unclaim(tx, chunks);
        const verdict = await this.#run.hear(tx, results);
        const problem = verdict?.problem ?? null;
        let paused = problem !== null;
        for (const group of Map.groupBy(results, ({ claim }) => keyOf(claim.chunk)).values())
          paused = (await this.#settle(tx, group, problem !== null)) || paused;
        if (problem) await this.#pauseAll(tx, problem);
        // What was paused a moment ago still looks running to this transaction.
        const next =
          paused || room === 0 ? { claims: [], more: paused } : await this.#claim(tx, chunks, room);
        const isIdle = this.#inFlight === 0 && room > 0 && !paused && next.claims.length === 0;
        const run = verdict && (await this.#run.conclude(tx, verdict, isIdle && !next.more));
        return { ...next, run };
      });
      this.#unsure = false;
      if (cycle.run) this.#run.remember(cycle.run);
      logEnded(this.#log, this.#ended);
      for (const { claim } of results) this.#close(claim);
      this.#pace.take(cycle.claims.length, performance.now());
      for (const claim of cycle.claims) this.#deliver(claim);
      // While much is in flight, the next claim rides on the commit that settles.
      const isBusy = this.#sender.about.windowSize - this.#inFlight < this.#enough;
      return cycle.more && !isBusy && this.#room() > 0;
    } catch (error) {
      this.#finished = results.concat(this.#finished);
      this.#unsure = true;
      throw error;
    }
  }

  /** So many results, or free places, are worth a commit at once. */
  get #enough(): number {
    return Math.max(1, Math.min(this.#sender.about.windowSize / 2, 64));
  }

  #room(): number {
    if (this.#stopping || !this.#maySend()) return 0;
    const now = performance.now();
    // What has finished is settled by the transaction that claims: its place in the window is free.
    const room = this.#sender.about.windowSize - this.#inFlight;
    return Math.max(0, Math.min(room, this.#outage.available(now), this.#pace.available(now)));
  }

  /** While all sending is stopped nothing is claimed, and nothing leaves. */
  #maySend(): boolean {
    return this.#stop?.maySend() ?? true;
  }

  /** What a transaction of unknown end may have claimed is not in flight here: it never left. */
  async #unclaim(tx: Transaction, chunks: readonly ReadyChunk[]): Promise<void> {
    for (const chunk of chunks) await unclaim(tx, chunk, this.#open.get(keyOf(chunk)) ?? new Map());
  }

  /** Running sends take turns at being first, and share the room: a small one never waits for a large one. */
  async #claim(
    tx: Transaction,
    chunks: readonly ReadyChunk[],
    room: number,
  ): Promise<{ claims: Claim[]; more: boolean }> {
    const admits = this.#large.admission();
    const sends = [...Map.groupBy(chunks, ({ send_seq }) => send_seq).values()];
    const claims: Claim[] = [];
    let more = false;
    this.#cycles += 1;
    for (let at = 0; at < sends.length && claims.length < room; at++) {
      const share = Math.ceil((room - claims.length) / (sends.length - at));
      const part = await this.#claimOfSend(tx, sends[(at + this.#cycles) % sends.length]!, share, admits);
      claims.push(...part.claims);
      more ||= part.more;
    }
    return { claims, more };
  }

  async #claimOfSend(
    tx: Transaction,
    chunks: readonly ReadyChunk[],
    room: number,
    admits: (size: number) => boolean,
  ) {
    const claims: Claim[] = [];
    let more = false;
    for (const chunk of chunks) {
      if (claims.length === room) break;
      const ready = chunk.state === 'running' ? await this.#ready(tx, chunk) : null;
      if (ready === 'later') continue;
      if (!ready) {
        this.#assignment.nothingLeft(chunk);
        continue;
      }
      // Maybe by a process that is gone: the next message that leaves takes it back.
      if (chunk.problem_code !== null) this.#waiting.add(chunk.send_seq);
      const { steadyMs, wallMs } = now();
      const template = ready.message.channel === 'whatsapp' ? ready.message.template : undefined;
      const gate = template ? await lookAtGate(tx, this.#sender.about.id, template, wallMs) : null;
      const part = await claimWindow(tx, chunk, ready, {
        template: gate,
        room: room - claims.length,
        siteName: this.#siteName,
        nowMs: steadyMs,
        makesRows: this.#assignment.makesRows,
        gate: (contact) => this.#domains.closedUntil(contact, steadyMs),
        limit: this.#limit,
        admits,
      });
      claims.push(...part.claims);
      more ||= part.more;
      if (gate && (await this.#awaitTemplate(tx, chunk, gate, part.byTemplate))) break;
      if (part.empty) {
        const ended = await endIfDone(tx, chunk.send_seq);
        if (ended) this.#ended.push(ended);
        this.#assignment.nothingLeft(chunk);
      }
      await this.#noteSpeed(tx, chunk);
    }
    return { claims, more };
  }

  /** Says what those wait for whom only a template reaches. @returns whether a person has to act first. */
  async #awaitTemplate(
    tx: Transaction,
    { send_seq }: ReadyChunk,
    gate: TemplateGate,
    claimed: number,
  ): Promise<boolean> {
    const waits = gate.room <= claimed && (await anyAwaitsTemplate(tx, send_seq));
    if (waits && gate.obstacle?.isBlocked) {
      await this.#pause(tx, send_seq, gate.obstacle);
      return true;
    }
    if (!waits && !this.#templateWaits.delete(send_seq)) return false;
    if (waits) this.#templateWaits.add(send_seq);
    if (waits && gate.unasked !== undefined) await checkAgainAt(tx, gate.unasked, Date.now());
    await noteWaiting(tx, send_seq, waits ? waitOf(gate) : null);
    return false;
  }

  /** What a provider said of a template or a window by refusing a message: what is claimed next goes by it. */
  async #learn(tx: Transaction, group: readonly Finished[]): Promise<SendProblem | null> {
    const { id } = this.#sender.about;
    const closed = group.filter(({ outcome }) => outcome.type === 'window_closed');
    const contacts = closed.map(({ claim }) => accountKey(claim.recipient.contact));
    await noteRefusals(tx, id, contacts, Date.now());
    const heldBack = group.filter(({ outcome }) => outcome.type === 'permanent' && outcome.heldBack);
    await noteHeldBack(
      tx,
      id,
      heldBack.map(({ claim }) => claim.contact),
      Date.now(),
    );
    const off = group.find(({ outcome }) => outcome.type === 'template_off');
    if (off?.outcome.type !== 'template_off') return null;
    const seq = off.claim.chunk.send_seq;
    const before = this.#doubted.get(seq);
    // It was asked for since, and is as it was.
    if (before?.code === off.outcome.code && off.startedAtMs > before.atMs) {
      this.#doubted.delete(seq);
      return off.outcome;
    }
    const ready = this.#prepared.get(seq)?.ready as ReadyMessage | undefined;
    const template = ready?.message?.channel === 'whatsapp' ? ready.message.template : undefined;
    if (!template) return off.outcome;
    if (before === undefined) this.#doubted.set(seq, { code: off.outcome.code, atMs: performance.now() });
    const key = { sender: id, name: template.name, language: template.content.language };
    await doubtTemplate(tx, key, off.outcome.status, Date.now());
    return null;
  }

  /** The message of a send, compiled once for each revision. One that this sender cannot carry pauses its send. */
  async #ready(tx: Transaction, chunk: ReadyChunk): Promise<ReadyMessage | 'later' | null> {
    const known = this.#prepared.get(chunk.send_seq);
    try {
      const ready =
        known?.revision === chunk.revision ? known.ready : await this.#prepare(tx, chunk.send_seq);
      if (ready instanceof TidingsError) throw ready;
      return ready;
    } catch (error) {
      if (!(error instanceof TidingsError)) throw error;
      this.#prepared.delete(chunk.send_seq);
      const which = { where: 'seq = ?', parameters: [chunk.send_seq] };
      await transition(tx, 'pause', which, { code: error.code, message: error.message });
      this.#tellPaused(chunk.id, error);
      return null;
    }
  }

  /** What takes long goes on beside the transaction, and beside everybody else's messages. */
  async #prepare(tx: Transaction, sendSeq: number): Promise<ReadyMessage | 'later'> {
    const send = (await tx.get<SendRow & SendAbout>(
      'SELECT s.*, a.id AS audience_id FROM sends s JOIN audiences a ON a.seq = s.audience_seq WHERE s.seq = ?',
      sendSeq,
    ))!;
    const { seq, revision } = send;
    const compile = (message: Message) => ({ message, prepared: this.#sender.prepare(message, send) });
    const keep = <T extends ReadyMessage | 'later' | TidingsError>(ready: T): T => {
      if (this.#prepared.size >= 100) this.#prepared.clear();
      if (files.length > 0) this.#letFilesGo();
      this.#prepared.set(seq, { revision, ready });
      return ready;
    };
    const files = await loadAttachments(tx, send.attachments);
    const message = readyContent(withAttachments(parseMessage(send, send.channel), files), SEND_LIMIT_MS);
    if (!(message instanceof Promise)) return keep(compile(message));
    message
      .then(compile)
      .catch((cause: unknown) =>
        cause instanceof TidingsError
          ? cause
          : new TidingsError('invalid_argument', 'The message of this send cannot be read.', { cause }),
      )
      .then(keep)
      .then(() => this.#wake());
    return keep('later');
  }

  /** Files of few sends are held at once; those of others are read again when their turn has come. */
  #letFilesGo(): void {
    let held = 0;
    for (const [seq, { ready }] of [...this.#prepared].reverse()) {
      const message = typeof ready === 'object' && 'message' in ready ? ready.message : null;
      if (message !== null && typeof message === 'object' && message.channel === 'email')
        held += lengthOfFiles(message);
      if (held > MOST_FILES) this.#prepared.delete(seq);
    }
  }

  #deliver(claim: Claim): void {
    this.#inFlight += 1;
    this.#large.add(claim.size);
    const key = keyOf(claim.chunk);
    const open = this.#open.get(key);
    if (open) open.set(claim.position, claim.attempts);
    else this.#open.set(key, new Map([[claim.position, claim.attempts]]));
    const flight: Flight = { claim, startedAtMs: performance.now(), mayHaveLeft: false };
    this.#flights.add(flight);
    // A process that was stopped between commit and here, and continued, must not send what others took over.
    // Nor may it leave for somebody who said no since it was claimed: pending again, it is skipped by the next claim.
    const isOurs = () =>
      !this.#abandoned &&
      this.#maySend() &&
      this.#assignment.mayDeliver(claim.chunk) &&
      !this.#choices?.has(claim.contact, claim.isUtility);
    const mayLeave = () => {
      const isAllowed = isOurs();
      flight.mayHaveLeft ||= isAllowed;
      return isAllowed;
    };
    const outcome = isOurs() ? deliver(claim, mayLeave) : Promise.resolve(STALLED);
    outcome
      .catch((error: unknown): Outcome => {
        this.#log.error(
          { err: error, attempt: claim.attempt.attemptId },
          'a provider threw instead of returning an outcome',
        );
        return flight.mayHaveLeft ? BROKEN_ON_THE_WAY : BROKEN_BEFORE;
      })
      .then((settled) => this.#heard(flight, inPlainWords(settled)));
  }

  /** Only the first word counts: one that was given up may still be answered. */
  #heard(flight: Flight, outcome: Outcome): void {
    if (!this.#flights.delete(flight)) return;
    const { claim, startedAtMs } = flight;
    this.#inFlight -= 1;
    this.#large.remove(claim.size);
    // Counted when it is heard, not when it is written down: that may have to be tried again.
    this.#outcomes[outcome.type] += 1;
    if (this.#tellsAll)
      this.#log.debug(attemptLogFields(claim, outcome, startedAtMs), 'a delivery was tried');
    this.#notice(claim, outcome, startedAtMs);
    const breaks = this.#breaks(claim, outcome);
    this.#finished.push({ claim, outcome, at: now(), startedAtMs, breaks });
    this.#wake();
  }

  /** At the very end: what was never told that it may leave has not, and is pending for the next process. */
  async #giveBack(): Promise<void> {
    for (const flight of [...this.#flights]) if (!flight.mayHaveLeft) this.#heard(flight, STALLED);
    if (this.#finished.length === 0) return;
    await this.#cycle().catch((error: unknown) => {
      this.#log.error(
        { err: error, sender: this.#sender.about.id },
        'the last answers could not be written down',
      );
    });
  }

  /** Not the later attempt at the same row: one that was called unknown can be tried again before its answer comes. */
  #close(claim: Claim): void {
    const key = keyOf(claim.chunk);
    const open = this.#open.get(key);
    if (open?.get(claim.position) === claim.attempts) open.delete(claim.position);
    if (open?.size === 0) this.#open.delete(key);
  }

  /** @returns whether the send was paused by it. */
  async #settle(tx: Transaction, group: readonly Finished[], isRefused: boolean): Promise<boolean> {
    const key = group[0]!.claim.chunk;
    const sendSeq = key.send_seq;
    const settlements = group.map(({ claim, outcome, at }) => {
      const settlement = resolveOutcome(claim, outcome, at, Math.random());
      if (outcome.type !== 'throttled' || outcome.scope !== 'domain') return settlement;
      return {
        ...settlement,
        retryAt: this.#domains.close(claim.recipient.contact, at.steadyMs, outcome.retryAfterMs),
      };
    });
    const isDone = await settle(tx, key, settlements);
    const fault = await this.#learn(tx, group);
    if (fault) await this.#pause(tx, sendSeq, fault);
    let paused = fault !== null;
    for (const { outcome, breaks } of group) {
      if (outcome.type === 'account') await this.#pauseAll(tx, outcome);
      else if (outcome.type === 'stop_send') await this.#pause(tx, sendSeq, outcome);
      else if (breaks && !isRefused) await this.#pause(tx, sendSeq, outcome as SendProblem);
      else continue;
      paused = true;
    }
    if (isDone && (await completeIfSettled(tx, sendSeq)))
      this.#ended.push({ send: key.id, state: 'completed' });
    const last = group.at(-1)!.outcome;
    const down = this.#outage.downMs(performance.now());
    const isHeld = last.type === 'transient' ? down > 0 : last.type === 'throttled' && down > NOTEWORTHY_MS;
    const held = isHeld ? (last as SendProblem) : null;
    if (held && down > DOWN_LIMIT_MS) await this.#pauseAll(tx, held);
    await this.#noteWaiting(tx, sendSeq, last.type === 'throttled' ? 'rate' : 'provider', held);
    return paused;
  }

  async #noteWaiting(
    tx: Transaction,
    sendSeq: number,
    what: Wait,
    problem: SendProblem | null,
  ): Promise<void> {
    if (!problem && (this.#templateWaits.has(sendSeq) || !this.#waiting.delete(sendSeq))) return;
    if (problem) this.#waiting.add(sendSeq);
    await noteWaiting(tx, sendSeq, problem && { what, problem });
  }

  #notice(claim: Claim, outcome: Outcome, startedAtMs: number): void {
    const now = performance.now();
    if (outcome.type === 'transient' && outcome.scope === 'sender') {
      if (outcome !== STALLED) this.#outage.unreachable(now, Math.random());
      return;
    }
    if (outcome.type === 'throttled' && outcome.scope === 'sender') {
      this.#outage.tooFast(now);
      this.#pace.throttled(now, startedAtMs, outcome.retryAfterMs);
      return;
    }
    this.#outage.reached();
    if (outcome.type === 'accepted') {
      this.#pace.accepted(now);
      this.#domains.open(claim.recipient.contact);
      const speed = this.#speed.get(keyOf(claim.chunk));
      if (speed) speed.sent += 1;
    }
  }

  /** Only a message that was taken, or another reason, says that the one before was not the message's fault. */
  #breaks({ chunk: { send_seq: sendSeq }, recipient: { contact } }: Claim, outcome: Outcome): boolean {
    if (outcome.type === 'accepted') this.#refusals.delete(sendSeq);
    if (outcome.type !== 'permanent' || !outcome.breaker) return false;
    const known = this.#refusals.get(sendSeq);
    const count = known?.code === outcome.code ? known.count + 1 : 1;
    this.#refusals.set(sendSeq, { code: outcome.code, count: count % BREAKER_AT });
    // What all of them refuse is no domain's doing.
    if (count === BREAKER_AT) this.#domains.open(contact);
    else this.#domains.refused(contact, outcome.code, now().steadyMs);
    return count === BREAKER_AT;
  }

  async #pause(tx: Transaction, sendSeq: number, problem: SendProblem): Promise<void> {
    const send = await lockSend(tx, sendSeq);
    if (send?.state !== 'running') return;
    await moveSend(tx, sendSeq, 'pause', problem);
    this.#tellPaused(send.id, problem);
  }

  /** What is wrong with the account is wrong for every send that leaves by it. */
  async #pauseAll(tx: Transaction, problem: SendProblem): Promise<void> {
    const running = {
      where: "sender = ? AND state = 'running'",
      parameters: [this.#sender.about.id],
    };
    for (const id of await transition(tx, 'pause', running, problem)) this.#tellPaused(id, problem);
  }

  #tellPaused(send: string, { code, message, said }: SendProblem): void {
    this.#ended.push({ send, state: 'paused', code, problem: message, ...(said && { said }) });
  }

  /** Once a second, for whoever watches. */
  async #noteSpeed(tx: Transaction, key: ChunkKey): Promise<void> {
    const now = performance.now();
    const name = keyOf(key);
    const speed = this.#speed.get(name);
    if (!speed) {
      if (this.#speed.size >= 100) this.#speed.clear();
      this.#speed.set(name, { since: now, sent: 0, rate: 0 });
      return;
    }
    const seconds = (now - speed.since) / 1000;
    if (seconds < 1) return;
    const current = speed.sent / seconds;
    const rate = speed.rate === 0 ? current : 0.6 * current + 0.4 * speed.rate;
    this.#speed.set(name, { since: now, sent: 0, rate });
    await tx.run(
      'UPDATE chunks SET rate_per_second = ? WHERE send_seq = ? AND number = ?',
      rate,
      key.send_seq,
      key.number,
    );
  }

  /** Until enough results are in to be worth a commit, something is due, or somebody calls. */
  async #wait(): Promise<void> {
    const at = performance.now();
    const pollMs = this.#pollMs;
    const paceMs = this.#stopping ? pollMs : Math.max(this.#outage.waitMs(at), this.#pace.waitMs(at));
    const idleMs = paceMs > 0 ? Math.min(paceMs, pollMs) : pollMs;
    await new Promise<void>((resolve) => {
      let timer = setTimeout(resolve, idleMs);
      let gathering = false;
      const look = (called: boolean) => {
        const done = this.#finished.length;
        if (done >= this.#enough || (done > 0 && this.#inFlight === 0) || (called && done === 0)) {
          clearTimeout(timer);
          resolve();
        } else if (done > 0 && !gathering) {
          gathering = true;
          clearTimeout(timer);
          timer = setTimeout(resolve, GATHER_MS);
        }
      };
      this.#wake = () => look(true);
      look(false);
    });
    this.#wake = () => {};
  }
}
