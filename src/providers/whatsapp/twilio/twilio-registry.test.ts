import { afterEach, describe, expect, it } from 'vitest';
import { type MadeContent, type RunningTwilio, startTwilio } from '../../../../test/support/twilio-server.ts';
import type { Sender } from '../../../core/deliveries/sender.ts';
import { parseMergeText } from '../../../core/messages/parse-merge-text.ts';
import { parseTemplate, type TemplateUse } from '../../../core/messages/template-message.ts';
import { slotsOf, type TemplateContent } from '../../../core/templates/template.ts';
import { createTwilioSender } from './twilio-sender.ts';

const SID = `AC${'0'.repeat(31)}1`;
const TOKEN = 'test-token';
let server: RunningTwilio;
let sender: Sender;
const registry = () => sender.account!.templates;

async function open(authToken = TOKEN): Promise<void> {
  server = await startTwilio({ accountSid: SID, authToken: TOKEN });
  sender = createTwilioSender({
    ...{ accountSid: SID, authToken, from: '+15550001111', messagingServiceSid: null },
    ...{ apiUrl: server.url, contentUrl: server.url, ratePerSecond: 80, statusUrl: null, timeoutMs: 2_000 },
  });
}
afterEach(async () => {
  await sender.close(0);
  await server.stop();
});

const CARD: TemplateContent = {
  language: 'en',
  header: { kind: 'text', text: 'Sale {{1}}' },
  body: 'Hi {{first_name}}, your code {{code}} is here.',
  footer: 'Reply STOP to opt out',
  buttons: [
    { kind: 'url', text: 'Open', url: 'https://x.test/o/{{1}}' },
    { kind: 'quick_reply', text: 'Stop promotions' },
    { kind: 'phone', text: 'Call', phone: '+15550051310' },
  ],
};
const PLAIN: TemplateContent = {
  ...{ language: 'en', header: null, footer: null, buttons: [] },
  body: 'Hi {{1}}, see you on {{2}} again.',
};
const draft = (content: TemplateContent, name = 'hi_0123456789ab') => ({
  ...{ name, category: 'marketing' as const, content },
  samples: { header: 'May', first_name: 'Ann', code: 'A1', 'button.1': 'abc', 1: 'Ann', 2: 'Monday' },
});
const known = (more: Partial<MadeContent>): MadeContent => ({
  ...{ sid: 'HX9', friendly_name: 'by_hand', language: 'en', types: {}, approval: null },
  ...more,
});

const APPROVED = { status: 'approved', category: 'MARKETING', rejection_reason: '' };

async function sent(content: TemplateContent, values: TemplateUse['values'], name = 'hi_0123456789ab') {
  const use = { name, content, category: 'marketing' as const, isMade: true, values };
  const outcome = await sender
    .prepare({ channel: 'whatsapp', body: parseMergeText('Hi'), template: parseTemplate(use) })
    .deliver(
      { contact: '+16505551234', values: { lead: {} as never, site: { name: null } }, byTemplate: true },
      { deliveryId: '0f.1', attemptId: '0f.1.1-a', mayLeave: () => true },
    );
  return { outcome, form: server.accepted.at(-1)?.form };
}

describe('a template at Twilio', () => {
  it('is made as content with one number for each slot and a sample for each number, and submitted', async () => {
    await open();
    expect(await registry().submit(draft(CARD))).toEqual({
      ok: true,
      value: { providerId: server.contents[0]!.sid, status: 'PENDING', category: 'marketing' },
    });
    expect(server.contents[0]).toMatchObject({
      variables: { 1: 'May', 2: 'Ann', 3: 'A1', 4: 'abc' },
      types: {
        'whatsapp/card': {
          header_text: 'Sale {{1}}',
          body: 'Hi {{2}}, your code {{3}} is here.',
          footer: 'Reply STOP to opt out',
          actions: [
            { type: 'URL', title: 'Open', url: 'https://x.test/o/{{4}}' },
            { type: 'QUICK_REPLY', title: 'Stop promotions', id: 'tidings:optout' },
            { type: 'PHONE_NUMBER', title: 'Call', phone: '+15550051310' },
          ],
        },
      },
    });
  });

  it('leaves with exactly its slots: by the numbers that it was made with, and by those that Twilio has', async () => {
    await open();
    await registry().submit(draft(CARD));
    const values = { header: 'June', first_name: 'Bo', code: 'B2', 'button.1': 'x y' };
    const made = await sent(CARD, values);
    expect(made.outcome).toMatchObject({ type: 'accepted' });
    expect(JSON.parse(made.form!.get('ContentVariables')!)).toEqual({
      1: 'June',
      2: 'Bo',
      3: 'B2',
      4: 'x%20y',
    });
    const found = await registry().find('hi_0123456789ab');
    const content = found.ok ? found.value[0]!.content : PLAIN;
    expect(content.body).toBe('Hi {{2}}, your code {{3}} is here.');
    const later = await sent(content, { header: 'June', 2: 'Bo', 3: 'B2', 'button.1': 'x y' });
    expect(later.form!.get('ContentVariables')).toBe(made.form!.get('ContentVariables'));
  });

  it.each(['whatsapp/card', 'twilio/card', 'twilio/media'])(
    'of the kind %s with a file at an address that has a slot leaves with that slot, and not with the sample',
    async (kind) => {
      await open();
      const words = { body: 'Hi {{1}}, this is new.', title: 'Hi {{1}}, this is new.' };
      const types = { [kind]: { ...words, media: ['https://cdn.test/{{3}}'] } };
      server.contents.push(known({ types, approval: { ...APPROVED } }));
      const found = await registry().find('by_hand');
      const { content } = (found.ok && found.value[0])! as { content: TemplateContent };
      expect(slotsOf(content).map(({ key }) => key)).toEqual(['header', '1']);
      const { form } = await sent(content, { header: 'may/offer.png', 1: 'Bo' }, 'by_hand');
      expect(JSON.parse(form!.get('ContentVariables')!)).toEqual({ 1: 'Bo', 3: 'may/offer.png' });
    },
  );

  it('whose file has no slot leaves without one', async () => {
    await open();
    const types = { 'twilio/media': { body: 'This is new.', media: ['https://cdn.test/offer.png'] } };
    server.contents.push(known({ types, approval: { ...APPROVED } }));
    const found = await registry().find('by_hand');
    const { content } = (found.ok && found.value[0])! as { content: TemplateContent };
    const { form } = await sent(content, {}, 'by_hand');
    expect(form!.has('ContentVariables')).toBe(false);
  });

  it('with one number in header, body and button has one value for all of them', async () => {
    await open();
    const card = {
      ...{ header_text: 'This is a {{1}} card', body: 'Add the code {{1}} for less.' },
      actions: [{ type: 'URL', title: 'Open', url: 'https://x.test/{{1}}' }],
    };
    server.contents.push(known({ types: { 'whatsapp/card': card }, approval: { ...APPROVED } }));
    const found = await registry().find('by_hand');
    const { content } = (found.ok && found.value[0])! as { content: TemplateContent };
    const { form } = await sent(content, { header: 'x', 1: 'A1', 'button.1': 'x' }, 'by_hand');
    expect(JSON.parse(form!.get('ContentVariables')!)).toEqual({ 1: 'A1' });
  });

  it('without slots leaves without ContentVariables, which Twilio refuses then', async () => {
    await open();
    const plain = { ...PLAIN, body: 'We are back.' };
    await registry().submit(draft(plain));
    const { form } = await sent(plain, {});
    expect(form!.get('ContentSid')).toBe(server.contents[0]!.sid);
    expect([form!.has('ContentVariables'), form!.has('Body')]).toEqual([false, false]);
  });

  it('is not made twice when the answer to the first call was lost', async () => {
    await open();
    await registry().submit(draft(PLAIN));
    expect(await registry().submit(draft(PLAIN))).toMatchObject({ ok: false, problem: { kind: 'exists' } });
    server.contents[0]!.approval = null;
    expect(await registry().submit(draft(PLAIN))).toMatchObject({ ok: true, value: { status: 'PENDING' } });
    expect(server.contents).toHaveLength(1);
  });

  it('is found on whatever page it stands', async () => {
    await open();
    for (let at = 1; at <= 5; at++)
      server.contents.push(
        known({ sid: `HX${at}`, friendly_name: `t${at}`, types: { 'twilio/text': { body: 'Hi' } } }),
      );
    const found = await registry().find('t5');
    expect(found).toMatchObject({ ok: true, value: [{ providerId: 'HX5', name: 't5' }] });
    const first = await registry().list(null);
    expect(first).toMatchObject({ ok: true, value: { templates: [{ name: 't1' }, { name: 't2' }] } });
  });

  it.each([
    [{ status: 'approved', category: 'MARKETING', rejection_reason: '' }, 'APPROVED', null],
    [{ status: 'rejected', category: 'UTILITY', rejection_reason: 'PROMOTIONAL' }, 'REJECTED', 'PROMOTIONAL'],
    [{ status: 'paused', category: 'MARKETING', rejection_reason: '' }, 'PAUSED', null],
    [null, 'REJECTED', 'It was not submitted for approval.'],
  ])('of which WhatsApp says %j is %s', async (approval, status, reason) => {
    await open();
    server.contents.push(known({ approval, types: { 'twilio/text': { body: 'Hi' } } }));
    expect(await registry().find('by_hand')).toMatchObject({ ok: true, value: [{ status, reason }] });
  });

  it('that one number in body and button shares gets one value for both', async () => {
    await open();
    const types = {
      'twilio/call-to-action': {
        body: 'Hi {{1}}, your order {{2}} left.',
        actions: [{ type: 'URL', title: 'Track', url: 'https://x.test/{{2}}' }],
      },
    };
    server.contents.push(
      known({ types, approval: { status: 'approved', category: 'UTILITY', rejection_reason: '' } }),
    );
    const found = await registry().find('by_hand');
    const content = found.ok ? found.value[0]!.content : PLAIN;
    const { form } = await sent(content, { 1: 'Ann', 2: '77', 'button.1': 'other' }, 'by_hand');
    expect(JSON.parse(form!.get('ContentVariables')!)).toEqual({ 1: 'Ann', 2: '77' });
  });

  it('of a kind that nobody knows is listed and cannot be made; a header of media is refused with the way out', async () => {
    await open();
    server.contents.push(known({ types: { 'whatsapp/flows': {} } }));
    expect(await registry().list(null)).toMatchObject({
      ok: true,
      value: { templates: [{ content: { buttons: [{ kind: 'other', text: 'whatsapp/flows' }] } }] },
    });
    expect(await registry().submit(draft({ ...PLAIN, header: { kind: 'image' } }))).toMatchObject({
      ok: false,
      problem: { kind: 'refused', message: expect.stringContaining('Content Template Builder') },
    });
  });

  it('that is gone when a message is to leave fails nobody', async () => {
    await open();
    expect((await sent(PLAIN, { 1: 'a', 2: 'b' })).outcome).toMatchObject({
      type: 'template_off',
      status: 'UNKNOWN',
    });
    expect(server.requests).toBe(0);
  });

  it('is removed once and for all, and that it was gone is no problem', async () => {
    await open();
    await registry().submit(draft(PLAIN));
    const one = { name: 'hi_0123456789ab', providerId: server.contents[0]!.sid };
    expect(await registry().remove(one)).toEqual({ ok: true, value: null });
    expect(await registry().remove(one)).toEqual({ ok: true, value: null });
    expect(server.contents).toEqual([]);
  });

  it('is not asked for with the wrong token: that is said of the account, without the token', async () => {
    await open('wrong-token');
    const answer = await registry().list(null);
    expect(answer).toMatchObject({ ok: false, problem: { kind: 'account', code: 'twilio_20003' } });
    expect(JSON.stringify(answer)).not.toContain('wrong-token');
  });
});
