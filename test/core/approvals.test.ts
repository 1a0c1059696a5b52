import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findSend, moveSend, startDue } from '../../src/core/sends/send.store.ts';
import { AUTHOR, PERSON } from '../support/caller.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

/** Under TIDINGS_CONFIRM=person. */

let folder: string;
let email: FakeSender;
let core: Awaited<ReturnType<typeof openCore>>;
let send: Record<string, unknown>;

const open = (confirm: 'person' | 'ask' | 'off' = 'person') =>
  openCore([email], folder, undefined, undefined, { confirm });
const HOUR = (hours = 1) => new Date(Date.now() + hours * 3_600_000).toISOString();

beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email', 16, 10);
  core = await open();
  const leads = ['ana', 'bo', 'cy'].map((name) => ({ name, email: `${name}@example.com` }));
  await core.call('leads.import', { leads: [...leads, { name: 'Nobody' }] });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  send = {
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message: 'Hello {{lead.name}}',
    max_wait_seconds: 20,
  };
  core.dispatcher.start();
});

afterEach(async () => {
  vi.useRealTimers();
  await core.close();
  removeFolder(folder);
});

const call = (more: object = {}) => core.call('sendBulkMessages', { ...send, ...more });
const resume = (send_id: string, more: object = {}) => core.call('sends.resume', { send_id, ...more });
const approve = (code: string, more: object = {}) => core.call('sends.approve', { code, ...more }, PERSON);
const reject = (code: string, more: object = {}) => core.call('sends.reject', { code, ...more }, PERSON);
const get = (send_id: string) => core.call('sends.get', { send_id });
const WAITS = { success: true, state: 'paused', problem: 'approval_needed' };

async function nobody(): Promise<string> {
  const { leads } = await core.call('leads.list');
  return leads.find(({ name }: { name: string }) => name === 'Nobody').id;
}
const refuse = (names: string[]) => {
  email.answer = ({ contact }) =>
    names.some((name) => contact.startsWith(name))
      ? { type: 'permanent', code: 'refused', message: 'No.' }
      : undefined;
};

describe('a live send', () => {
  it('waits until a person has approved it, and then goes by itself', async () => {
    const asked = await call();
    expect(asked).toMatchObject({ ...WAITS, total_sent: 0, total_remaining: 4, total_in_audience: 4 });
    expect(asked.approval).toMatchObject({
      code: expect.stringMatching(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/),
      recipients: 3,
      url: `http://localhost:3000/approvals/${asked.send_id}`,
    });
    expect(asked.next_step).toContain('sends approve');
    expect(await call()).toMatchObject({ ...WAITS, send_id: asked.send_id, approval: asked.approval });
    expect(email.tries).toBe(0);
    await approve(asked.approval.code.toLowerCase().replace('-', ' '));
    expect(await call()).toMatchObject({
      success: true,
      state: 'completed',
      total_sent: 3,
      total_skipped: 1,
    });
    expect(email.accepted).toHaveLength(3);
  });

  it('shows a person what it would be', async () => {
    await call({ schedule_at: HOUR() });
    const { approvals } = await core.call('sends.approvals');
    expect(approvals).toMatchObject([
      {
        ...{
          audience_name: 'All',
          channel: 'email',
          campaign: 'default',
          subject: 'Hi',
          sender: 'fake:email',
        },
        ...{ would_send: 3, skips: { missing_email: 1 }, percent_this_week: 0, estimate: { seconds: 1 } },
        approval: { recipients: 3 },
        asked_by: 'this machine',
      },
    ]);
    expect(approvals[0].samples.map(({ text }: { text: string }) => text).sort()).toEqual([
      ...['Hello ana', 'Hello bo', 'Hello cy'],
    ]);
    expect(approvals[0].scheduled_at).toBeTruthy();
    expect(approvals[0].confirm).toBeUndefined();
  });

  it('is approved by the right number only, and once', async () => {
    const { approval } = await call();
    for (const count of [2, 4])
      await expect(approve(approval.code, { count })).rejects.toMatchObject({ code: 'changed' });
    expect(await call()).toMatchObject(WAITS);
    await approve(approval.code, { count: 3 });
    await expect(approve(approval.code)).rejects.toMatchObject({ code: 'conflict' });
    await expect(approve('ZZZZ-ZZZZ')).rejects.toMatchObject({ code: 'not_found' });
    expect(await call()).toMatchObject({ total_sent: 3 });
  });

  it('waits for its time when it is approved before that', async () => {
    const { approval, send_id } = await call({ schedule_at: HOUR() });
    expect(await approve(approval.code)).toMatchObject({ state: 'scheduled' });
    expect(await get(send_id)).toMatchObject({ state: 'scheduled', total_remaining: 4 });
    expect(await call({ schedule_at: 'now' })).toMatchObject({ ...WAITS, send_id });
    expect(email.tries).toBe(0);
  });

  it('that a person has refused stays as it is, and the program hears why', async () => {
    const { approval, send_id } = await call();
    await reject(approval.code, { reason: 'Not before the fair.' });
    const told = await call();
    expect(told).toMatchObject({
      success: false,
      state: 'paused',
      problem: 'approval_rejected',
      code: 'declined',
    });
    expect(told.error).toContain('Not before the fair.');
    await expect(resume(send_id)).rejects.toMatchObject({ code: 'declined' });
    await expect(approve(approval.code)).rejects.toMatchObject({ code: 'conflict' });
    expect(await call({ message: 'Better, {{lead.name}}' })).toMatchObject(WAITS);
    expect(email.tries).toBe(0);
  });

  it('the sandbox, pause and cancel wait for nobody', async () => {
    expect(await call({ sender: 'sandbox' })).toMatchObject({
      success: true,
      mode: 'sandbox',
      total_sent: 3,
    });
    const { approval, send_id } = await call();
    expect(await core.call('sends.pause', { send_id })).toMatchObject({ success: true, state: 'paused' });
    expect(await core.call('sends.cancel', { send_id })).toMatchObject({ success: true, state: 'cancelled' });
    await expect(approve(approval.code)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('no program gets round the person', () => {
  it.each([
    ['the token of a dry run', {}, true],
    ['a number', { expected_recipients: 3 }],
    ['allow_repeat', { allow_repeat: true }],
    ['a time that is now', { schedule_at: 'now' }],
    ['a time', { schedule_at: HOUR() }],
    ['retry', { retry: 'skipped' }],
    ['another campaign', { campaign: 'other' }],
    ['the sender by its id', { sender: 'fake:email' }],
  ])('by %s, before or after it was asked', async (_, more, byToken = false) => {
    const confirm = byToken ? { confirm: (await call({ ...more, dry_run: true })).confirm } : {};
    expect(await call({ ...more, ...confirm })).toMatchObject(WAITS);
    const again = byToken ? { confirm: (await call({ ...more, dry_run: true })).confirm } : {};
    expect(await call({ ...more, ...again })).toMatchObject(WAITS);
    expect(email.tries).toBe(0);
  });

  it.each([
    ['resume', {}],
    ['resume now', { schedule_at: 'now' }],
    ['resume at a time', { schedule_at: HOUR() }],
    ['resume with allow_repeat', { allow_repeat: true }],
  ])('by %s, also after pause and cancel', async (_, more) => {
    const { send_id } = await call();
    expect(await resume(send_id, more)).toMatchObject(WAITS);
    await core.call('sends.pause', { send_id });
    expect(await resume(send_id, more)).toMatchObject(WAITS);
    const { confirm } = await resume(send_id, { ...more, dry_run: true });
    expect(await resume(send_id, { ...more, confirm })).toMatchObject(WAITS);
    await core.call('sends.cancel', { send_id });
    expect(await resume(send_id, more)).toMatchObject(WAITS);
    expect(await call()).toMatchObject(WAITS);
    expect(email.tries).toBe(0);
  });

  it.each(['ask', 'off'] as const)('by a process that was told TIDINGS_CONFIRM=%s', async (confirm) => {
    const { send_id, approval } = await call();
    await core.close();
    core = await open(confirm);
    core.dispatcher.start();
    for (const answer of [await call(), await resume(send_id), await call({ message: 'Bye' })])
      expect(answer).toMatchObject({ ...WAITS, send_id });
    await reject((await get(send_id)).approval.code);
    expect(await call({ message: 'Bye' })).toMatchObject({ success: false, code: 'declined' });
    await expect(approve(approval.code)).rejects.toMatchObject({ code: 'conflict' });
    expect(email.tries).toBe(0);
  });

  it('by the steps of a send themselves', async () => {
    const { send_id } = await call({ schedule_at: HOUR() });
    const { seq } = (await findSend(core.ledger, send_id))!;
    for (const event of ['resume', 'reschedule'] as const)
      await expect(core.ledger.write((tx) => moveSend(tx, seq, event))).rejects.toThrow('no step');
    expect(await core.ledger.write((tx) => startDue(tx, Date.now() + 7_200_000))).toBe(0);
    expect(await get(send_id)).toMatchObject({ state: 'paused' });
  });

  it('by another text, which makes what was approved void, also in the middle', async () => {
    const first = await call({ schedule_at: HOUR() });
    const changed = await call({ message: 'Bye {{lead.name}}' });
    expect(changed).toMatchObject({ ...WAITS, send_id: first.send_id });
    expect(changed.approval.code).not.toBe(first.approval.code);
    await expect(approve(first.approval.code)).rejects.toMatchObject({ code: 'conflict' });
    await approve(changed.approval.code);
    for (const more of [{ message: 'Third' }, { subject: 'Third' }, { from: 'Third' }])
      expect(await call(more)).toMatchObject(WAITS);
    expect(email.tries).toBe(0);
    const { approval } = await get(first.send_id);
    await approve(approval.code);
    expect(await get(first.send_id)).toMatchObject({ state: 'scheduled' });
  });

  it('by a changed text while it runs: whom it has not reached yet wait', async () => {
    const { approval } = await call();
    let changed: Promise<{ approval: { code: string } }> | undefined;
    email.answer = async (_, tries) => {
      if (tries > 1)
        return { type: 'transient', code: 'busy', message: 'Later.', scope: 'recipient' } as never;
      changed ??= call({ message: 'Bye {{lead.name}}', max_wait_seconds: 0 });
      await changed;
      return undefined;
    };
    await approve(approval.code);
    await vi.waitFor(() => expect(changed).toBeDefined(), 5_000);
    expect(await changed).toMatchObject(WAITS);
    email.answer = () => undefined;
    const { send_id } = (await call({ message: 'Bye {{lead.name}}' })) as { send_id: string };
    const texts = email.accepted.map(({ text }) => text.split(' ')[0]);
    expect(texts).not.toContain('Bye');
    const now = await get(send_id);
    await approve(now.approval.code).catch(async () => approve((await get(send_id)).approval.code));
    expect(await call({ message: 'Bye {{lead.name}}' })).toMatchObject({ state: 'completed', total_sent: 3 });
    expect(new Set(email.accepted.map(({ contact }) => contact)).size).toBe(3);
  });

  it('by retry of a send that was approved, and is over', async () => {
    const { approval, send_id } = await call();
    refuse(['bo', 'cy']);
    await approve(approval.code);
    expect(await call()).toMatchObject({ state: 'completed', total_sent: 1, total_failed: 2 });
    email.answer = () => undefined;
    const again = await call({ retry: 'failed' });
    expect(again).toMatchObject({ ...WAITS, total_sent: 1, total_failed: 0, total_remaining: 2 });
    expect(again.approval.recipients).toBe(2);
    expect(again.notice).toContain('2 failed leads were put back');
    expect(await resume(send_id)).toMatchObject(WAITS);
    expect(email.accepted).toHaveLength(1);
    await approve(again.approval.code, { count: 2 });
    expect(await call()).toMatchObject({ state: 'completed', total_sent: 3 });
  });

  it('by leads that were changed while it waits: the person sees the new number first', async () => {
    const { approval, send_id } = await call();
    await core.call('leads.update', { lead_id: await nobody(), email: 'new@example.com' });
    await expect(approve(approval.code, { count: 3 })).rejects.toMatchObject({
      code: 'changed',
      message: expect.stringContaining('4 people'),
    });
    const { approval: now } = await get(send_id);
    expect(now).toMatchObject({ recipients: 4 });
    expect(now.code).not.toBe(approval.code);
    await expect(approve(approval.code)).rejects.toMatchObject({ code: 'conflict' });
    await approve(now.code, { count: 4 });
    expect(await call()).toMatchObject({ total_sent: 4 });
  });

  it('by as many others: an address that was exchanged is another person', async () => {
    const { approval, send_id } = await call();
    const { leads } = await core.call('leads.list');
    const ana = leads.find(({ name }: { name: string }) => name === 'ana');
    await core.call('leads.update', { lead_id: ana.id, email: 'mallory@example.com' });
    await expect(approve(approval.code, { count: 3 })).rejects.toMatchObject({ code: 'changed' });
    expect(await get(send_id)).toMatchObject({ state: 'paused' });
    expect(email.tries).toBe(0);
  });

  it('by waiting: after seven days nobody can approve it, and a call asks again', async () => {
    const { approval } = await call();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 7 * 24 * 3_600_000 + 1 });
    await expect(approve(approval.code)).rejects.toMatchObject({ code: 'conflict' });
    expect(await core.call('sends.approvals')).toMatchObject({ approvals: [] });
    const again = await call();
    expect(again).toMatchObject(WAITS);
    expect(again.approval.code).not.toBe(approval.code);
    expect(email.tries).toBe(0);
  });

  it('by a send from before the person had to be asked', async () => {
    await core.close();
    core = await open('off');
    const { send_id } = await call({ max_wait_seconds: 0 });
    await core.call('sends.pause', { send_id });
    await core.close();
    core = await open();
    core.dispatcher.start();
    expect(await resume(send_id)).toMatchObject(WAITS);
    expect(email.tries).toBe(0);
  });
});

it.each(['mcp', 'http'] as const)(
  'whoever comes over %s can neither approve, reject, nor send a live test',
  async (door) => {
    const { approval, send_id } = await call();
    const program = { caller: { door } };
    for (const verb of ['approve', 'reject'])
      await expect(core.call(`sends.${verb}`, { code: approval.code }, program)).rejects.toMatchObject({
        code: 'forbidden',
      });
    const { max_wait_seconds: _, ...text } = send;
    const test = { ...text, to: ['ana@example.com'] };
    await expect(core.call('sends.test', test, program)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await core.call('sends.test', { ...test, sender: 'sandbox' }, program)).toMatchObject({
      success: true,
    });
    expect(email.tries).toBe(0);
    expect(await core.call('sends.test', test, PERSON)).toMatchObject({ success: true });
    expect(await get(send_id)).toMatchObject({ state: 'paused' });
  },
);

describe('a caller with the role author', () => {
  const author = (name: string, input: object) => core.call(name, input, { caller: { principal: AUTHOR } });
  beforeEach(async () => {
    await core.close();
    core = await open('off');
    core.dispatcher.start();
  });

  it('may ask for a send, which waits for a person; what others send goes', async () => {
    const asked = await author('sendBulkMessages', send);
    expect(asked).toMatchObject({ ...WAITS, approval: { recipients: 3 } });
    expect(await author('sends.resume', { send_id: asked.send_id })).toMatchObject(WAITS);
    await expect(author('sends.approve', { code: asked.approval.code })).rejects.toMatchObject({
      code: 'forbidden',
    });
    const { max_wait_seconds: _, ...text } = send;
    const test = { ...text, to: ['me@example.com'] };
    await expect(author('sends.test', test)).rejects.toMatchObject({ code: 'forbidden' });
    expect(email.tries).toBe(0);
    expect(await author('sendBulkMessages', { ...send, sender: 'sandbox' })).toMatchObject({ total_sent: 3 });
    expect(await call({ campaign: 'mine', allow_repeat: true })).toMatchObject({ total_sent: 3 });
    await approve(asked.approval.code);
    expect(await author('sendBulkMessages', send)).toMatchObject({ state: 'completed', total_sent: 3 });
  });

  it('is asked by no form as well', async () => {
    await core.close();
    core = await open('ask');
    const context = { caller: { principal: AUTHOR }, form: { answer: null } };
    expect(await core.call('sendBulkMessages', send, context)).toMatchObject(WAITS);
  });

  it('changes no text of what somebody else sends', async () => {
    const { send_id } = await call({ schedule_at: HOUR() });
    expect(await author('sendBulkMessages', { ...send, message: 'Bye' })).toMatchObject({
      ...WAITS,
      send_id,
    });
    expect(await resume(send_id, { schedule_at: 'now' })).toMatchObject(WAITS);
    expect(email.tries).toBe(0);
  });
});

it('the token of a dry run that was used asks nobody again, and lets nothing leave', async () => {
  const { confirm } = await call({ dry_run: true });
  const first = await call({ confirm });
  expect(await call({ confirm })).toMatchObject({ ...WAITS, approval: first.approval });
  await reject(first.approval.code, { reason: 'No.' });
  expect(await call({ confirm })).toMatchObject({ success: false, code: 'declined' });
  expect(email.tries).toBe(0);
});

it('a form that a program showed to its person is no approval', async () => {
  await core.close();
  core = await open('ask');
  const given = { ...send, schedule_at: HOUR(), max_wait_seconds: 0 };
  const { state } = await core
    .call('sendBulkMessages', given, { form: { answer: null } })
    .catch((e: unknown) => e);
  const answer = { state, action: 'accept' as const, recipients: 3 };
  const { send_id } = await core.call('sendBulkMessages', given, { form: { answer } });
  expect(send_id).toBeTruthy();
  await core.call('sends.pause', { send_id });
  await core.close();
  core = await open();
  expect(await resume(send_id)).toMatchObject(WAITS);
});

it('a send that is paused by something while a call looks on is not gone on with', async () => {
  const { approval, send_id } = await call({ schedule_at: HOUR() });
  await approve(approval.code);
  const { seq } = (await findSend(core.ledger, send_id))!;
  const write = core.ledger.write.bind(core.ledger);
  let isFirst = true;
  core.ledger.write = async (work) => {
    if (isFirst)
      await write((tx) => moveSend(tx, seq, 'pause', { code: 'auth', message: 'Wrong password.' }));
    isFirst = false;
    return write(work);
  };
  expect(await call()).toMatchObject({ success: false, code: 'changed', state: 'paused' });
});

it('a send that was cancelled by something else is not started by an approval', async () => {
  const { approval, send_id } = await call();
  const { seq } = (await findSend(core.ledger, send_id))!;
  await core.ledger.write((tx) => moveSend(tx, seq, 'cancel'));
  await expect(approve(approval.code)).rejects.toMatchObject({ code: 'conflict' });
  expect(await get(send_id)).toMatchObject({ state: 'cancelled' });
});

it('what was approved goes on without being asked again: after a pause, and after something was mended', async () => {
  const { approval, send_id } = await call({ schedule_at: HOUR() });
  await approve(approval.code);
  await core.call('sends.pause', { send_id });
  expect(await resume(send_id)).toMatchObject({ state: 'scheduled' });
  const { seq } = (await findSend(core.ledger, send_id))!;
  await core.ledger.write((tx) => moveSend(tx, seq, 'pause', { code: 'auth', message: 'Wrong password.' }));
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_700_000 });
  expect(await call()).toMatchObject({ success: true, total_sent: 3 });
});

it('of two calls at once one asks, and both wait', async () => {
  const answers = await Promise.all([call({ max_wait_seconds: 0 }), call({ max_wait_seconds: 0 })]);
  for (const answer of answers)
    expect(answer.success === false ? answer.code : answer.problem).toMatch(/changed|approval_needed/);
  expect(await core.call('sends.approvals')).toMatchObject({ approvals: [{}] });
  expect(email.tries).toBe(0);
});
