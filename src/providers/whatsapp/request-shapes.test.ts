import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { CloudAccount } from '../../../test/support/cloud-account.ts';
import { startCloudApi } from '../../../test/support/cloud-api-server.ts';
import { startTwilio } from '../../../test/support/twilio-server.ts';
import { parseMergeText } from '../../core/messages/parse-merge-text.ts';
import { parseTemplate, type TemplateUse } from '../../core/messages/template-message.ts';
import { slotsOf, type TemplateContent } from '../../core/templates/template.ts';
import { createCloudSender } from './cloud/cloud-sender.ts';
import { createBody } from './cloud/template-json.ts';
import { createTwilioSender } from './twilio/twilio-sender.ts';

/*
 * What Meta and Twilio publish of the bodies of requests (facebook/openapi, twilio/twilio-oai, and their pages), said again
 * in our own words: the fields and limits that messages and templates of ours need. Nothing may stand in a body that is
 * not named here. Where facebook/openapi is not what Meta's pages say, the pages hold: a copy code is a kind of button,
 * `language.policy` is not needed, and the index of a button is any digit, as text.
 */

const text = z.string().min(1);
const filled = text.max(1_024).regex(/^(?!.*(?:\n|\t| {5}))/s);
const slotName = z.string().regex(/^[a-z_][a-z0-9_]*$/);
const textParameter = z.strictObject({
  type: z.literal('text'),
  text: filled,
  parameter_name: slotName.optional(),
});
const file = z.strictObject({ id: z.string().regex(/^\d+$/) });
const place = z.strictObject({ latitude: text, longitude: text, name: text, address: text });
const index = z.string().regex(/^\d$/);
const button = z.object({ type: z.literal('button'), index });
const one = <T extends z.ZodType>(parameter: T) => z.array(parameter).length(1);
const component = z.union([
  z.strictObject({ type: z.literal('body'), parameters: z.array(textParameter).min(1) }),
  z.strictObject({
    type: z.literal('header'),
    parameters: one(
      z.union([
        textParameter,
        z.strictObject({ type: z.literal('image'), image: file }),
        z.strictObject({ type: z.literal('video'), video: file }),
        z.strictObject({ type: z.literal('document'), document: file.extend({ filename: text.optional() }) }),
        z.strictObject({ type: z.literal('location'), location: place }),
      ]),
    ),
  }),
  button.extend({ sub_type: z.literal('url'), parameters: one(textParameter) }).strict(),
  button
    .extend({
      sub_type: z.literal('quick_reply'),
      parameters: one(z.strictObject({ type: z.literal('payload'), payload: text.max(128) })),
    })
    .strict(),
  button
    .extend({
      sub_type: z.literal('copy_code'),
      parameters: one(z.strictObject({ type: z.literal('coupon_code'), coupon_code: text.max(15) })),
    })
    .strict(),
]);
const envelope = z.object({
  messaging_product: z.literal('whatsapp'),
  recipient_type: z.literal('individual'),
  to: z.string().regex(/^\+\d{6,15}$/),
  biz_opaque_callback_data: text.max(512),
});
const language = z.string().regex(/^[a-z]{2,3}(_[A-Z]{2})?$/);
const message = z.union([
  envelope
    .extend({
      type: z.literal('text'),
      text: z.strictObject({ preview_url: z.boolean(), body: text.max(4_096) }),
    })
    .strict(),
  envelope
    .extend({
      type: z.literal('template'),
      template: z.strictObject({
        name: z.string().regex(/^[a-z0-9_]{1,512}$/),
        language: z.strictObject({ code: language }),
        components: z.array(component).min(1).optional(),
      }),
    })
    .strict(),
]);

const named = z.array(z.strictObject({ param_name: slotName, example: text })).min(1);
const label = text.max(25);
const creation = z.strictObject({
  name: z.string().regex(/^[a-z0-9_]{1,512}$/),
  language,
  category: z.enum(['MARKETING', 'UTILITY']),
  parameter_format: z.enum(['NAMED', 'POSITIONAL']),
  components: z.array(
    z.union([
      z.strictObject({
        type: z.literal('HEADER'),
        format: z.literal('TEXT'),
        text: text.max(60),
        example: z
          .union([
            z.strictObject({ header_text: one(text) }),
            z.strictObject({ header_text_named_params: named }),
          ])
          .optional(),
      }),
      z.strictObject({
        type: z.literal('HEADER'),
        format: z.enum(['IMAGE', 'VIDEO', 'DOCUMENT']),
        example: z.strictObject({ header_handle: one(text) }),
      }),
      z.strictObject({ type: z.literal('HEADER'), format: z.literal('LOCATION') }),
      z.strictObject({
        type: z.literal('BODY'),
        text: text.max(1_024),
        example: z
          .union([
            z.strictObject({ body_text: one(z.array(text).min(1)) }),
            z.strictObject({ body_text_named_params: named }),
          ])
          .optional(),
      }),
      z.strictObject({ type: z.literal('FOOTER'), text: text.max(60) }),
      z.strictObject({
        type: z.literal('BUTTONS'),
        buttons: z
          .array(
            z.union([
              z.strictObject({ type: z.literal('QUICK_REPLY'), text: label }),
              z.strictObject({
                type: z.literal('URL'),
                text: label,
                url: text.max(2_000),
                example: one(z.url()).optional(),
              }),
              z.strictObject({ type: z.literal('PHONE_NUMBER'), text: label, phone_number: text.max(20) }),
              z.strictObject({ type: z.literal('COPY_CODE'), example: text.max(15) }),
            ]),
          )
          .min(1)
          .max(10),
      }),
    ]),
  ),
});

const number = z.string().regex(/^\d+$/);
const content = z.strictObject({
  friendly_name: text,
  language: text,
  variables: z.record(number, text).optional(),
  types: z.union([
    z.strictObject({ 'twilio/text': z.strictObject({ body: text.max(1_600) }) }),
    z.strictObject({
      'whatsapp/card': z.strictObject({
        body: text.max(1_600),
        header_text: text.max(60).optional(),
        footer: text.max(60).optional(),
        actions: z
          .array(
            z.union([
              z.strictObject({ type: z.literal('URL'), title: label, url: text }),
              z.strictObject({ type: z.literal('PHONE_NUMBER'), title: label, phone: text }),
              z.strictObject({ type: z.literal('QUICK_REPLY'), title: label, id: text.max(200) }),
              z.strictObject({ type: z.literal('COPY_CODE'), title: label, code: text }),
            ]),
          )
          .min(1)
          .max(10)
          .optional(),
      }),
    }),
  ]),
});
const form = z.strictObject({
  To: z.string().regex(/^whatsapp:\+\d{6,15}$/),
  From: z
    .string()
    .regex(/^whatsapp:\+\d{6,15}$/)
    .optional(),
  MessagingServiceSid: z
    .string()
    .regex(/^MG[0-9a-fA-F]{32}$/)
    .optional(),
  StatusCallback: z.url().optional(),
  Body: text.max(1_600).optional(),
  ContentSid: z
    .string()
    .regex(/^HX[0-9a-fA-F]{32}$/)
    .optional(),
  ContentVariables: text.optional(),
});

const plain: TemplateContent = {
  ...{ language: 'en', header: null, footer: null, buttons: [] },
  body: 'Hi {{1}}, see you on {{2}} again.',
};
const whole: TemplateContent = {
  ...plain,
  header: { kind: 'text', text: 'Sale {{1}}' },
  footer: 'Reply STOP to opt out',
  buttons: [
    { kind: 'quick_reply', text: 'Stop promotions' },
    { kind: 'url', text: 'Open', url: 'https://x.test/o/{{1}}' },
    { kind: 'url', text: 'Shop', url: 'https://x.test/shop' },
    { kind: 'phone', text: 'Call', phone: '+15550051310' },
    { kind: 'copy_code', code: '25OFF' },
  ],
};
const CONTENTS: readonly (readonly [string, TemplateContent])[] = [
  ['a text alone', { ...plain, body: 'We are back.' }],
  ['two slots', plain],
  ['named slots', { ...plain, body: 'Hi {{first_name}}, see you on {{day}} again.' }],
  ['all that goes around it', whole],
  ['a location', { ...plain, header: { kind: 'location' } }],
  ...(['image', 'video', 'document'] as const).map(
    (kind) => [`a header of ${kind}`, { ...plain, language: 'pt_BR', header: { kind } }] as const,
  ),
];
const VALUES: Readonly<Record<string, string>> = {
  ...{ 1: 'Ann', 2: 'a\nb\tc      d', first_name: 'Ann "A" & co', day: 'Monday', 'button.2': 'a b/ü' },
  'button.5': '25OFF',
};
const recipient = {
  contact: '+16505551234',
  values: { lead: {} as never, site: { name: null } },
  byTemplate: true,
};
const attempt = { deliveryId: '0f.1', attemptId: '0f.1.1', mayLeave: () => true };
const usual = { channel: 'whatsapp', body: parseMergeText('Hi\nthere') } as const;

function useOf(given: TemplateContent, name: string): TemplateUse {
  const kind = given.header?.kind;
  const header = kind === 'text' ? 'May' : kind === 'location' ? '48.1, 11.5, Shop, 1 Main St, Town' : '4001';
  const filename = kind === 'document' ? { filename: 'list.pdf' } : {};
  const payloads = given.buttons.length > 0 ? { payloads: { 0: 'tidings:optout' } } : {};
  const common = { name, content: given, category: 'marketing', isMade: true } as const;
  return { ...common, values: { ...VALUES, header }, ...filename, ...payloads };
}
const samplesOf = (given: TemplateContent) =>
  Object.fromEntries(slotsOf(given).map(({ key }) => [key, key === '2' ? 'Monday' : 'Ann']));

describe('the bodies that go to the Cloud API are as its specification has them', () => {
  const account = new CloudAccount();
  let api: Awaited<ReturnType<typeof startCloudApi>>;
  let sender: ReturnType<typeof createCloudSender>;
  beforeEach(async () => {
    api = await startCloudApi();
    const options = { phoneNumberId: '2001', accessToken: 'token-of-the-test', ratePerSecond: null };
    sender = createCloudSender({ ...options, apiUrl: api.url, businessAccountId: account.id });
  });
  afterEach(async () => {
    await sender.close(0);
    await api.stop();
  });

  it.each(CONTENTS)('%s', async (_, given) => {
    const isMedia = ['image', 'video', 'document'].includes(given.header?.kind ?? '');
    const draft = { name: 'hi_1', category: 'utility' as const, content: given, samples: samplesOf(given) };
    creation.parse(createBody(draft, isMedia ? '4::handle' : null));
    const template = parseTemplate(useOf(given, 'hi_1'));
    expect((await sender.prepare({ ...usual, template }).deliver(recipient, attempt)).type).toBe('accepted');
    await sender.prepare(usual).deliver({ ...recipient, byTemplate: false }, attempt);
    const [byTemplate, asText] = api.seen.map(({ json }) => message.parse(json));
    expect([byTemplate?.type, asText?.type]).toEqual(['template', 'text']);
  });
});

describe('the bodies that go to Twilio are as its specifications have them', () => {
  const accountSid = `AC${'0'.repeat(31)}1`;
  let twilio: Awaited<ReturnType<typeof startTwilio>>;
  beforeEach(async () => {
    twilio = await startTwilio({ accountSid, authToken: 'test-token' });
  });
  afterEach(() => twilio.stop());

  it.each(CONTENTS.filter(([, { header }]) => header === null || header.kind === 'text'))(
    '%s',
    async (_, given) => {
      const sender = createTwilioSender({
        ...{ accountSid, authToken: 'test-token', from: '+15550001111', messagingServiceSid: null },
        ...{ apiUrl: twilio.url, contentUrl: twilio.url, ratePerSecond: 80, timeoutMs: 2_000 },
        statusUrl: 'https://hooks.example.test/webhooks/twilio',
      });
      const draft = { name: 'hi_1', category: 'utility' as const, content: given, samples: samplesOf(given) };
      expect(await sender.account!.templates.submit(draft)).toMatchObject({ ok: true });
      const { sid: _sid, approval: _approval, ...made } = twilio.contents[0]!;
      content.parse(made);
      const template = parseTemplate(useOf(given, 'hi_1'));
      expect((await sender.prepare({ ...usual, template }).deliver(recipient, attempt)).type).toBe(
        'accepted',
      );
      await sender.prepare(usual).deliver({ ...recipient, byTemplate: false }, attempt);
      const [byTemplate, asText] = twilio.accepted.map((each) => form.parse(Object.fromEntries(each.form)));
      expect([byTemplate!.Body, asText!.ContentSid, asText!.ContentVariables]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      // Each slot has its value, and no other has one.
      const variables = JSON.parse(byTemplate!.ContentVariables ?? '{}') as object;
      expect(Object.keys(variables)).toEqual(Object.keys(made.variables ?? {}));
      z.record(number, filled).parse(variables);
      await sender.close(0);
    },
  );
});
