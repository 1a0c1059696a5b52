import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noteConversations } from '../../src/core/conversations/conversation.store.ts';
import { DEFAULT_TIMING } from '../../src/core/dispatch/timing.ts';
import { applyTemplateChange } from '../../src/core/templates/keep-templates.ts';
import { createCloudSender } from '../../src/providers/whatsapp/cloud/cloud-sender.ts';
import { readWebhook } from '../../src/providers/whatsapp/cloud/webhook/read-webhook.ts';
import { CloudAccount } from '../support/cloud-account.ts';
import { type RunningCloudApi, startCloudApi } from '../support/cloud-api-server.ts';
import { openCore, removeFolder } from '../support/core.ts';

/* WhatsApp as Meta's rules have it: text inside of 24 hours, an approved template outside. */

const SENDER = 'whatsapp:2001';
const PHONES = ['+5215512345601', '+5215512345602', '+5215512345603'].map((one) =>
  one.replace('+521', '+52'),
);
const HOUR_MS = 60 * 60_000;
const MESSAGE = 'Hi {{lead.first_name | default: "there"}}, we have a special offer for you this week.';
const BODY = 'Hi {{1}}, we have a special offer for you this week.';

let account: CloudAccount;
let server: RunningCloudApi;
let core: Awaited<ReturnType<typeof openCore>>;
let audience: string;

async function open(more: { folder?: string; businessAccountId?: string | null } = {}) {
  const { businessAccountId = '1001', folder } = more;
  const sender = createCloudSender({
    phoneNumberId: '2001',
    accessToken: 'token-of-the-test',
    apiUrl: server.url,
    ratePerSecond: null,
    businessAccountId,
    appId: '3001',
  });
  // Chores are done once a second.
  const timing = { ...DEFAULT_TIMING, housekeepingMs: 1_000 };
  core = await openCore([sender], folder, undefined, undefined, { timing });
  core.dispatcher.start();
}

async function makeAudience(
  leads: object[] = PHONES.map((phone, at) => ({ phone, name: ['Ann Lee', 'Bo', 'Cy'][at] })),
) {
  await core.call('leads.import', { leads });
  ({ audience_id: audience } = await core.call('audience.create', { name: 'All' }));
}

const send = (more: object = {}) =>
  core.call('sendBulkMessages', {
    audience_id: audience,
    channel: 'whatsapp',
    message: MESSAGE,
    max_wait_seconds: 5,
    ...more,
  });

/** Somebody writes: the provider knows it, and so do we. */
async function wrote(phone: string, agoMs: number, isTold = true) {
  const at = Date.now() - agoMs;
  account.inbound(phone, at);
  if (isTold)
    await core.ledger.write((tx) =>
      noteConversations(tx, [{ sender: SENDER, contact: phone, last_inbound_at: at }]),
    );
}

/** The keeper would ask in a minute: the provider says that something changed. */
async function told(name: string, language = 'en') {
  await core.ledger.write((tx) => applyTemplateChange(tx, SENDER, { name, language }));
}

/** What was asked for at the start is an hour old. */
async function forgetLimits() {
  await core.ledger.write((tx) => tx.run("DELETE FROM marks WHERE name LIKE 'limits:%'"));
}

async function until<T>(look: () => Promise<T>, isThere: (seen: T) => boolean, ms = 8_000): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const seen = await look();
    if (isThere(seen)) return seen;
    if (performance.now() > end) throw new Error(`not in time: ${JSON.stringify(seen)}`);
    await sleep(50);
  }
}

const sendNow = (send_id: string) => core.call('sends.get', { send_id });
const only = (name: string) => account.templates.find((one) => one.name === name)!;
const sumOf = (one: Record<string, number>) =>
  one['total_sent']! + one['total_failed']! + one['total_skipped']! + one['total_remaining']!;

beforeEach(async () => {
  account = new CloudAccount();
  server = await startCloudApi({ account });
  await open();
});

afterEach(async () => {
  await core.close();
  await server.stop();
  removeFolder(core.folder);
});

describe('who wrote within 24 hours', () => {
  it('gets the message as text, and the others a template that is made of it once it is approved', async () => {
    await makeAudience();
    await wrote(PHONES[0]!, 23 * HOUR_MS);
    const first = await send({ max_wait_seconds: 2 });
    expect(first).toMatchObject({
      success: true,
      state: 'running',
      total_sent: 1,
      total_remaining: 2,
      waiting_for: [{ what: 'template_approval', leads: 2 }],
      template: { status: 'PENDING', language: 'en', category: 'marketing', made: true, text: BODY },
    });
    expect(server.accepted.map(({ to, template }) => [to, template])).toEqual([[PHONES[0], null]]);
    const { name } = first.template;
    expect(only(name)).toMatchObject({ name, language: 'en', category: 'MARKETING' });
    expect(only(name).components).toEqual([{ type: 'BODY', text: BODY, example: { body_text: [['Ann']] } }]);
    only(name).status = 'APPROVED';
    await told(name);
    const done = await until(
      () => sendNow(first.send_id),
      ({ state }) => state === 'completed',
    );
    expect(done).toMatchObject({ total_sent: 3, total_remaining: 0, waiting_for: [] });
    expect(
      server.accepted
        .slice(1)
        .map(({ to, template }) => [to, template])
        .toSorted(),
    ).toEqual([
      [PHONES[1], expect.objectContaining({ name, language: { code: 'en' } })],
      [PHONES[2], expect.objectContaining({ name })],
    ]);
    expect(server.accepted[1]!.template!.components).toEqual([
      { type: 'body', parameters: [{ type: 'text', text: expect.stringMatching(/^(Bo|Cy)$/) }] },
    ]);
  });

  it('is told by the time they wrote, less five minutes', async () => {
    await makeAudience();
    await wrote(PHONES[0]!, 24 * HOUR_MS + 1_000);
    await wrote(PHONES[1]!, 23 * HOUR_MS + 50 * 60_000);
    await wrote(PHONES[2]!, 23 * HOUR_MS + 56 * 60_000);
    account.firstStatus = 'APPROVED';
    expect(await send()).toMatchObject({ state: 'completed', total_sent: 3 });
    expect(server.accepted.filter(({ template }) => template === null).map(({ to }) => to)).toEqual([
      PHONES[1],
    ]);
  });

  it('needs no template: none is submitted where everybody did', async () => {
    await makeAudience();
    for (const phone of PHONES) await wrote(phone, HOUR_MS);
    expect(await send()).toMatchObject({ state: 'completed', total_sent: 3, template: { status: 'DRAFT' } });
    expect(account.asked).toMatchObject({ create: 0, list: 0 });
  });

  it('may be wrong: what the provider says of a closed window counts, and the template goes instead, once', async () => {
    await makeAudience();
    account.firstStatus = 'APPROVED';
    // The provider lost it.
    const at = Date.now() + 5_000;
    await core.ledger.write((tx) =>
      noteConversations(tx, [{ sender: SENDER, contact: PHONES[0]!, last_inbound_at: at }]),
    );
    expect(await send()).toMatchObject({ state: 'completed', total_sent: 3, total_failed: 0 });
    expect(server.accepted.every(({ template }) => template !== null)).toBe(true);
    expect(server.requests).toBe(4);
  });
});

describe('what the provider says later', () => {
  const body = (field: string, value: object) => ({
    object: 'whatsapp_business_account',
    entry: [{ id: '1001', time: Math.floor(Date.now() / 1_000), changes: [{ field, value }] }],
  });
  const hear = (field: string, value: object) =>
    core.tidings.webhooks.take(readWebhook(body(field, value), { receivedAt: Date.now(), hidden: [] }));

  it('of a template starts the send that waits for it, however it writes the language', async () => {
    await makeAudience();
    const { send_id, template } = await send({ max_wait_seconds: 1, language: 'en_US' });
    only(template.name).status = 'APPROVED';
    const at = performance.now();
    await hear('message_template_status_update', {
      event: 'APPROVED',
      message_template_id: 9_007_199_254_740_991,
      message_template_name: template.name,
      message_template_language: 'en-us',
      reason: 'NONE',
    });
    await until(
      () => sendNow(send_id),
      ({ state }) => state === 'completed',
    );
    expect(performance.now() - at).toBeLessThan(10_000);
  });

  it('of a closed window sends the template once to whom the text did not reach', async () => {
    await makeAudience([{ phone: PHONES[0], name: 'Ann' }]);
    account.firstStatus = 'APPROVED';
    await wrote(PHONES[0]!, HOUR_MS);
    const { send_id } = await send();
    expect(server.accepted.map(({ template }) => template)).toEqual([null]);
    const failed = (at: number) => ({
      metadata: { phone_number_id: '2001' },
      statuses: [
        {
          id: `wamid.${at}`,
          status: 'failed',
          timestamp: String(Math.floor(Date.now() / 1_000)),
          biz_opaque_callback_data: server.accepted[at]!.callbackData,
          errors: [{ code: 131047, title: 'Re-engagement message' }],
        },
      ],
    });
    await hear('messages', failed(0));
    const done = await until(
      () => sendNow(send_id),
      ({ state }) => state === 'completed' && server.accepted.length === 2,
    );
    expect(done).toMatchObject({ total_sent: 1, total_failed: 0 });
    expect(server.accepted[1]!.template).not.toBe(null);
    // Said of the template, it is a failure.
    await hear('messages', failed(1));
    await until(
      () => sendNow(send_id),
      ({ total_failed }) => total_failed === 1,
    );
    await sleep(500);
    expect(server.accepted.length).toBe(2);
  });
});

describe('a template of a message', () => {
  it('is made once: a later send of the same words uses it, and of other words another one', async () => {
    await makeAudience();
    account.firstStatus = 'APPROVED';
    const one = await send();
    const two = await send({ campaign: 'two', allow_repeat: true });
    const other = await send({ campaign: 'three', message: MESSAGE.replace('week', 'month') });
    expect([one, two, other].map(({ state }) => state)).toEqual(Array(3).fill('completed'));
    expect(two.template.name).toBe(one.template.name);
    expect(other.template.name).not.toBe(one.template.name);
    expect(account.asked.create).toBe(2);
  });

  it('that was made by hand with the same words is used, whatever its slots are called', async () => {
    await makeAudience();
    account.add({
      name: 'weekly_offer',
      parameter_format: 'NAMED',
      components: [{ type: 'BODY', text: BODY.replace('{{1}}', '{{first_name}}') }],
    });
    expect(await send()).toMatchObject({
      state: 'completed',
      template: { name: 'weekly_offer', made: true },
    });
    expect(account.asked.create).toBe(0);
    expect(server.accepted[0]!.template!.components).toEqual([
      { type: 'body', parameters: [{ type: 'text', parameter_name: 'first_name', text: 'Ann' }] },
    ]);
  });

  it('is found where the answer to its making was lost: none is made twice', async () => {
    await makeAudience();
    account.firstStatus = 'APPROVED';
    account.losesNextCreate = true;
    const first = await send({ max_wait_seconds: 1 });
    expect(first.total_remaining).toBe(3);
    const done = await until(
      () => sendNow(first.send_id),
      ({ state }) => state === 'completed',
      12_000,
    );
    expect(done.total_sent).toBe(3);
    expect(account.templates.length).toBe(1);
  });

  it('that was rejected pauses the send with the reason and what to change, and fails nobody', async () => {
    await makeAudience();
    const { send_id, template } = await send({ max_wait_seconds: 1 });
    Object.assign(only(template.name), { status: 'REJECTED', rejected_reason: 'TAG_CONTENT_MISMATCH' });
    await told(template.name, 'EN');
    const paused = await until(
      () => sendNow(send_id),
      ({ state }) => state === 'paused',
    );
    expect(paused).toMatchObject({ total_failed: 0, total_remaining: 3, template: { status: 'REJECTED' } });
    expect(paused.paused_reason).toMatch(/TAG_CONTENT_MISMATCH: .*language/);
    account.firstStatus = 'APPROVED';
    const mended = await send({ message: MESSAGE.replace('special', 'new') });
    expect(mended).toMatchObject({ success: true, state: 'completed', total_sent: 3 });
    expect(server.accepted.length).toBe(3);
  });

  it('is asked for by polling, where the provider never says a word', async () => {
    await makeAudience();
    const { send_id, template } = await send({ max_wait_seconds: 1 });
    only(template.name).status = 'APPROVED';
    // As if the first minute were over.
    await core.ledger.write((tx) => tx.run('UPDATE templates SET check_at = ?', Date.now()));
    expect(
      (
        await until(
          () => sendNow(send_id),
          ({ state }) => state === 'completed',
        )
      ).total_sent,
    ).toBe(3);
  });

  it('is looked for again after 1, 2, 5 and 15 minutes, then hourly', async () => {
    await makeAudience();
    const { send_id } = await send({ max_wait_seconds: 1 });
    const waits: number[] = [];
    const row = async () =>
      (await core.ledger.get<{ check_at: number; checks: number }>(
        'SELECT check_at, checks FROM templates',
      ))!;
    for (let at = 0; at < 5; at++) {
      const isNext = (one: { check_at: number; checks: number }) =>
        one.checks === at && one.check_at > Date.now() + (at === 0 ? 0 : 61_000);
      waits.push(Math.round(((await until(row, isNext)).check_at - Date.now()) / 60_000));
      await core.ledger.write((tx) => tx.run('UPDATE templates SET check_at = ?', Date.now()));
    }
    expect(waits).toEqual([1, 2, 5, 15, 60]);
    expect((await sendNow(send_id)).state).toBe('running');
  }, 30_000);

  it('keeps waiting through a restart, and is not submitted again', async () => {
    await makeAudience();
    const { send_id, template } = await send({ max_wait_seconds: 1 });
    const { folder } = core;
    await core.close();
    only(template.name).status = 'APPROVED';
    await open({ folder });
    await told(template.name);
    expect(
      (
        await until(
          () => sendNow(send_id),
          ({ state }) => state === 'completed',
        )
      ).total_sent,
    ).toBe(3);
    expect(account.asked.create).toBe(1);
  });

  it('is taken as marketing where it reads like that, and says so', async () => {
    await makeAudience();
    account.firstStatus = 'APPROVED';
    account.firstCategory = 'MARKETING';
    expect(await send({ category: 'utility' })).toMatchObject({ template: { category: 'marketing' } });
  });

  it('is refused before anybody gets anything where none can be made', async () => {
    await makeAudience();
    await wrote(PHONES[0]!, HOUR_MS);
    await expect(send({ message: `Hello ${'a'.repeat(1_100)}`, language: 'en' })).rejects.toThrow(
      /template only.*1106 characters/,
    );
    await expect(send({ message: '20%!' })).rejects.toThrow(/language/);
    expect(server.requests).toBe(0);
    expect(await core.call('sends.list')).toMatchObject({ sends: [] });
  });

  it('is not needed for what is too long, where everybody wrote', async () => {
    await makeAudience();
    for (const phone of PHONES) await wrote(phone, HOUR_MS);
    const text = `Hello ${'a'.repeat(1_100)}`;
    expect(await send({ message: text })).toMatchObject({ state: 'completed', total_sent: 3 });
  });

  it('names the right that the token lacks, and goes on when a person has given it', async () => {
    await makeAudience();
    account.faults.create = { code: 200, message: 'Permissions error' };
    const refused = await send();
    expect(refused).toMatchObject({ success: false, state: 'paused', total_failed: 0 });
    expect(refused.error).toMatch(/whatsapp_business_management/);
    account.firstStatus = 'APPROVED';
    expect(await send()).toMatchObject({ success: true, state: 'completed', total_sent: 3 });
  });
});

describe('the values of a template', () => {
  it('are on one line, and a lead without one is skipped while the others go on', async () => {
    await makeAudience([
      {
        phone: PHONES[0],
        name: 'Ann Lee',
        metadata: { plan: 'Gold' },
        notes: 'Two\nlines,\ta tab     and five spaces',
      },
      { phone: PHONES[1], name: 'Bo', notes: 'x' },
      { phone: PHONES[2], name: ' ', metadata: { plan: 'Silver' } },
    ]);
    account.firstStatus = 'APPROVED';
    const done = await send({
      message:
        'Hi {{lead.name}}, your plan {{lead.metadata.plan}} with {{lead.notes | default: "no notes"}} ends soon, we hope to see you.',
    });
    expect(done).toMatchObject({ state: 'completed', total_sent: 1, total_skipped: 2, total_failed: 0 });
    expect(server.accepted[0]!.template!.components![0]!.parameters!.map(({ text }) => text)).toEqual([
      'Ann Lee',
      'Gold',
      'Two lines, a tab and five spaces',
    ]);
    const { deliveries } = await core.call('sends.deliveries', { send_id: done.send_id, status: 'skipped' });
    expect(deliveries.map((one: { error_code: string }) => one.error_code)).toEqual(
      Array(2).fill('template_value_missing'),
    );
    expect(deliveries[0].error).toMatch(/lead\.metadata\.plan/);
  });
});

describe('a template with a name', () => {
  beforeEach(async () => {
    account.add({
      name: 'order_ready',
      language: 'es_MX',
      category: 'UTILITY',
      components: [
        { type: 'BODY', text: 'Hola {{1}}, tu pedido está listo.' },
        {
          type: 'BUTTONS',
          buttons: [
            { type: 'QUICK_REPLY', text: 'Gracias' },
            { type: 'URL', text: 'Ver', url: 'https://shop.test/o/{{1}}' },
          ],
        },
      ],
    });
    await makeAudience();
  });

  const values = { 1: '{{lead.first_name | default: "cliente"}}', 'button.2': 'a b/{{lead.first_name}}' };

  it('leaves with the values given for each component, and nothing for those that have none', async () => {
    const done = await send({ template: { name: 'order_ready' }, template_values: values });
    expect(done).toMatchObject({
      state: 'completed',
      total_sent: 3,
      template: { made: false, category: 'utility' },
    });
    const ann = server.accepted.find(({ to }) => to === PHONES[0])!;
    expect(ann.template).toEqual({
      name: 'order_ready',
      language: { code: 'es_MX' },
      components: [
        { type: 'body', parameters: [{ type: 'text', text: 'Ann' }] },
        { type: 'button', sub_type: 'url', index: '1', parameters: [{ type: 'text', text: 'a%20b/Ann' }] },
      ],
    });
  });

  it.each([
    ['a name that is not there', { name: 'order_redy' }, values, /did you mean "order_ready"/],
    [
      'a language that is not there',
      { name: 'order_ready', language: 'es' },
      values,
      /not there in "es", but in es_MX/,
    ],
    ['a slot that is not there', { name: 'order_ready' }, { ...values, 2: 'x' }, /no slot "2".*1, button\.2/],
    ['a slot without a value', { name: 'order_ready' }, { 1: 'x' }, /needs a value for button\.2/],
  ])('is refused with %s', async (_, template, template_values, error) => {
    await expect(send({ template, template_values })).rejects.toThrow(error);
    expect(server.requests).toBe(0);
  });

  it('that is paused in the middle waits, and nobody fails; when it is back, the send goes on', async () => {
    only('order_ready').status = 'PAUSED';
    // As we know it.
    const first = send({ template: { name: 'order_ready' }, template_values: values, max_wait_seconds: 1 });
    expect(await first).toMatchObject({
      state: 'running',
      total_failed: 0,
      total_remaining: 3,
      waiting_for: [{ what: 'template_approval' }],
    });
    only('order_ready').status = 'APPROVED';
    await told('order_ready', 'es-MX');
    const { send_id } = await first;
    expect(
      (
        await until(
          () => sendNow(send_id),
          ({ state }) => state === 'completed',
        )
      ).total_sent,
    ).toBe(3);
  });

  it.each([
    ['paused', 'PAUSED', 'running'],
    ['disabled', 'DISABLED', 'paused'],
  ])('that is found to be %s by sending fails nobody', async (_, status, state) => {
    await core.close();
    await server.stop();
    let isOff = false;
    server = await startCloudApi({
      account,
      script: () => {
        if (isOff) return undefined;
        isOff = true;
        only('order_ready').status = status;
        return { graphError: { code: status === 'PAUSED' ? 132015 : 132016 } };
      },
    });
    await open({ folder: core.folder });
    const { send_id } = await send({
      template: { name: 'order_ready' },
      template_values: values,
      max_wait_seconds: 1,
    });
    const seen = await until(
      () => sendNow(send_id),
      (one) => one.state === state && (state === 'paused' || one.waiting_for.length > 0),
    );
    expect(seen).toMatchObject({ total_failed: 0, total_sent: 0, total_remaining: 3 });
  });

  it('that has other slots now pauses the send before a wrong message goes out', async () => {
    const { name } = only('order_ready');
    await send({
      template: { name },
      template_values: values,
      schedule_at: new Date(Date.now() + HOUR_MS).toISOString(),
    });
    only(name).components = [{ type: 'BODY', text: 'Hola {{1}}, tu pedido {{2}} está listo para ti.' }];
    const [{ send_id }] = (await core.call('sends.list')).sends;
    await core.call('sends.resume', { send_id, schedule_at: 'now' });
    const paused = await until(
      () => sendNow(send_id),
      ({ state }) => state === 'paused',
    );
    expect(paused).toMatchObject({ total_failed: 0, total_sent: 0 });
    expect(paused.paused_reason).toMatch(/other words/);
  });
});

describe('what stands around a message', () => {
  let files: Server;
  let picture: string;
  let asked = 0;

  beforeEach(async () => {
    asked = 0;
    files = createServer((_, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from('png-of-the-test'));
    });
    await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
    picture = `http://127.0.0.1:${(files.address() as AddressInfo).port}/offer.png`;
    await makeAudience();
    account.firstStatus = 'APPROVED';
  });
  afterEach(() => new Promise((resolve) => files.close(resolve)));

  it('is handed in with it, and sent with each message: a file once for all of them', async () => {
    const template = {
      header: { type: 'image', link: picture },
      footer: 'Shop of the test',
      buttons: [
        { type: 'opt_out' },
        { type: 'url', text: 'Open', url: 'https://shop.test/o/{{lead.first_name}}' },
        { type: 'phone', text: 'Call', phone: '+15550051310' },
        { type: 'copy_code', code: '25OFF' },
      ],
    };
    expect(await send({ template })).toMatchObject({ state: 'completed', total_sent: 3, total_failed: 0 });
    expect(account.templates[0]!.components).toEqual([
      { type: 'HEADER', format: 'IMAGE', example: { header_handle: ['4::handle'] } },
      { type: 'BODY', text: BODY, example: { body_text: [['Ann']] } },
      { type: 'FOOTER', text: 'Shop of the test' },
      {
        type: 'BUTTONS',
        buttons: [
          { type: 'QUICK_REPLY', text: 'Stop promotions' },
          {
            type: 'URL',
            text: 'Open',
            url: 'https://shop.test/o/{{1}}',
            example: ['https://shop.test/o/Ann'],
          },
          { type: 'PHONE_NUMBER', text: 'Call', phone_number: '+15550051310' },
          { type: 'COPY_CODE', example: '25OFF' },
        ],
      },
    ]);
    // Once as the sample, by the app, and once for all messages.
    expect(account.files.map(({ place }) => place.split('/').at(-1))).toEqual(['upload:session-1', 'media']);
    expect(account.files[0]!.bytes.toString()).toBe('png-of-the-test');
    expect(account.files[1]!.bytes.toString('latin1')).toMatch(/image\/png[\s\S]*png-of-the-test/);
    const ann = server.accepted.find(({ to }) => to === PHONES[0])!;
    expect(ann.template!.components).toEqual([
      { type: 'header', parameters: [{ type: 'image', image: { id: '4002' } }] },
      { type: 'body', parameters: [{ type: 'text', text: 'Ann' }] },
      { type: 'button', sub_type: 'url', index: '1', parameters: [{ type: 'text', text: 'Ann' }] },
      {
        type: 'button',
        sub_type: 'copy_code',
        index: '3',
        parameters: [{ type: 'coupon_code', coupon_code: '25OFF' }],
      },
      {
        type: 'button',
        sub_type: 'quick_reply',
        index: '0',
        parameters: [{ type: 'payload', payload: 'tidings:optout' }],
      },
    ]);
  });

  it('is a picture that cannot be had: the send is paused before the first lead, and nobody failed', async () => {
    account.add({
      name: 'with_picture',
      components: [
        { type: 'HEADER', format: 'IMAGE' },
        { type: 'BODY', text: 'Hello to all of you.' },
      ],
    });
    const call = { template: { name: 'with_picture' }, message: 'Hello' };
    await expect(send(call)).rejects.toThrow(/needs a value for header/);
    const refused = await send({
      ...call,
      template_values: { header: `${picture}.exe`.replace('http:', 'ftp:') },
    });
    expect(refused).toMatchObject({ success: false, state: 'paused', total_failed: 0, total_remaining: 3 });
    expect(server.requests).toBe(0);
    const mended = await send({ ...call, template_values: { header: picture } });
    expect(mended).toMatchObject({ state: 'completed', total_sent: 3 });
    expect(asked).toBe(1);
  });

  it.each([
    ['no link', { header: { type: 'image' } }, /template\.header\.link is missing/],
    ['a long footer', { footer: 'a'.repeat(61) }, /footer has 61/],
    ['a reply without text', { buttons: [{ type: 'quick_reply' }] }, /buttons\[0\]\.text is missing/],
  ])('is refused with %s, before anything is handed in', async (_, template, error) => {
    await expect(send({ template })).rejects.toThrow(error);
    expect(account.asked.create).toBe(0);
  });
});

describe('the list of templates', () => {
  it('is read past its first page, and a page that fails makes none of them deleted', async () => {
    account.pageSize = 25;
    for (let at = 1; at <= 60; at++)
      account.add({
        name: `one_${at}`,
        components: [{ type: 'BODY', text: at === 57 ? BODY : `Text number ${at}` }],
      });
    await makeAudience();
    expect(await send()).toMatchObject({ state: 'completed', template: { name: 'one_57' } });
    account.faults.list = { code: 2, status: 500 };
    account.templates.splice(0, 1);
    await core.ledger.write((tx) => tx.run("DELETE FROM marks WHERE name LIKE 'templates synced:%'"));
    await send({ campaign: 'two', message: MESSAGE.replace('week', 'year'), max_wait_seconds: 0 });
    const count = async () =>
      (await core.ledger.get<{ n: number }>(
        "SELECT CAST(count(*) AS BIGINT) AS n FROM templates WHERE status = 'DELETED'",
      ))!.n;
    expect(await count()).toBe(0);
    await core.ledger.write((tx) => tx.run("DELETE FROM marks WHERE name LIKE 'templates synced:%'"));
    await send({ campaign: 'three', message: MESSAGE.replace('week', 'day'), max_wait_seconds: 0 });
    expect(await count()).toBe(1);
  });
});

describe('the limit of an account', () => {
  it('leaves the rest pending, says why and until when, and goes on by itself', async () => {
    account.tier = 2;
    account.firstStatus = 'APPROVED';
    await makeAudience();
    await forgetLimits();
    const first = await send({ max_wait_seconds: 30 });
    expect(first).toMatchObject({
      state: 'running',
      total_sent: 2,
      total_failed: 0,
      total_remaining: 1,
      waiting_for: [{ what: 'messaging_limit', leads: 1, until: expect.any(String) }],
    });
    expect(first.notice).toMatch(/2 people within 24 hours.*2 days/);
    // A day goes by.
    await core.ledger.write((tx) => tx.run('UPDATE template_messages SET at = at - ?', 24 * HOUR_MS));
    account.tier = 'TIER_250';
    expect(
      (
        await until(
          () => sendNow(first.send_id),
          ({ state }) => state === 'completed',
        )
      ).total_sent,
    ).toBe(3);
  });

  it('does not count whom a text reaches', async () => {
    account.tier = 1;
    account.firstStatus = 'APPROVED';
    await makeAudience();
    await forgetLimits();
    await wrote(PHONES[1]!, HOUR_MS);
    await wrote(PHONES[2]!, HOUR_MS);
    expect(await send()).toMatchObject({ state: 'completed', total_sent: 3 });
  });
});

describe('a dry run', () => {
  it('shows both ways with their numbers, submits nothing, and its token sends exactly that', async () => {
    await makeAudience();
    await wrote(PHONES[0]!, HOUR_MS);
    account.tier = 'TIER_250';
    await forgetLimits();
    const dry = await send({ dry_run: true });
    expect(dry).toMatchObject({
      would_send: 3,
      by_way: { text: 1, template: 2 },
      template: { text: BODY, status: 'DRAFT' },
      estimate: { days: 1, people_per_day: 250 },
    });
    expect(dry.samples.map(({ way }: { way: string }) => way).toSorted()).toEqual([
      'template',
      'template',
      'text',
    ]);
    expect(account.asked.create).toBe(0);
    account.firstStatus = 'APPROVED';
    const done = await send({ confirm: dry.confirm });
    expect(done).toMatchObject({ success: true, state: 'completed', total_sent: 3 });
    expect(sumOf(done)).toBe(3);
  });

  it('warns where a template for marketing never arrives, and where the quality is red', async () => {
    await makeAudience([{ phone: '+12025550123', name: 'Al' }]);
    account.quality = 'RED';
    await forgetLimits();
    const { warnings } = await send({ dry_run: true });
    expect(warnings.join(' ')).toMatch(/quality of this number is RED.*\+1/);
  });
});

it('samples of real people go with whoever is erased, and with the handing in', async () => {
  await makeAudience();
  const samples = async () =>
    (await core.ledger.get<{ samples: string | null }>('SELECT samples FROM templates'))!.samples;
  account.faults.create = { code: 2, status: 500 };
  await send({ max_wait_seconds: 1 });
  expect(await samples()).toContain('Ann');
  await core.call('person.erase', { contact: PHONES[0] });
  expect(await samples()).toBe(null);
});

it('without an account for templates everybody gets the text, and the provider’s answer is told', async () => {
  const { folder } = core;
  await core.close();
  await open({ folder, businessAccountId: null });
  await makeAudience();
  const done = await send();
  expect(done).toMatchObject({ total_failed: 3, total_sent: 0 });
  expect(done.template).toBe(undefined);
  await expect(send({ campaign: 'x', template: { name: 'a' } })).rejects.toThrow(/no templates/);
});
