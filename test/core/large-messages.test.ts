import { afterEach, expect, it } from 'vitest';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The most that were in flight at once of a send to so many, of whom every fifth has to be tried again. */
async function mostAtOnce(leads: number, message: string, lead: object = {}) {
  const folder = freshFolder();
  const email = new FakeSender('email', 64);
  const core = await openCore([email, new FakeSender('whatsapp')], folder);
  closing.push(async () => {
    await core.close();
    removeFolder(folder);
  });
  let now = 0;
  let most = 0;
  const seen = new Set<string>();
  email.answer = async ({ contact }) => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, 5));
    now -= 1;
    const isFirst = !seen.has(contact);
    seen.add(contact);
    return isFirst && seen.size % 5 === 0
      ? { type: 'transient', scope: 'recipient', code: 'x', message: 'Later.', retryAfterMs: 1 }
      : undefined;
  };
  await core.call('leads.import', {
    leads: Array.from({ length: leads }, (_, at) => ({ ...lead, email: `l${at}@example.com` })),
  });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  core.dispatcher.start();
  const result = await core.call('sendBulkMessages', {
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message,
  });
  expect(result).toMatchObject({ state: 'completed', total_sent: leads });
  expect(new Set(email.accepted.map(({ contact }) => contact)).size).toBe(leads);
  expect(email.accepted.length).toBe(leads);
  return most;
}

it('of messages of 2 MB eight are in flight at once, and each arrives once', async () => {
  expect(await mostAtOnce(60, 'x'.repeat(2_000_000))).toBeLessThanOrEqual(8);
});

it('the values of the leads count, not only the text', async () => {
  const message = '{{lead.notes}}'.repeat(80);
  expect(await mostAtOnce(60, message, { notes: 'n'.repeat(10_000) })).toBeLessThanOrEqual(20);
});

it('messages of a usual size fill the window', async () => {
  expect(await mostAtOnce(300, 'x'.repeat(100_000))).toBeGreaterThan(32);
});
