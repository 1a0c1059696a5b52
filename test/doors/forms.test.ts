import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findSend, moveSend } from '../../src/core/sends/send.store.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { connectFormClient, type Person, type Way } from '../support/form-client.ts';

/** Under TIDINGS_CONFIRM=ask, which is the default: clients that can show a form to the person behind them. */

let folder: string;
let email: FakeSender;
let core: Awaited<ReturnType<typeof openCore>>;
let client: Awaited<ReturnType<typeof connectFormClient>>;
let send: Record<string, unknown>;
let person: Person;

const NAMES = ['ana', 'bo', 'cy'];
const types =
  (recipients: string | number): Person =>
  () => ({ action: 'accept', content: { recipients } });
const HOUR = (hours = 1) => new Date(Date.now() + hours * 3_600_000).toISOString();

async function connect(way: Way = 'stdio 2025'): Promise<void> {
  client = await connectFormClient(core.tidings, way, (form) => person(form));
}
const call = (more: object = {}) => client.call('sendBulkMessages', { ...send, ...more });
const resume = (send_id: string, more: object = {}) =>
  client.call('sends', { action: 'resume', send_id, ...more });

beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email', 16, 10);
  core = await openCore([email], folder);
  const leads = NAMES.map((name) => ({ name, email: `${name}@example.com` }));
  await core.call('leads.import', { leads: [...leads, { name: 'Nobody' }] });
  const { audience_id } = await core.call('audience.create', { name: 'Spring\u001b[31m' });
  send = {
    ...{ audience_id, channel: 'email', subject: 'Hi', message: 'Hello {{lead.name}}', from: 'Marketing' },
    max_wait_seconds: 20,
  };
  person = types(3);
});

afterEach(async () => {
  vi.useRealTimers();
  await client?.close();
  await core.close();
  removeFolder(folder);
});

describe.each<Way>(['HTTP 2026', 'stdio 2026', 'stdio 2025'])('over %s', (way) => {
  beforeEach(async () => {
    core.dispatcher.start();
    await connect(way);
  });

  it('a live send asks the person, says what it would be, and leaves when the number of people is typed', async () => {
    expect(await call()).toMatchObject({ success: true, total_sent: 3, total_skipped: 1 });
    expect(client.forms).toHaveLength(1);
    const { message, requestedSchema } = client.forms[0]!;
    expect(requestedSchema.required).toEqual(['recipients']);
    expect(Object.keys(requestedSchema.properties)).toEqual(['recipients']);
    expect(message).toContain('Send this email to 3 people? It cannot be taken back.');
    expect(message).toContain('From: "Marketing" by fake:email');
    expect(message).toContain('Gets it: 3 of 4');
    expect(message).toContain('Skipped: 1 missing_email');
    expect(message).toContain('Takes: about 1 s at 10 a second');
    expect(message).toContain('Had a message from here this week: nobody');
    expect(message).toContain('Since last time: it is a new send');
    expect(message).toContain('Hello ana');
    expect(message.match(/^--- Message/gm)).toHaveLength(3);
    expect(message).not.toContain('\u001b');
  });

  it('nothing leaves by a form that is refused, empty, or has another number, however often', async () => {
    const answers: [Person, string][] = [
      ...Array<[Person, string]>(5).fill([() => ({ action: 'decline' }), 'declined']),
      [() => ({ action: 'cancel' }), 'declined'],
      [() => ({ action: 'accept' }), 'unconfirmed'],
      [() => ({ action: 'accept', content: {} }), 'unconfirmed'],
      [types(4), 'unconfirmed'],
      [types(''), 'unconfirmed'],
      [types('yes'), 'unconfirmed'],
      [() => ({ action: 'accept', content: { confirm: true, count: 3 } }), 'unconfirmed'],
    ];
    for (const [does, code] of answers) {
      person = does;
      const answer = await call().catch((error: Error) => ({ code: error.message }));
      // The official client itself refuses content that does not fit the form.
      if (answer.code !== code) expect(answer.code).toMatch(/does not match|valid/i);
    }
    expect(client.forms).toHaveLength(answers.length);
    expect(email.tries).toBe(0);
    expect(await core.call('sends.list')).toMatchObject({ sends: [] });
  });
});

describe('where no form can be shown, it goes', () => {
  it.each<Way>(['HTTP 2025', 'HTTP 2026 without forms'])('over %s', async (way) => {
    core.dispatcher.start();
    await connect(way);
    expect(await call()).toMatchObject({ success: true, total_sent: 3 });
    expect(client.forms).toEqual([]);
  });
});

describe('what a form stands for', () => {
  beforeEach(() => connect());

  it('no token of a dry run, and no number that the program gives, stands for the person', async () => {
    const { confirm } = await call({ dry_run: true });
    person = () => ({ action: 'decline' });
    for (const more of [{ confirm }, { expected_recipients: 3 }, { allow_repeat: true }])
      expect(await call(more)).toMatchObject({ success: false, code: 'declined' });
    expect(client.forms).toHaveLength(3);
    person = types(3);
    expect(await call({ confirm, max_wait_seconds: 0 })).toMatchObject({ success: true, state: 'running' });
  });

  it('a lost answer is asked for again without asking the person again', async () => {
    const first = await call({ max_wait_seconds: 0 });
    core.dispatcher.start();
    expect(await call()).toMatchObject({ success: true, send_id: first.send_id, total_sent: 3 });
    expect(client.forms).toHaveLength(1);
  });

  it('two people or fewer go without, where only more than two are asked about', async () => {
    await client.close();
    await core.close();
    core = await openCore([email], folder, undefined, undefined, { env: { TIDINGS_CONFIRM_ABOVE: '2' } });
    await connect();
    const { audience_id } = await core.call('audience.create', { name: 'Two', limit: 2 });
    await call({ audience_id, max_wait_seconds: 0 });
    expect(client.forms).toEqual([]);
    await call({ max_wait_seconds: 0 });
    expect(client.forms).toHaveLength(1);
  });

  it('who changes their leads while the person reads sends nothing', async () => {
    const leads = await core.call('leads.list');
    const nobody = leads.leads.find((lead: { name: string }) => lead.name === 'Nobody');
    let grown: Promise<unknown> | null = null;
    person = () => {
      grown = core.call('leads.update', { lead_id: nobody.id, email: 'new@example.com' });
      return { action: 'accept', content: { recipients: 3 } };
    };
    const answer = await call();
    await grown;
    expect(answer).toMatchObject({ success: false, code: 'changed', would_send: 4 });
    expect(await core.call('sends.list')).toMatchObject({ sends: [] });
  });

  it('the sandbox, a pause and a cancel are asked about by nobody', async () => {
    expect(await call({ sender: 'sandbox', max_wait_seconds: 0 })).toMatchObject({ mode: 'sandbox' });
    const { send_id } = await call({ max_wait_seconds: 0 });
    person = () => ({ action: 'decline' });
    for (const action of ['pause', 'cancel'])
      expect(await client.call('sends', { action, send_id })).toMatchObject({ success: true });
    expect(client.forms).toHaveLength(1);
  });
});

describe('the person is asked again', () => {
  beforeEach(() => connect());
  const declines = () => {
    person = () => ({ action: 'decline' });
    client.forms.length = 0;
  };
  const refusing = async () => {
    core.dispatcher.start();
    email.answer = ({ contact }) =>
      contact.startsWith('bo') || contact.startsWith('cy')
        ? { type: 'permanent', code: 'refused', message: 'No.' }
        : undefined;
    const first = await call();
    email.answer = () => undefined;
    return first;
  };

  it('by retry', async () => {
    expect(await refusing()).toMatchObject({ total_sent: 1, total_failed: 2 });
    declines();
    expect(await call({ retry: 'failed' })).toMatchObject({ code: 'declined', total_failed: 2 });
    expect(client.forms[0]!.message).toContain('Send this email to 2 people?');
    expect(client.forms[0]!.message).toMatch(/Since last time: 1 got it, 0 failed; 3 people were agreed to/);
    expect(email.accepted).toHaveLength(1);
    person = types(2);
    expect(await call({ retry: 'failed' })).toMatchObject({ success: true, total_sent: 3 });
  });

  it.each([
    ['another text', { message: 'Bye {{lead.name}}' }],
    ['another subject', { subject: 'Bye' }],
    ['another sender name', { from: 'Nigeria' }],
    ['a start at once', { schedule_at: 'now' }],
    ['an earlier time', { schedule_at: HOUR(1) }],
    ['another campaign', { campaign: 'other', allow_repeat: true }],
  ])('by %s for a send that waits for its time', async (_, more) => {
    const { send_id } = await call({ schedule_at: HOUR(2) });
    const before = await core.call('sends.get', { send_id });
    declines();
    expect(await call({ max_wait_seconds: 0, ...more })).toMatchObject({ success: false, code: 'declined' });
    expect(client.forms).toHaveLength(1);
    expect(await core.call('sends.get', { send_id })).toEqual(before);
    person = types(3);
    expect(await call({ max_wait_seconds: 0, ...more })).toMatchObject({ success: true });
  });

  it('not by a later time, and not by going on with what was agreed to', async () => {
    const { send_id } = await call({ schedule_at: HOUR(2) });
    declines();
    expect(await call({ schedule_at: HOUR(3) })).toMatchObject({ success: true, state: 'scheduled' });
    await client.call('sends', { action: 'pause', send_id });
    expect(await resume(send_id)).toMatchObject({ success: true, state: 'scheduled' });
    expect(client.forms).toEqual([]);
    await client.call('sends', { action: 'pause', send_id });
    expect(await resume(send_id, { schedule_at: 'now' })).toMatchObject({ isError: true, code: 'declined' });
    expect(client.forms).toHaveLength(1);
    expect(email.tries).toBe(0);
  });

  it.each(['pause', 'cancel'])('by resuming after %s what was never agreed to', async (verb) => {
    const { send_id } = await core.call('sendBulkMessages', { ...send, max_wait_seconds: 0 });
    await core.call(`sends.${verb}`, { send_id });
    declines();
    for (const more of [{}, { schedule_at: 'now' }, { allow_repeat: true }, { schedule_at: HOUR() }])
      expect(await resume(send_id, more)).toMatchObject({ isError: true, code: 'declined' });
    expect(client.forms).toHaveLength(4);
    expect(client.forms[0]!.message).toContain('nobody has agreed to it yet');
    const { confirm } = await resume(send_id, { dry_run: true });
    expect(await resume(send_id, { confirm })).toMatchObject({ code: 'declined' });
    person = types(2);
    expect(await resume(send_id)).toMatchObject({ code: 'unconfirmed' });
    person = types(3);
    expect(await resume(send_id)).toMatchObject({ success: true, state: 'running' });
  });

  it('by calling again for what was stopped before anybody agreed', async () => {
    core.dispatcher.start();
    email.answer = () => ({ type: 'account', code: 'auth', message: 'Wrong password.' });
    expect(await core.call('sendBulkMessages', send)).toMatchObject({ state: 'paused' });
    email.answer = () => undefined;
    declines();
    expect(await call()).toMatchObject({ code: 'declined', state: 'paused' });
    expect(email.accepted).toEqual([]);
    person = types(3);
    expect(await call()).toMatchObject({ success: true, total_sent: 3 });
  });

  it('by leads that were mended since, for they are more people', async () => {
    const { send_id } = await call({ schedule_at: HOUR() });
    await client.call('sends', { action: 'pause', send_id });
    const { leads } = await core.call('leads.list');
    const nobody = leads.find((lead: { name: string }) => lead.name === 'Nobody');
    await core.call('leads.update', { lead_id: nobody.id, email: 'new@example.com' });
    declines();
    expect(await resume(send_id)).toMatchObject({ code: 'declined' });
    expect(client.forms[0]!.message).toContain('Send this email to 4 people?');
  });
});

it('a send that is paused by something while a call looks on is not gone on with unasked', async () => {
  const form = { form: { answer: null } };
  const { send_id } = await core.call('sendBulkMessages', { ...send, max_wait_seconds: 0 });
  const { seq } = (await findSend(core.ledger, send_id))!;
  const write = core.ledger.write.bind(core.ledger);
  let isFirst = true;
  core.ledger.write = async (work) => {
    if (isFirst)
      await write((tx) => moveSend(tx, seq, 'pause', { code: 'auth', message: 'Wrong password.' }));
    isFirst = false;
    return write(work);
  };
  const answer = await core.call('sendBulkMessages', { ...send, max_wait_seconds: 0 }, form);
  expect(answer).toMatchObject({ success: false, code: 'changed', state: 'paused' });
  expect(await core.call('sends.get', { send_id })).toMatchObject({ state: 'paused' });
});

describe('a form is good once, for one call, for ten minutes, and for whom it was made', () => {
  const ask = (given: object, more: object = {}, caller: object = {}) =>
    core.call('sendBulkMessages', given, { form: { answer: null, ...more }, caller });
  const stateOf = (error: { state: string }) => error.state;
  const answer = (state: string, recipients: unknown = 3) => ({
    answer: { state, action: 'accept' as const, recipients },
  });
  const open = async (given: object = send) => {
    const error = await ask(given).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'FormNeeded' });
    return stateOf(error as { state: string });
  };
  const quick = () => ({ ...send, max_wait_seconds: 0 });

  it('not for another text, audience, campaign, time or retry', async () => {
    const state = await open();
    const other = await core.call('audience.create', { name: 'Other' });
    for (const more of [
      { message: 'Hello {{lead.name}}!' },
      { subject: 'Ho' },
      { audience_id: other.audience_id },
      { campaign: 'other' },
      { schedule_at: HOUR() },
      { allow_repeat: true },
      { retry: 'failed' },
    ])
      expect(await ask({ ...quick(), ...more }, answer(state))).toMatchObject({ code: 'changed' });
    expect(await core.call('sends.list')).toMatchObject({ sends: [] });
    expect(await ask(quick(), answer(state))).toMatchObject({ success: true });
  });

  it('not for another caller, and not as the token of a dry run or the other way round', async () => {
    const state = await open();
    expect(
      await ask(quick(), answer(state), {
        principal: { kind: 'key', id: 'x', name: 'other', role: 'operator' },
      }),
    ).toMatchObject({ code: 'changed' });
    expect(await core.call('sendBulkMessages', { ...quick(), confirm: state })).toMatchObject({
      code: 'changed',
    });
    const { confirm } = await core.call('sendBulkMessages', { ...send, dry_run: true });
    expect(await ask(quick(), answer(confirm))).toMatchObject({ code: 'changed' });
    expect(await core.call('sends.list')).toMatchObject({ sends: [] });
  });

  it('once', async () => {
    const state = await open();
    const first = await ask(quick(), answer(state));
    expect(first).toMatchObject({ success: true, state: 'running' });
    // The same answer again is the same call again.
    expect(await ask(quick(), answer(state))).toMatchObject({ success: true, send_id: first.send_id });
    await core.call('sends.pause', { send_id: first.send_id });
    expect(await ask({ ...quick(), campaign: 'again' }, answer(state))).toMatchObject({ code: 'changed' });
  });

  it('not after a wrong number, nor after it was declined', async () => {
    for (const said of [
      { recipients: 2, action: 'accept' as const },
      { recipients: 3, action: 'decline' as const },
      { recipients: 3, action: 'cancel' as const },
    ]) {
      const state = await open();
      expect(await ask(quick(), { answer: { state, ...said } })).toMatchObject({ success: false });
      expect(await ask(quick(), answer(state))).toMatchObject({ success: false, code: 'unconfirmed' });
    }
    expect(await core.call('sends.list')).toMatchObject({ sends: [] });
  });

  it('not after ten minutes, and not when it was never made', async () => {
    const state = await open();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11 * 60_000 });
    expect(await ask(quick(), answer(state))).toMatchObject({ code: 'changed' });
    expect(await ask(quick(), answer('made up'))).toMatchObject({ code: 'unconfirmed' });
    expect(await ask(quick(), { answer: { state: null, action: 'accept', recipients: 3 } })).toMatchObject({
      code: 'unconfirmed',
    });
  });
});
