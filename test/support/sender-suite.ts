import { afterEach, describe, expect, test } from 'vitest';
import {
  type Attempt,
  type Outcome,
  type Preview,
  type Recipient,
  type Sender,
  STALLED,
} from '../../src/core/deliveries/sender.ts';
import type { Message } from '../../src/core/messages/message.ts';
import { parseMergeText } from '../../src/core/messages/parse-merge-text.ts';

/** A message as its reader got it. */
export interface Arrived extends Pick<Preview, 'to' | 'subject' | 'text'> {
  /** The id of ours that came with it, as the provider would give it back. */
  readonly id: string;
}

/** A sender and the provider it talks to, which does one thing only. */
export interface Staged {
  readonly sender: Sender;
  /** What the provider took responsibility for. */
  arrived(): Promise<readonly Arrived[]>;
  /** How many messages the provider has read to their end, whatever became of them. */
  begun(): number;
  stop(): Promise<void>;
}

type Stage = () => Promise<Staged>;
/** What a provider cannot have, and why. */
type Absent = { readonly absent: string };

/** How to make a provider do each thing. */
export interface SenderSuite {
  readonly contact: string;
  /** What must be in no outcome. The garbled and the refusing stages are to say all of it. */
  readonly secrets: readonly string[];
  /** Which id of an attempt travels with its message. */
  readonly carries: 'attemptId' | 'deliveryId';
  readonly accepts: Stage;
  readonly refusesConnections: Stage | Absent;
  readonly cutsAfterBody: Stage | Absent;
  readonly tooFast:
    | readonly { readonly says: string; readonly stage: Stage; readonly waitMs?: number }[]
    | Absent;
  readonly refusesLogin: Stage | Absent;
  /** Takes a message and never answers. */
  readonly neverAnswers: Stage | Absent;
  /** Answers that no client should have to read, and refusals that repeat whatever they were told. */
  readonly garbled: Readonly<Record<string, Stage>>;
}

const NAME = 'Ann Lee';
/** Certainly not sent. */
const NOT_SENT = ['transient', 'throttled', 'permanent', 'skipped', 'stop_send', 'account'];

/** What every sender must do, whatever its provider. One test for each promise in docs/contributing/adding-a-provider.md. */
export function testSender(name: string, suite: SenderSuite): void {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });
  const to: Recipient = {
    contact: suite.contact,
    values: {
      lead: {
        name: NAME,
        email: 'ann@example.org',
        phone: '+16505551234',
        position: null,
        company: null,
        notes: null,
        metadata: {},
      },
      site: { name: 'Tidings' },
    },
  };
  let serial = 0;
  const attempt = (mayLeave = () => true): Attempt => {
    const deliveryId = `0f0f.${++serial}`;
    return { deliveryId, attemptId: `${deliveryId}.1-abc`, mayLeave };
  };
  const open = async (stage: Stage | Absent) => {
    if ('absent' in stage) throw new Error(`${name} has no such stage: ${stage.absent}`);
    const staged = await stage();
    stops.push(async () => {
      await staged.sender.close(0);
      await staged.stop();
    });
    const prepared = staged.sender.prepare(messageFor(staged.sender));
    return { ...staged, prepared, deliver: (one = attempt()) => prepared.deliver(to, one) };
  };
  const expectDiscreet = (outcome: Outcome) => {
    if (outcome.type === 'accepted') return;
    const told = JSON.stringify([outcome.code, outcome.message, outcome.said]);
    for (const secret of [...suite.secrets, suite.contact, suite.contact.replace('+', '')])
      expect(told).not.toContain(secret);
  };
  /** By name, also when it is skipped: then the name says why. */
  const testOf = (stage: object, promise: string, run: () => Promise<void>) => {
    const why = 'absent' in stage ? ` (${stage.absent})` : '';
    test.skipIf('absent' in stage)(`${promise}${why}`, run);
  };

  describe(`the sender ${name}`, () => {
    test('calls what the provider took accepted, with an id', async () => {
      const { deliver, arrived } = await open(suite.accepts);
      const outcome = await deliver();
      expect(outcome).toEqual({ type: 'accepted', providerMessageId: expect.stringMatching(/\S/) });
      expect(await arrived()).toHaveLength(1);
    });

    test('previews what arrives', async () => {
      const { deliver, arrived, prepared } = await open(suite.accepts);
      await deliver();
      const { to: contact, subject, text } = prepared.preview(to);
      expect(text).toContain(NAME);
      expect(await arrived()).toMatchObject([{ to: contact, subject, text }]);
    });

    test(`sends the ${suite.carries} along with the message`, async () => {
      const { deliver, arrived } = await open(suite.accepts);
      const ours = [attempt(), attempt()];
      for (const one of ours) await deliver(one);
      const ids = (await arrived()).map(({ id }) => id);
      expect(ids).toEqual(ours.map((one) => one[suite.carries]));
    });

    test('lets nothing leave that may not, and goes on with what may', async () => {
      const { deliver, arrived, begun } = await open(suite.accepts);
      let asked = 0;
      const held = attempt(() => ++asked === 0);
      expect(await deliver(held)).toEqual(STALLED);
      expect({ asked, begun: begun() }).toEqual({ asked: 1, begun: 0 });
      expect(await deliver()).toMatchObject({ type: 'accepted' });
      expect(await arrived()).toHaveLength(1);
    });

    testOf(suite.refusesConnections, 'has certainly not sent when the connection is refused', async () => {
      const { deliver } = await open(suite.refusesConnections);
      const outcome = await deliver();
      expect(outcome).toMatchObject({ type: 'transient', scope: 'sender' });
      expectDiscreet(outcome);
    });

    testOf(suite.cutsAfterBody, 'is in doubt when the connection is cut after the body', async () => {
      const { deliver, begun } = await open(suite.cutsAfterBody);
      const outcome = await deliver();
      expect(outcome).toMatchObject({ type: 'uncertain' });
      expect(begun()).toBe(1);
      expectDiscreet(outcome);
    });

    const { tooFast } = suite;
    for (const { says, stage, waitMs } of 'absent' in tooFast ? [] : tooFast) {
      test(`is throttled by ${says}, for as long as it is told`, async () => {
        const { deliver, arrived } = await open(stage);
        const outcome = await deliver();
        expect(outcome).toMatchObject({ type: 'throttled', ...(waitMs ? { retryAfterMs: waitMs } : {}) });
        expect(await arrived()).toEqual([]);
        expectDiscreet(outcome);
      });
    }
    if ('absent' in tooFast) testOf(tooFast, 'is throttled when it is too fast', async () => {});

    testOf(suite.refusesLogin, 'calls a refused login a matter of the account', async () => {
      const { deliver, arrived } = await open(suite.refusesLogin);
      const outcome = await deliver();
      expect(outcome).toMatchObject({ type: 'account' });
      expect(await arrived()).toEqual([]);
      expectDiscreet(outcome);
    });

    testOf(suite.neverAnswers, 'closes at once when told so, and all it gave up has an outcome', async () => {
      const { sender, deliver, begun } = await open(suite.neverAnswers);
      const sending = Array.from({ length: 8 }, () => deliver());
      await expect.poll(begun).toBeGreaterThan(0);
      const startedAt = performance.now();
      await sender.close(0);
      const outcomes = await Promise.all(sending);
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      const inDoubt = outcomes.filter(({ type }) => type === 'uncertain');
      expect(inDoubt.length).toBeGreaterThanOrEqual(begun());
      for (const outcome of outcomes) expect([...NOT_SENT, 'uncertain']).toContain(outcome.type);
    });

    test.each(Object.entries(suite.garbled))('never rejects and tells no secret: %s', async (_, stage) => {
      const { deliver } = await open(stage);
      const outcome = await deliver();
      expect([...NOT_SENT, 'uncertain']).toContain(outcome.type);
      expectDiscreet(outcome);
    });
  });
}

function messageFor({ about }: Sender): Message {
  const body = parseMergeText('Hello, {{lead.name}}!\n\n.A line of its own: ✨');
  if (about.channel === 'whatsapp') return { channel: 'whatsapp', body };
  const subject = parseMergeText('For {{lead.name}}');
  return { channel: 'email', format: 'text', body, subject, fromName: 'Team' };
}
