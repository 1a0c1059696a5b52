import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { anyUnfolded } from '../../src/core/events/event.store.ts';
import type { ProviderEvent } from '../../src/core/events/event.ts';
import type { BounceKind } from '../../src/providers/email/bounces/judge-bounce.ts';
import { MEANINGS } from '../../src/providers/email/bounces/meanings.ts';
import { freshFolder, hurried, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { providerEvent } from '../support/provider-event.ts';

const DAY = 24 * 60 * 60_000;
const FIRST = Date.parse('2026-05-01T10:00:00Z');

let folder: string;
let email: FakeSender;
let core: Awaited<ReturnType<typeof openCore>>;

beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email', 64);
  core = await openCore([email], folder, undefined, undefined, { timing: hurried(5) });
  core.dispatcher.start();
});
afterEach(async () => {
  await core.dispatcher.stop(0);
  await core.close();
  removeFolder(folder);
});

async function audienceOf(...emails: string[]): Promise<string> {
  await core.call('leads.import', { leads: emails.map((email) => ({ name: 'A', email })) });
  return (await core.call('audience.create', { name: `All ${emails.length}` })).audience_id;
}

let campaigns = 0;
/** @returns the attempts of the message that each got, by address */
async function sendTo(audience_id: string, more: object = {}): Promise<Map<string, string>> {
  const from = email.accepted.length;
  const campaign = `c${campaigns++}`;
  const text = { channel: 'email', subject: 'Hi', message: `Hi ${campaign}`, campaign };
  await core.call('sendBulkMessages', { audience_id, ...text, ...more });
  return new Map(email.accepted.slice(from).map(({ contact, attemptId }) => [contact, attemptId]));
}

let keys = 0;
/** As it is told by mail or by a provider. */
function cameBack(attemptId: string, kind: BounceKind, occurredAt = Date.now()): ProviderEvent {
  const { type, code, detail = null } = MEANINGS[kind];
  return providerEvent({ key: `k${keys++}`, sender: null, attemptId, type, code, detail, occurredAt });
}

async function tell(...events: ProviderEvent[]): Promise<void> {
  await core.webhooks.take(events);
  await vi.waitFor(async () => expect(await anyUnfolded(core.ledger)).toBe(false), 20_000);
}

const suppressions = async () => (await core.call('suppressions.list', {})).suppressions;

describe('messages that come back softly', () => {
  const ANN = 'ann@example.org';
  let audience: string;
  beforeEach(async () => {
    audience = await audienceOf(ANN, 'bob@example.org');
  });

  /** One message after the other, each of which comes back that many days after the first. */
  async function comeBack(days: readonly number[], kind: BounceKind = 'soft'): Promise<void> {
    for (const day of days) await tell(cameBack((await sendTo(audience)).get(ANN)!, kind, FIRST + day * DAY));
  }

  it('five times in a row over seven days: the address is suppressed, and no other', async () => {
    await comeBack([0, 2, 4, 6]);
    expect(await suppressions()).toEqual([]);
    await comeBack([7]);
    expect(await suppressions()).toMatchObject([
      {
        ...{ channel: 'email', contact: ANN, reason: 'bounced' },
      },
    ]);
    expect(await core.ledger.get('SELECT source FROM suppressions')).toEqual({
      source: 'an event of fake: 5 messages in a row came back since 2026-05-01',
    });
    const skipped = await sendTo(audience);
    expect([...skipped.keys()]).toEqual(['bob@example.org']);
  });

  it('many times within some days are one full mailbox: nobody is suppressed before seven are over', async () => {
    await comeBack([0, 1, 2, 3, 4, 5, 6, 6.9]);
    expect(await suppressions()).toEqual([]);
    await comeBack([7.1]);
    expect(await suppressions()).toHaveLength(1);
  });

  it('with one between that stayed, they are counted anew', async () => {
    await comeBack([0, 2, 4, 6]);
    await sendTo(audience);
    await comeBack([8, 10, 12, 14]);
    expect(await suppressions()).toEqual([]);
    await comeBack([16]);
    expect(await suppressions()).toHaveLength(1);
  });

  it('days late and in any order: what was sent since may still come back, and did not stay yet', async () => {
    const attempts: string[] = [];
    for (let count = 0; count < 6; count++) attempts.push((await sendTo(audience)).get(ANN)!);
    for (const [at, day] of [
      [1, 2],
      [0, 3],
      [2, 4],
      [3, 8],
    ] as const)
      await tell(cameBack(attempts[at]!, 'soft', FIRST + day * DAY));
    expect(await suppressions()).toEqual([]);
    await tell(cameBack(attempts[4]!, 'soft', FIRST + 9 * DAY));
    expect(await suppressions()).toHaveLength(1);
  });

  it('twice for the same message count once', async () => {
    for (const day of [0, 3, 6, 9]) {
      const attempt = (await sendTo(audience)).get(ANN)!;
      await tell(
        cameBack(attempt, 'soft', FIRST + day * DAY),
        cameBack(attempt, 'soft', FIRST + day * DAY + 1),
      );
    }
    expect(await suppressions()).toEqual([]);
  });

  it('do not count any more once a person has let the address in again', async () => {
    await comeBack([0, 3, 6, 9, 12]);
    const [{ contact }] = await suppressions();
    await core.call('suppressions.remove', { contact, channel: 'email' });
    const attempt = (await sendTo(audience)).get(ANN);
    expect(attempt).toBeDefined();
    await tell(cameBack(attempt!, 'soft', Date.now() + DAY));
    expect(await suppressions()).toEqual([]);
  });

  it.each(['message', 'sender', 'delayed', 'autoreply', 'none'] as const)(
    'are other ones than those of the kind "%s", of which nobody is suppressed',
    async (kind) => {
      await comeBack([0, 2, 4, 6, 8, 10], kind);
      expect(await suppressions()).toEqual([]);
    },
  );
});

describe('what receiving servers refuse', () => {
  /** A send of so many of which some were accepted and the rest waits, and another one of the same sender. */
  async function running(count: number, accepts: number): Promise<{ send_id: string; other: string }> {
    email.answer = (_, tries) => (tries <= accepts ? undefined : new Promise(() => {}));
    const audience_id = await audienceOf(...Array.from({ length: count }, (_, at) => `p${at}@example.org`));
    const text = { audience_id, channel: 'email', subject: 'Hi', max_wait_seconds: 0 };
    const { send_id } = await core.call('sendBulkMessages', { ...text, message: 'One', campaign: 'one' });
    await vi.waitFor(() => expect(email.accepted.length).toBeGreaterThanOrEqual(accepts), 20_000);
    const more = { message: 'Two', campaign: 'two', allow_repeat: true };
    const { send_id: other } = await core.call('sendBulkMessages', { ...text, ...more });
    return { send_id, other };
  }
  const state = async (send_id: string) => (await core.call('sends.get', { send_id })).state;
  const attempts = (count: number) => email.accepted.slice(0, count).map(({ attemptId }) => attemptId);

  it('for the message, twenty times, pauses that send and no other', async () => {
    const { send_id, other } = await running(60, 40);
    await tell(...attempts(19).map((id) => cameBack(id, 'message')));
    expect(await state(send_id)).toBe('running');
    await tell(
      ...attempts(20)
        .slice(19)
        .map((id) => cameBack(id, 'message')),
    );
    expect([await state(send_id), await state(other)]).toEqual(['paused', 'running']);
    expect(await suppressions()).toEqual([]);
  });

  it('for the sender, twenty times, pauses every send of the sender, and suppresses nobody', async () => {
    const { send_id, other } = await running(60, 40);
    await tell(...attempts(19).map((id) => cameBack(id, 'sender')));
    expect([await state(send_id), await state(other)]).toEqual(['running', 'running']);
    await tell(
      ...attempts(20)
        .slice(19)
        .map((id) => cameBack(id, 'sender')),
    );
    expect([await state(send_id), await state(other)]).toEqual(['paused', 'paused']);
    expect(await suppressions()).toEqual([]);
  });

  it('of less than one message in twenty pauses nothing: some servers take no bulk mail', async () => {
    const { send_id } = await running(520, 500);
    await vi.waitFor(
      async () => expect((await core.call('sends.get', { send_id })).total_sent).toBeGreaterThan(450),
      20_000,
    );
    await tell(...attempts(20).map((id) => cameBack(id, 'sender')));
    expect(await state(send_id)).toBe('running');
    await tell(
      ...attempts(40)
        .slice(20)
        .map((id) => cameBack(id, 'sender')),
    );
    expect(await state(send_id)).toBe('paused');
  });
});
