import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

let folder: string;
let email: FakeSender;
let core: Awaited<ReturnType<typeof openCore>>;
beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email');
  core = await openCore([email, new FakeSender('whatsapp')], folder);
  core.dispatcher.start();
});
afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

const PEOPLE = [
  { name: 'Ana López', email: 'ana@example.com', metadata: { City: 'Oaxaca', plan: { tier: 'gold' } } },
  { name: 'Bo', email: 'bo@example.com', company: 'ACME', metadata: { tags: ['vip', 'news'], blank: ' ' } },
];
const audience = async (leads: object[] = PEOPLE) => {
  await core.call('leads.import', { leads });
  return (await core.call('audience.create', { name: 'All' })).audience_id as string;
};
const send = (audience_id: string, message: string, more: object = {}) =>
  core.call('sendBulkMessages', { audience_id, channel: 'email', subject: 'S', message, ...more });
const refusal = async (audience_id: string, message: string, more: object = {}) => {
  const error = await send(audience_id, message, more).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: 'invalid_template' });
  return (error as Error).message;
};

describe('a text that cannot be right is refused before anybody gets it', () => {
  it.each([
    ['Hi {{first_name}}', '{{first_name}}', '{{lead.first_name}}'],
    ['Hi {{contact.firstname}}', '{{contact.firstname}}', '{{lead.first_name}}'],
    ['Hi {{lead.firstname}}', '{{lead.firstname}}', '{{lead.first_name}}'],
    ['Hi {{lead.fist_name}}', '{{lead.fist_name}}', '{{lead.first_name}}'],
    ['Hi {{FNAME}}', '{{FNAME}}', '{{lead.first_name}}'],
    ['Hi {{lead.name | default: customer.name}}', '{{customer.name}}', '{{lead.name}}'],
    ['{{#if lead.compnay}}x{{/if}}', '{{lead.compnay}}', '{{lead.company}}'],
    ['In {{lead.City}}', '{{lead.City}}', '{{lead.metadata.City}}'],
    ['In {{lead.metadata.Citty}}', '{{lead.metadata.Citty}}', '{{lead.metadata.City}}'],
    ['In {{lead.metadata.blank}}', '{{lead.metadata.blank}}', 'No lead of this audience has'],
    ['Leave: {{unsubscribe}}', '{{unsubscribe}}', '{{unsubscribe_url}}'],
    ['Leave: *|UNSUB|*', '*|UNSUB|*', '{{unsubscribe_url}}'],
    ['Hi *|FNAME|*', '*|FNAME|*', '{{lead.first_name}}'],
    ['Hi {name}', '{name}', '{{lead.name}}'],
    ['Hi [First Name]', '[First Name]', '{{lead.first_name}}'],
    ['Hi { {lead.first_name} }', '{ {lead.first_name} }', '{{lead.first_name}}'],
  ])('%s', async (message, field, right) => {
    const told = await refusal(await audience(), message);
    expect(told).toContain(field);
    expect(told).toContain(right);
    expect(email.tries).toBe(0);
    expect((await core.call('sends.list')).sends).toEqual([]);
  });

  it('in the subject too, when it is scheduled, and when a send gets a new text', async () => {
    const all = await audience();
    expect(await refusal(all, 'Hi', { subject: 'For {name}' })).toContain('{name}');
    await refusal(all, 'Hi {{first_name}}', { schedule_at: new Date(Date.now() + 3_600_000).toISOString() });
    await send(all, 'Hi {{lead.name}}', { schedule_at: new Date(Date.now() + 3_600_000).toISOString() });
    await refusal(all, 'Hi {{first_name}}');
    expect((await core.call('sends.list')).sends).toMatchObject([{ state: 'scheduled' }]);
  });

  it('unless it is meant: tags go as they stand, and the answer says so', async () => {
    const answer = await send(await audience(), 'Use *|FNAME|* or {{first_name}}.', { allow_literal: true });
    expect(answer).toMatchObject({ success: true, total_sent: 2 });
    expect(answer.notice).toContain('*|FNAME|*');
    expect(email.accepted.map(({ text }) => text)).toEqual(Array(2).fill('Use *|FNAME|* or .'));
  });

  it('a send whose text was accepted goes on although its key is gone', async () => {
    const all = await audience();
    const message = 'In {{lead.metadata.City | default: "town"}}';
    await send(all, message);
    for (const { id } of (await core.call('leads.list')).leads)
      await core.call('leads.update', { lead_id: id, metadata: {} });
    expect(await send(all, message)).toMatchObject({ success: true, total_sent: 2 });
    await refusal(all, message, { campaign: 'second' });
  });
});

it('keys are found in any case, lists are joined, and a choice takes the text that fits', async () => {
  const all = await audience();
  const message =
    '{{#if lead.company}}{{lead.company}}: {{lead.metadata.TAGS}}{{else}}{{lead.metadata.city}} {{lead.metadata.plan.tier}}{{/if}}';
  expect(await send(all, message, { placeholder_policy: 'skip_recipient' })).toMatchObject({ total_sent: 2 });
  expect(email.accepted.map(({ text }) => text).sort()).toEqual(['ACME: vip, news', 'Oaxaca gold']);
});

it('leads.fields counts who has what, without telling it', async () => {
  const all = await audience();
  await core.call('leads.import', {
    leads: [{ name: 'Cy Doe', email: 'cy@example.com', metadata: { city: 'X' } }],
  });
  const of = (answer: { fields: { field: string; leads: number }[] }) =>
    Object.fromEntries(answer.fields.map(({ field, leads }) => [field, leads]));
  const counted = await core.call('leads.fields', { audience_id: all });
  expect(counted).toMatchObject({ looked_at: 2, complete: true, more_fields: 0 });
  expect(of(counted)).toMatchObject({
    'lead.first_name': 2,
    'lead.last_name': 1,
    'lead.company': 1,
    'lead.phone': 0,
    'lead.metadata.City': 1,
    'lead.metadata.plan.tier': 1,
    'lead.metadata.tags': 1,
  });
  expect(JSON.stringify(counted)).not.toContain('Oaxaca');
  const everybody = of(await core.call('leads.fields'));
  expect(everybody).toMatchObject({ 'lead.name': 3, 'lead.metadata.City': 2 });
});
