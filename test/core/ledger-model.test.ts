import { expect, it } from 'vitest';
import { type Claim, claimWindow, endIfDone } from '../../src/core/deliveries/claim.ts';
import { GIVEN_UP, OUTCOME_UNKNOWN } from '../../src/core/deliveries/delivery.ts';
import { freezeRows } from '../../src/core/deliveries/freeze.ts';
import { READY_COLUMNS, type ReadyChunk } from '../../src/core/deliveries/ready-chunk.ts';
import { recoverInDoubt } from '../../src/core/deliveries/recover.ts';
import { resolveOutcome } from '../../src/core/deliveries/resolve-outcome.ts';
import { type Outcome, STALLED } from '../../src/core/deliveries/sender.ts';
import { settle } from '../../src/core/deliveries/settle.ts';
import { parseMessage } from '../../src/core/messages/content.ts';
import { completeIfSettled, getSend, moveSend, type SendRow } from '../../src/core/sends/send.store.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';
import fc from '../support/property.ts';

const RUNS = Number(process.env['TIDINGS_MODEL_RUNS'] ?? 60);
const LEADS = 6;
/** Fewer numbers than leads: two leads may share one, and one may move from lead to lead. */
const phone = (at: number) => `+5255100000${String(at % 5).padStart(2, '0')}`;

/** What an attempt meets. `arrives`: whether the provider took the message, whatever is heard of it. */
const FATES = {
  accepted: { arrives: true, outcome: { type: 'accepted', providerMessageId: 'id' } },
  'unheard, arrived': { arrives: true, outcome: { type: 'uncertain', code: 'x', message: 'Lost.' } },
  'unheard, not arrived': { arrives: false, outcome: { type: 'uncertain', code: 'x', message: 'Lost.' } },
  'passing error': {
    arrives: false,
    outcome: { type: 'transient', scope: 'recipient', code: 'x', message: 'Later.' },
  },
  'one passing error too many': {
    arrives: false,
    outcome: { type: 'transient', scope: 'recipient', code: 'tired', message: 'Later.' },
  },
  'relay away': {
    arrives: false,
    outcome: { type: 'transient', scope: 'sender', code: 'x', message: 'Away.' },
  },
  stalled: { arrives: false, outcome: STALLED },
  'too fast': {
    arrives: false,
    outcome: { type: 'throttled', scope: 'sender', code: 'x', message: 'Slow.' },
  },
  refused: { arrives: false, outcome: { type: 'permanent', code: 'x', message: 'No.' } },
  skipped: { arrives: false, outcome: { type: 'skipped', code: 'x', message: 'Cannot.' } },
  'message refused': { arrives: false, outcome: { type: 'stop_send', code: 'x', message: 'No.' } },
  'account locked': { arrives: false, outcome: { type: 'account', code: 'x', message: 'Locked.' } },
} as const satisfies Record<string, { arrives: boolean; outcome: Outcome }>;
type Fate = keyof typeof FATES;

interface Row {
  position: number;
  status: 'pending' | 'sending' | 'sent' | 'failed' | 'skipped';
  contact: string | null;
  attempts: number;
  retry_at: number | null;
  error_code: string | null;
}

type Rows = Map<number, Row>;

/** Which changes of one row a step may make; every other row must stay as it was. */
type Allowed = (before: Row | undefined, after: Row) => boolean;

const isUnknown = (row: Row) => row.status === 'failed' && row.error_code === OUTCOME_UNKNOWN;
const same = (before: Row | undefined, after: Row) => JSON.stringify(before) === JSON.stringify(after);

/**
 * One send over a real data file, moved on step by step in the dispatcher's place: the steps that a process takes one
 * after the other happen here in any order, with crashes between them. After each step the rows are read again, and
 * what has changed is held against what that step may change.
 */
class World {
  readonly #core: Awaited<ReturnType<typeof openCore>>;
  readonly #sender: FakeSender;
  readonly #audience: string;
  readonly #leads: string[];
  readonly #sendId: string;
  /** What the process that sends remembers, and what processes that died would still have to say. */
  #inFlight: { claim: Claim; fate: Fate }[] = [];
  #ghosts: { claim: Claim; fate: Fate }[] = [];
  #mustRecover = false;
  #nowMs = 1_000_000;
  #rows: Rows = new Map();
  /** By contact: how many messages arrived, and how many more than one somebody asked for by retry "unknown". */
  readonly #arrived = new Map<string, number>();
  readonly #risked = new Map<string, number>();
  #mayBeUnknown = 0;

  private constructor(
    core: Awaited<ReturnType<typeof openCore>>,
    channel: FakeSender,
    audience: string,
    leads: string[],
    sendId: string,
  ) {
    this.#core = core;
    this.#sender = channel;
    this.#audience = audience;
    this.#leads = leads;
    this.#sendId = sendId;
  }

  static async make(folder: string): Promise<World> {
    const channel = new FakeSender('whatsapp');
    const core = await openCore([channel], folder);
    const leads: string[] = [];
    for (let at = 0; at < LEADS; at++) {
      const { lead } = await core.call('leads.create', { name: `L${at}`, phone: phone(at) });
      leads.push(lead.id);
    }
    const { audience_id } = await core.call('audience.create', { name: 'All' });
    const { send_id } = await core.call('sendBulkMessages', call(audience_id));
    return new World(core, channel, audience_id, leads, send_id);
  }

  close(): Promise<void> {
    return this.#core.close();
  }

  /** Makes some of the rows, as the first turns of a large send do. */
  async freeze(count: number): Promise<void> {
    await this.#core.ledger.write(async (tx) => {
      await freezeRows(tx, (await tx.get<SendRow>('SELECT * FROM sends'))!, count);
    });
    await this.#check((before) => before === undefined);
  }

  /** As a turn of the dispatcher claims: only what runs, only after recovery. */
  async claim(room: number, fates: readonly Fate[]): Promise<void> {
    if (this.#mustRecover) return;
    const claims = await this.#core.ledger.write(async (tx) => {
      const send = await tx.get<SendRow>("SELECT * FROM sends WHERE state = 'running'");
      if (!send) return [];
      const message = parseMessage(send, send.channel);
      const chunk = await tx.get<ReadyChunk>(
        `SELECT ${READY_COLUMNS} FROM sends s JOIN chunks c ON c.send_seq = s.seq`,
      );
      const { claims, empty } = await claimWindow(
        tx,
        chunk!,
        { message, prepared: this.#sender.prepare(message) },
        {
          room,
          siteName: 'Shop',
          nowMs: this.#nowMs,
          makesRows: true,
          gate: () => null,
          admits: () => true,
          limit: null,
        },
      );
      if (empty) await endIfDone(tx, send.seq);
      return claims;
    });
    expect(claims.length).toBeLessThanOrEqual(room);
    for (const [at, claim] of claims.entries()) {
      const fate = fates[at % fates.length]!;
      this.#inFlight.push({ claim, fate });
      if (FATES[fate].arrives) bump(this.#arrived, claim.recipient.contact);
      if (FATES[fate].outcome.type === 'uncertain') this.#mayBeUnknown += 1;
    }
    const claimed = new Map(claims.map((claim) => [claim.position, claim]));
    const obstacles = await this.#obstacles();
    await this.#check((before, after) => {
      const claim = claimed.get(after.position);
      if (claim) {
        const wasFree =
          before === undefined || (before.status === 'pending' && (before.retry_at ?? 0) <= this.#nowMs);
        return (
          wasFree &&
          !obstacles.has(after.position) &&
          after.status === 'sending' &&
          after.attempts === (before?.attempts ?? 0) + 1 &&
          after.contact === claim.recipient.contact
        );
      }
      if (before === undefined) return after.status === 'pending' || after.status === 'skipped';
      return before.status === 'pending' && after.status === 'skipped' && obstacles.has(after.position);
    });
  }

  async settle(which: number): Promise<void> {
    const [one] = this.#inFlight.splice(which % Math.max(1, this.#inFlight.length), 1);
    if (one) await this.#report(one);
  }

  /** A process that was thought dead speaks after all. */
  async late(which: number): Promise<void> {
    const [one] = this.#ghosts.splice(which % Math.max(1, this.#ghosts.length), 1);
    if (one) await this.#report(one);
  }

  async #report({ claim, fate }: { claim: Claim; fate: Fate }): Promise<void> {
    const { outcome } = FATES[fate];
    const at = { wallMs: this.#nowMs, steadyMs: this.#nowMs };
    const row = 'code' in outcome && outcome.code === 'tired' ? { ...claim, retries: 99 } : claim;
    const settlement = resolveOutcome(row, outcome, at, 0.5);
    await this.#core.ledger.write(async (tx) => {
      await settle(tx, claim.chunk, [settlement]);
      if (outcome.type === 'account' || outcome.type === 'stop_send') {
        const send = await tx.get<SendRow>('SELECT * FROM sends');
        if (send!.state === 'running') await moveSend(tx, claim.chunk.send_seq, 'pause', outcome);
      }
      await completeIfSettled(tx, claim.chunk.send_seq);
    });
    const expected = {
      accepted: 'sent',
      permanent: 'failed',
      uncertain: 'failed',
      skipped: 'skipped',
      transient: 'pending',
      throttled: 'pending',
      stop_send: 'pending',
      account: 'pending',
    }[outcome.type];
    const before = this.#rows.get(claim.position)!;
    const isMine = before.attempts === claim.attempts;
    const isOpen =
      isMine && (before.status === 'sending' || (isUnknown(before) && outcome.type !== 'uncertain'));
    const proof = isMine && outcome.type === 'accepted' && before.status === 'pending';
    await this.#check((_, after) => {
      return after.position === claim.position && (isOpen || proof) && after.status === expected;
    });
    if (isOpen || proof) expect(this.#rows.get(claim.position)!.status).toBe(expected);
  }

  /** The process dies: what was in flight is known to nobody. */
  crash(): void {
    this.#mayBeUnknown += this.#inFlight.length;
    this.#ghosts.push(...this.#inFlight.splice(0));
    this.#mustRecover = true;
  }

  async recover(): Promise<void> {
    if (!this.#mustRecover) return;
    this.#mustRecover = false;
    const inDoubt = await this.#core.ledger.write((tx) => recoverInDoubt(tx, 'fake:whatsapp', 'It died.'));
    expect(inDoubt).toBe([...this.#rows.values()].filter(({ status }) => status === 'sending').length);
    await this.#check((before, after) => before?.status === 'sending' && isUnknown(after));
  }

  async change(what: 'pause' | 'resume' | 'cancel'): Promise<void> {
    await this.#core.call(`sends.${what}`, { send_id: this.#sendId }).catch(expectConflict);
    await this.#check((before, after) => this.#revived(before, after));
  }

  async callAgain(retry: 'failed' | 'unknown' | 'skipped' | undefined): Promise<void> {
    await this.#core.call('sendBulkMessages', { ...call(this.#audience), ...(retry && { retry }) });
    const before = this.#rows;
    const obstacles = await this.#obstacles();
    await this.#check((was, is) => {
      if (this.#revived(was, is)) return true;
      const fits =
        retry === 'unknown'
          ? isUnknown(was!)
          : retry === 'failed'
            ? was?.status === 'failed' && !isUnknown(was)
            : was?.status === retry;
      return (
        fits &&
        is.status === 'pending' &&
        is.attempts === was!.attempts + (is.contact === was!.contact ? 0 : 1) &&
        !obstacles.has(is.position)
      );
    });
    if (retry !== 'unknown') return;
    for (const [position, row] of this.#rows) {
      const was = before.get(position)!;
      // The message may arrive a second time at the contact that it was tried with before.
      if (isUnknown(was) && row.status === 'pending') bump(this.#risked, was.contact!);
    }
  }

  async suppress(at: number, isOn: boolean): Promise<void> {
    const input = { channel: 'whatsapp', contact: phone(at) };
    if (isOn) await this.#core.call('suppressions.add', { ...input, reason: 'opted_out' });
    else await this.#core.call('suppressions.remove', input).catch(() => {});
    await this.#check(() => false);
  }

  /** Whoever is erased has no message to come, and a hash in the place of the contact. */
  async erase(at: number): Promise<void> {
    const before = this.#rows;
    await this.#core.call('leads.delete', { lead_id: this.#leads[at % LEADS] }).catch(() => {});
    await this.#check((was, is) => {
      const { contact } = is;
      if (was === undefined || (contact !== was.contact && !contact?.startsWith('#'))) return false;
      const ends = was.status === 'pending' && is.status === 'skipped' && is.error_code === 'lead_deleted';
      return ends || same({ ...was, contact }, is);
    });
    for (const [position, { contact }] of this.#rows) this.#follow(before.get(position)!.contact, contact);
  }

  /** What arrived at a contact arrived at its hash. */
  #follow(contact: string | null, hash: string | null): void {
    if (contact === null || hash === null || contact === hash) return;
    for (const counts of [this.#arrived, this.#risked]) {
      const count = counts.get(contact);
      if (count !== undefined) counts.set(hash, count);
      counts.delete(contact);
    }
  }

  async move(at: number, to: number): Promise<void> {
    await this.#core
      .call('leads.update', { lead_id: this.#leads[at % LEADS], phone: phone(to) })
      .catch(() => {});
    await this.#check(() => false);
  }

  wait(ms: number): void {
    this.#nowMs += ms;
  }

  /** Whatever happened: recovery, the same call again and a provider in a good mood bring it to its end. */
  async finish(): Promise<void> {
    this.crash();
    await this.recover();
    await this.change('resume');
    await this.callAgain(undefined);
    for (let turn = 0; turn < 3 * LEADS; turn++) {
      this.wait(3_600_000);
      await this.claim(3, ['accepted']);
      while (this.#inFlight.length > 0) await this.settle(0);
    }
    const result = await this.#core.call('sendBulkMessages', call(this.#audience));
    expect(result).toMatchObject({ state: 'completed', total_remaining: 0, total_in_audience: LEADS });
    for (const row of this.#rows.values()) {
      if (row.status === 'sent') expect(this.#arrived.get(row.contact!)).toBeGreaterThan(0);
    }
  }

  #revived(before: Row | undefined, after: Row): boolean {
    return (
      before?.status === 'pending' && before.retry_at === GIVEN_UP && same({ ...before, retry_at: 0 }, after)
    );
  }

  /** Positions of leads that must not be messaged now. */
  async #obstacles(): Promise<Set<number>> {
    const rows = await this.#core.ledger.all<{ position: number }>(
      `SELECT m.position FROM audience_members m JOIN leads l ON l.seq = m.lead_seq
       LEFT JOIN deliveries d ON d.position = m.position
       WHERE l.deleted_at IS NOT NULL OR coalesce(d.contact, l.phone_key) IN (SELECT contact FROM suppressions)`,
    );
    return new Set(rows.map(({ position }) => position));
  }

  /** The row with the contact that it had: of whom is erased a hash is left, which stands for what that contact got. */
  #asBefore(was: Row | undefined, row: Row): Row {
    if (!isHash(row.contact) || !was || was.contact === null || isHash(was.contact)) return row;
    for (const counts of [this.#arrived, this.#risked])
      counts.set(row.contact!, Math.max(counts.get(row.contact!) ?? 0, counts.get(was.contact) ?? 0));
    return { ...row, contact: was.contact };
  }

  /** Reads everything again; only what `isAllowed` may have changed, and all that always holds must hold. */
  async #check(isAllowed: Allowed): Promise<void> {
    const rows = await this.#core.ledger.all<Row>(
      'SELECT position, status, contact, attempts, retry_at, error_code FROM deliveries ORDER BY position',
    );
    const before = this.#rows;
    this.#rows = new Map(rows.map((row) => [row.position, row]));
    for (const row of rows) {
      const was = before.get(row.position);
      const known = this.#asBefore(was, row);
      if (!same(was, known) && !isAllowed(was, known) && !isForgotten(was, row)) {
        throw new Error(`not allowed: ${JSON.stringify(was)} → ${JSON.stringify(row)}`);
      }
    }
    expect(rows.length).toBeGreaterThanOrEqual(before.size);

    const send = (await getSend(this.#core.ledger, 1))!;
    const count = (test: (row: Row) => boolean) => rows.filter(test).length;
    expect({ ...send }).toMatchObject({
      total: LEADS,
      frozen_through: rows.length,
      in_flight: count(({ status }) => status === 'sending'),
      sent: count(({ status }) => status === 'sent'),
      failed: count(({ status }) => status === 'failed'),
      unknown: count(isUnknown),
      skipped: count(({ status }) => status === 'skipped'),
    });
    await this.#checkErrors(rows);
    expect(send.unknown).toBeLessThanOrEqual(this.#mayBeUnknown);
    if (!this.#mustRecover) expect(send.in_flight).toBe(this.#inFlight.length);
    if (send.state === 'completed') expect(send.sent + send.failed + send.skipped).toBe(LEADS);

    const holders = rows.filter(({ status }) => status !== 'skipped').map(({ contact }) => contact);
    expect(new Set(holders).size).toBe(holders.length);
    for (const [contact, times] of this.#arrived) {
      expect(times, contact).toBeLessThanOrEqual(1 + (this.#risked.get(contact) ?? 0));
    }
  }

  /** The errors that are counted are those that the rows tell. */
  async #checkErrors(rows: readonly Row[]): Promise<void> {
    const told = rows
      .filter(({ status, error_code }) => error_code !== null && status !== 'sent')
      .map(({ status, error_code }) => `${status === 'sending' ? 'pending' : status} ${error_code}`);
    const counted = await this.#core.ledger.all<{ what: string; count: number }>(
      `SELECT status || ' ' || code AS what, CAST(sum(count) AS BIGINT) AS count FROM delivery_errors
       GROUP BY status, code HAVING sum(count) <> 0`,
    );
    const expected = Map.groupBy(told, (what) => what);
    expect(new Map(counted.map(({ what, count }) => [what, count]))).toEqual(
      new Map([...expected].map(([what, all]) => [what, all.length])),
    );
  }
}

function call(audience_id: string) {
  return { audience_id, channel: 'whatsapp', message: 'Hi {{lead.name}}', max_wait_seconds: 0 };
}

function isHash(contact: string | null): boolean {
  return contact?.startsWith('#') ?? false;
}

/** Whoever is erased and still waits is skipped. */
function isForgotten(was: Row | undefined, row: Row): boolean {
  const why = ['lead_deleted', 'erased'];
  return was?.status === 'pending' && row.status === 'skipped' && why.includes(row.error_code ?? '');
}

function bump(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function expectConflict(error: unknown): void {
  expect(error).toMatchObject({ code: 'conflict' });
}

type Step = (world: World) => Promise<void> | void;

/** A step by its name and numbers, so that a counterexample reads as a story. */
function step(name: string, numbers: fc.Arbitrary<readonly unknown[]>, take: (...args: never[]) => Step) {
  return numbers.map((args) => ({
    take: take(...(args as never[])),
    toString: () => `${name}(${args.join(', ')})`,
  }));
}

const lead = fc.nat(LEADS - 1);
const fate = fc.constantFrom<Fate>('accepted', 'accepted', ...(Object.keys(FATES) as Fate[]));
const steps = fc.array(
  fc.oneof(
    {
      weight: 2,
      arbitrary: step(
        'freeze',
        fc.tuple(fc.integer({ min: 1, max: 3 })),
        (count: number) => (world) => world.freeze(count),
      ),
    },
    {
      weight: 6,
      arbitrary: step(
        'claim',
        fc.tuple(fc.integer({ min: 1, max: 4 }), fc.array(fate, { minLength: 1, maxLength: 4 })),
        (room: number, fates: Fate[]) => (world) => world.claim(room, fates),
      ),
    },
    {
      weight: 6,
      arbitrary: step('settle', fc.tuple(fc.nat(9)), (which: number) => (world) => world.settle(which)),
    },
    {
      weight: 2,
      arbitrary: step('late', fc.tuple(fc.nat(9)), (which: number) => (world) => world.late(which)),
    },
    { weight: 1, arbitrary: step('crash', fc.constant([]), () => (world) => world.crash()) },
    { weight: 2, arbitrary: step('recover', fc.constant([]), () => (world) => world.recover()) },
    {
      weight: 2,
      arbitrary: step(
        'change',
        fc.tuple(fc.constantFrom('pause', 'resume', 'resume', 'cancel')),
        (what: 'pause') => (world) => world.change(what),
      ),
    },
    {
      weight: 3,
      arbitrary: step(
        'call',
        fc.tuple(fc.constantFrom(undefined, 'failed', 'unknown', 'skipped')),
        (retry: 'failed') => (world) => world.callAgain(retry),
      ),
    },
    {
      weight: 1,
      arbitrary: step(
        'suppress',
        fc.tuple(lead, fc.boolean()),
        (at: number, isOn: boolean) => (world) => world.suppress(at, isOn),
      ),
    },
    { weight: 1, arbitrary: step('erase', fc.tuple(lead), (at: number) => (world) => world.erase(at)) },
    {
      weight: 2,
      arbitrary: step(
        'move',
        fc.tuple(lead, fc.nat(6)),
        (at: number, to: number) => (world) => world.move(at, to),
      ),
    },
    {
      weight: 1,
      arbitrary: step(
        'wait',
        fc.tuple(fc.constantFrom(1_000, 10_000, 3_600_000)),
        (ms: number) => (world) => world.wait(ms),
      ),
    },
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
);

it(
  'whatever happens in whatever order, the ledger adds up, nobody is messaged twice, and the send comes to its end',
  async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (story) => {
        const folder = freshFolder();
        const world = await World.make(folder);
        try {
          for (const { take } of story) await take(world);
          await world.finish();
        } finally {
          await world.close();
          removeFolder(folder);
        }
      }),
      { numRuns: RUNS },
    );
  },
  120_000 + RUNS * 4_000,
);
