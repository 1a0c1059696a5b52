import { expect, it, vi } from 'vitest';
import { effectsOf } from '../../src/core/deliveries/effects.ts';
import type { Outcome } from '../../src/core/deliveries/sender.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

const what = { code: 'x', message: 'Words.' };
const OUTCOMES: readonly Outcome[] = [
  { type: 'accepted', providerMessageId: 'id' },
  { type: 'transient', scope: 'recipient', ...what, retryAfterMs: 10 },
  { type: 'transient', scope: 'sender', ...what },
  { type: 'throttled', scope: 'recipient', ...what, retryAfterMs: 10 },
  { type: 'throttled', scope: 'domain', ...what, retryAfterMs: 10 },
  { type: 'throttled', scope: 'sender', ...what, retryAfterMs: 10 },
  { type: 'permanent', ...what },
  { type: 'permanent', ...what, suppress: 'bounced' },
  { type: 'permanent', ...what, suppress: 'opted_out' },
  { type: 'skipped', ...what },
  { type: 'stop_send', ...what },
  { type: 'account', ...what },
  { type: 'uncertain', ...what },
];

it.each(OUTCOMES.map((outcome) => [Object.values(outcome).join(' '), outcome] as const))(
  'the sender loop does what the table of effects says: %s',
  async (_, outcome) => {
    const folder = freshFolder();
    const email = new FakeSender('email', 1);
    const core = await openCore([email, new FakeSender('whatsapp')], folder);
    try {
      // The first message of all has that outcome, and every later one is accepted.
      email.answer = (_delivered, tries) => (tries === 1 ? outcome : undefined);
      const sends: string[] = [];
      for (const name of ['one', 'two']) {
        for (const at of [1, 2])
          await core.call('leads.create', { name: `${name} ${at}`, email: `${name}${at}@example.com` });
        const { audience_id } = await core.call('audience.create', { name, search: name });
        const message = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 0 };
        sends.push((await core.call('sendBulkMessages', message)).send_id);
      }
      const effects = effectsOf(outcome);
      core.dispatcher.start();
      const states = async () => {
        const all = await Promise.all(sends.map((send_id) => core.call('sends.get', { send_id })));
        return all.map(({ state }) => state as string).sort();
      };
      const expected = {
        goes_on: ['completed', 'completed'],
        paused_if_repeated: ['completed', 'completed'],
        paused: ['completed', 'paused'],
        all_of_sender_paused: ['paused', 'paused'],
      };
      await vi.waitFor(async () => expect(await states()).toEqual(expected[effects.send]), 15_000);
      const rows = await core.ledger.all<{ status: string; retries: number; error_code: string | null }>(
        'SELECT status, retries, error_code FROM deliveries WHERE attempts > 0 ORDER BY attempts DESC, sent_at IS NOT NULL',
      );
      const row = rows[0]!;
      expect(row).toMatchObject(
        {
          sent: { status: 'sent' },
          retried: { status: 'sent', retries: 1 },
          pending: { status: effects.send === 'goes_on' ? 'sent' : 'pending', retries: 0 },
          failed: { status: 'failed', error_code: 'x' },
          unknown: { status: 'failed', error_code: 'outcome_unknown' },
          skipped: { status: 'skipped', error_code: 'x' },
        }[effects.row],
      );
      const { suppressions } = await core.call('suppressions.list');
      expect(suppressions.map(({ reason }: { reason: string }) => reason)).toEqual(
        effects.suppresses === null ? [] : [effects.suppresses],
      );
    } finally {
      await core.close();
      removeFolder(folder);
    }
  },
);
