import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

let folder: string;
let email: FakeSender;
let core: Awaited<ReturnType<typeof openCore>>;
let send: Record<string, unknown>;
/** Happens when everything was read, just before the next change of the ledger. */
let meanwhile: (() => Promise<unknown>) | null = null;

const LEADS = [
  { email: 'ana@example.com', name: 'Ana Ruiz', company: 'Acme' },
  { email: 'bo@example.com', company: 'Bo & Co' },
  { email: 'ANA@example.com ', name: 'Ana twice', phone: '+525512345678' },
  { email: 'not an address', name: 'Cy' },
  { name: 'Nobody', phone: '+525512345679' },
  { email: 'no@example.com', name: 'Noor', company: 'N' },
  { email: 'yuki@example.com', name: '雪', company: 'Y' },
  { email: 'long@example.com', name: 'Maximiliana Alexandra de la Fuente y Montesinos', company: 'M' },
  { email: 'poor@example.com', name: 'Poor', phone: '+525512345678' },
];

beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email', 16, 100);
  core = await openCore([email, new FakeSender('whatsapp')], folder, withMeanwhile);
  for (const lead of LEADS) await core.call('leads.import', { leads: [lead] });
  await core.call('suppressions.add', { contact: 'no@example.com', channel: 'email' });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  send = {
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message: 'Hello {{lead.name}} of {{lead.company}}',
    max_wait_seconds: 20,
  };
});

function withMeanwhile(ledger: Ledger): Ledger {
  return new Proxy(ledger, {
    get(target, name) {
      const found = Reflect.get(target, name);
      if (name !== 'write') return typeof found === 'function' ? found.bind(target) : found;
      return async (work: Parameters<Ledger['write']>[0]) => {
        const happening = meanwhile;
        meanwhile = null;
        await happening?.();
        return target.write(work);
      };
    },
  });
}

afterEach(async () => {
  meanwhile = null;
  vi.useRealTimers();
  await core.close();
  removeFolder(folder);
});

const dry = (more: object = {}) => core.call('sendBulkMessages', { ...send, dry_run: true, ...more });
const real = (more: object = {}) => core.call('sendBulkMessages', { ...send, ...more });
const totalsOf = (result: Record<string, number>) =>
  result['total_sent']! + result['total_failed']! + result['total_skipped']! + result['total_remaining']!;

describe('a dry run', () => {
  it.each([
    ['strip_tokens', 'email'],
    ['skip_recipient', 'email'],
    ['strip_tokens', 'whatsapp'],
    ['skip_recipient', 'whatsapp'],
  ])('tells what the send then comes to (%s, %s)', async (placeholder_policy, channel) => {
    const told = await dry({ placeholder_policy, channel });
    expect(told).toMatchObject({
      success: true,
      dry_run: true,
      total_sent: 0,
      total_remaining: told.would_send,
    });
    expect(totalsOf(told)).toBe(told.total_in_audience);
    expect(await core.call('sends.list')).toMatchObject({ sends: [] });
    expect(email.tries).toBe(0);
    core.dispatcher.start();
    const sent = await real({ placeholder_policy, channel });
    expect(sent).toMatchObject({ total_sent: told.would_send, total_skipped: told.total_skipped });
    const { deliveries } = await core.call('sends.deliveries', { send_id: sent.send_id, status: 'skipped' });
    const skips: Record<string, number> = {};
    for (const { error_code } of deliveries) skips[error_code] = (skips[error_code] ?? 0) + 1;
    expect(told.skips).toEqual(skips);
  });

  it('shows the hardest leads as their messages would arrive', async () => {
    const { samples, estimate } = await dry({ message: '<p>Hi {{lead.name | default: "you"}}</p>' });
    expect(samples.map(({ to }: { to: string }) => to)).toEqual([
      'bo@example.com',
      'yuki@example.com',
      'long@example.com',
    ]);
    expect(samples[1].html).toBe('<p>Hi 雪</p>');
    expect(estimate).toEqual({ seconds: 1, rate_per_second: 100 });
  });

  it('of a send that is under way tells what is left of it', async () => {
    core.dispatcher.start();
    const sent = await real();
    const told = await dry();
    expect(told).toMatchObject({ would_send: 0, total_sent: sent.total_sent, send_id: sent.send_id });
    expect(totalsOf(told)).toBe(told.total_in_audience);
  });

  it('refuses what a send refuses', async () => {
    await expect(dry({ message: 'Hi {{first_name}}' })).rejects.toThrow(/first_name/);
  });
});

describe('what was confirmed', () => {
  it('is sent exactly, and the same call again attaches to it', async () => {
    core.dispatcher.start();
    const { confirm, would_send } = await dry();
    const sent = await real({ confirm });
    expect(sent).toMatchObject({ success: true, total_sent: would_send });
    // The answer was lost, and the client calls again.
    expect(await real({ confirm })).toMatchObject({ success: true, send_id: sent.send_id });
    expect(email.accepted).toHaveLength(would_send);
  });

  it('by two calls at once is one send', async () => {
    core.dispatcher.start();
    const { confirm, would_send } = await dry();
    const [one, other] = await Promise.all([real({ confirm }), real({ confirm })]);
    expect(one.send_id).toBe(other.send_id);
    expect(email.accepted).toHaveLength(would_send);
  });

  it.each([
    ['text', { message: 'Hello, {{lead.name}} of {{lead.company}}' }],
    ['subject', { subject: 'Hi!' }],
    ['campaign', { campaign: 'other' }],
    ['policy', { placeholder_policy: 'skip_recipient' }],
    ['sender', { sender: 'sandbox' }],
    ['time', { schedule_at: '2099-01-01T00:00:00Z' }],
  ])('is not sent with another %s', async (_, more) => {
    const { confirm } = await dry();
    const given =
      'schedule_at' in more ? { schedule_at: new Date(Date.now() + 3_600_000).toISOString() } : more;
    expect(await real({ confirm, ...given })).toMatchObject({ success: false, code: 'changed' });
    expect(await core.call('sends.list')).toMatchObject({ sends: [] });
    // What was shown can still be sent.
    core.dispatcher.start();
    expect(await real({ confirm })).toMatchObject({ success: true });
  });

  it('is not sent when somebody has said no meanwhile, or may be written to again', async () => {
    const first = await dry();
    await core.call('suppressions.add', { contact: 'bo@example.com', channel: 'email' });
    const refused = await real({ confirm: first.confirm });
    expect(refused).toMatchObject({ success: false, code: 'changed', would_send: first.would_send - 1 });
    expect(totalsOf(refused)).toBe(refused.total_in_audience);
    const second = await dry();
    await core.call('suppressions.remove', { contact: 'bo@example.com', channel: 'email' });
    expect(await real({ confirm: second.confirm })).toMatchObject({ code: 'changed' });
    expect(await core.call('sends.list')).toMatchObject({ sends: [] });
  });

  it('is good for one send only', async () => {
    core.dispatcher.start();
    const { confirm } = await dry();
    await real({ confirm });
    const second = await real({ confirm, campaign: 'second' });
    expect(second).toMatchObject({ success: false, code: 'changed' });
    expect(second.error).toMatch(/confirmed already/);
    expect(await real({ confirm, message: 'Another text' })).toMatchObject({
      success: false,
      code: 'changed',
    });
  });

  it('is not sent after ten minutes', async () => {
    const { confirm } = await dry();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11 * 60_000 });
    expect(await real({ confirm })).toMatchObject({ success: false, code: 'changed' });
  });

  it('is not sent by a token that is none', async () => {
    const { confirm, would_send } = await dry();
    const altered = `${confirm.slice(0, -1)}${confirm.endsWith('A') ? 'B' : 'A'}`;
    for (const token of ['nonsense', altered])
      expect(await real({ confirm: token })).toMatchObject({ success: false, code: 'changed', would_send });
    expect(await core.call('sends.list')).toMatchObject({ sends: [] });
  });

  it('is not sent to as many others', async () => {
    const { confirm, would_send } = await dry();
    await core.call('suppressions.remove', { contact: 'no@example.com', channel: 'email' });
    await core.call('suppressions.add', { contact: 'bo@example.com', channel: 'email' });
    expect(await real({ confirm })).toMatchObject({ code: 'changed', would_send });
  });

  it('puts leads back once, however often the same call is made', async () => {
    core.dispatcher.start();
    email.answer = () => ({ type: 'permanent', code: 'refused', message: 'No.' });
    await real();
    const { confirm, would_send } = await dry({ retry: 'failed' });
    expect(would_send).toBeGreaterThan(0);
    await real({ confirm, retry: 'failed' });
    const { tries } = email;
    expect(await real({ confirm, retry: 'failed' })).toMatchObject({
      success: true,
      total_failed: would_send,
    });
    expect(email.tries).toBe(tries);
  });

  it('is told when the same people got the same text lately', async () => {
    core.dispatcher.start();
    await real();
    const again = await dry({ campaign: 'again' });
    expect(again.warnings.join()).toMatch(/got the same text.*allow_repeat: true/);
    expect(await real({ campaign: 'again', confirm: again.confirm })).toMatchObject({ code: 'repeat' });
    expect((await dry({ campaign: 'again', allow_repeat: true })).warnings).toEqual([]);
  });
});

it('a number of people that is not the right one stops the send', async () => {
  core.dispatcher.start();
  const { would_send } = await dry();
  const refused = await real({ expected_recipients: would_send + 1 });
  expect(refused).toMatchObject({ success: false, code: 'changed', would_send });
  expect(await core.call('sends.list')).toMatchObject({ sends: [] });
  expect(await real({ expected_recipients: would_send })).toMatchObject({
    success: true,
    total_sent: would_send,
  });
});

describe('what changes between the look and the send', () => {
  const suppress = () => core.call('suppressions.add', { contact: 'bo@example.com', channel: 'email' });

  it.each(['confirm', 'expected_recipients'])('stops it, by %s', async (promise) => {
    const { confirm, would_send } = await dry();
    meanwhile = suppress;
    const given = promise === 'confirm' ? { confirm } : { expected_recipients: would_send };
    expect(await real(given)).toMatchObject({ success: false, code: 'changed', would_send: would_send - 1 });
    expect(await core.call('sends.list')).toMatchObject({ sends: [] });
  });

  it('is another call that made the send, and this one changes nothing', async () => {
    const [mine, other] = [{ message: 'Mine' }, { message: 'Other' }];
    const { confirm } = await dry(mine);
    meanwhile = () => real({ ...other, max_wait_seconds: 0 });
    const refused = await real({ ...mine, confirm, max_wait_seconds: 0 });
    expect(refused).toMatchObject({ success: false, code: 'changed' });
    expect(refused.error).toMatch(/Another call/);
    expect(await core.call('sends.get', { send_id: refused.send_id })).toMatchObject({ message: 'Other' });
  });

  it('is looked for among many people just before, and the send that is there then', async () => {
    const leads = Array.from({ length: 500 }, (_, at) => ({ email: `lead${at}@example.com` }));
    for (const half of ['', 'more'])
      await core.call('leads.import', { leads: leads.map(({ email: to }) => ({ email: half + to })) });
    const { audience_id } = await core.call('audience.create', { name: 'Many' });
    const many = { audience_id, message: 'Hello', max_wait_seconds: 0 };
    const first = await dry(many);
    expect(first.would_send).toBeGreaterThan(1_000);
    await suppress();
    expect(await real({ ...many, confirm: first.confirm })).toMatchObject({ code: 'changed' });
    const { confirm } = await dry(many);
    meanwhile = () => real({ ...many, message: 'Other' });
    expect(await real({ ...many, confirm })).toMatchObject({ code: 'changed', state: 'running' });
    const expected = { ...many, campaign: 'two', expected_recipients: first.would_send - 1 };
    meanwhile = () => real({ ...many, campaign: 'two', message: 'Third' });
    expect(await real(expected)).toMatchObject({ code: 'changed', state: 'running' });
    const last = await dry(many);
    const sent = await real({ ...many, confirm: last.confirm });
    expect(sent).toMatchObject({ success: true, total_remaining: last.total_in_audience });
    expect(await real({ ...many, confirm: last.confirm })).toMatchObject({
      success: true,
      send_id: sent.send_id,
    });
  });
});
