import { describe, expect, it } from 'vitest';
import { canonicalLanguage, checkTemplate, isKnownLanguage } from './check-template.ts';
import { contentKey, slotsOf, type TemplateContent, templateName, usabilityOf } from './template.ts';

const GOOD: TemplateContent = {
  language: 'en',
  header: null,
  body: 'Hello {{1}}, your order {{2}} is on its way.',
  footer: null,
  buttons: [],
};
const faults = (content: Partial<TemplateContent>, name = 'order_sent') =>
  checkTemplate(name, { ...GOOD, ...content }).join(' ');
const reply = (text: string) => ({ kind: 'quick_reply', text }) as const;
const link = (url: string) => ({ kind: 'url', text: 'Open', url }) as const;

describe('a template', () => {
  it('that keeps all rules has no fault', () => {
    expect(faults({})).toBe('');
    expect(
      faults({
        header: { kind: 'text', text: 'Sale {{1}}' },
        footer: 'Reply STOP to opt out',
        buttons: [
          reply('Yes'),
          reply('No'),
          link('https://x.test/o/{{1}}'),
          { kind: 'copy_code', code: '25OFF' },
        ],
      }),
    ).toBe('');
  });

  it.each([
    ['a name with capitals', { name: 'Order' }, /small letters, digits and _/],
    ['an empty body', { body: ' ' }, /body is empty/],
    ['a variable first', { body: '{{1}} your order is on its way' }, /begins with a variable/],
    [
      'a variable first behind a sign',
      { body: '¡{{1}}! your order is on its way' },
      /begins with a variable/,
    ],
    ['a variable last', { body: 'Your order is on its way {{1}}.' }, /ends with a variable/],
    ['variables side by side', { body: 'Your very own order {{1}} {{2}} is on its way' }, /side by side/],
    ['too many variables', { body: 'a {{1}} b {{2}} c' }, /2 variables need 5 words/],
    [
      'a number left out',
      { body: 'Your order {{1}} with the code {{3}} is on its way' },
      /\{\{2\}\} is missing/,
    ],
    ['both kinds of slots', { body: 'Your order {{1}} of {{day}} is on its way now' }, /one kind/],
    ['a named slot in capitals', { body: 'Your order of {{Day}} is on its way' }, /small letters/],
    ['a named slot twice', { body: 'From {{day}} to the next {{day}} it is on its way' }, /twice/],
    ['a long header', { header: { kind: 'text', text: 'a'.repeat(61) } }, /header has 61/],
    ['a header with two slots', { header: { kind: 'text', text: '{{1}} and {{2}}' } }, /one variable/],
    ['a header with formatting', { header: { kind: 'text', text: '*Sale*' } }, /no formatting/],
    ['a long footer', { footer: 'a'.repeat(61) }, /footer has 61/],
    ['a footer with a slot', { footer: 'For {{1}}' }, /no variable/],
    ['a long button', { buttons: [reply('a'.repeat(26))] }, /1 to 25/],
    [
      'three links',
      { buttons: [1, 2, 3].map((at) => link(`https://x.test/${at}`)) },
      /3 buttons with a link/,
    ],
    ['eleven buttons', { buttons: Array.from({ length: 11 }, (_, at) => reply(`b${at}`)) }, /11 buttons/],
    [
      'two calls',
      { buttons: [1, 2].map(() => ({ kind: 'phone', text: 'Call', phone: '+15550051310' }) as const) },
      /2 buttons that call/,
    ],
    ['a long code', { buttons: [{ kind: 'copy_code', code: 'a'.repeat(16) }] }, /1 to 15/],
    ['a slot within an address', { buttons: [link('https://x.test/{{1}}/o')] }, /at its end/],
    ['no address', { buttons: [link('x.test')] }, /no web address/],
    [
      'a reply between others',
      { buttons: [reply('a'), link('https://x.test'), reply('b')] },
      /stand together/,
    ],
  ] as readonly [string, Partial<TemplateContent> & { name?: string }, RegExp][])(
    'with %s is told what is wrong',
    (_, { name, ...content }, fault) => {
      expect(faults(content, name)).toMatch(fault);
    },
  );

  it('is the same one under any names of its slots, and another one for any other word', () => {
    const key = contentKey(GOOD);
    expect(contentKey({ ...GOOD, body: 'Hello {{name}}, your order {{number}} is on its way.' })).toBe(key);
    expect(contentKey({ ...GOOD, body: `${GOOD.body}\r\n` })).toBe(key);
    for (const other of [
      { body: GOOD.body.replace('order', 'parcel') },
      { language: 'en_US' },
      { footer: 'Bye' },
      { header: { kind: 'image' } as const },
      { buttons: [reply('Yes')] },
    ])
      expect(contentKey({ ...GOOD, ...other })).not.toBe(key);
  });

  it('with "Sunday" is no template with "Monday", however alike they are', () => {
    const on = (day: string) => `Sale on ${day} for our dear clients in Paris {{1}} bye`;
    expect(contentKey({ ...GOOD, body: on('Monday') })).not.toBe(contentKey({ ...GOOD, body: on('Sunday') }));
  });

  it('is named by its first words and what it says, the same each time', () => {
    const name = templateName({ ...GOOD, body: '¡Hola {{1}}, tu pedido está en camino!' }, 'marketing');
    expect(name).toMatch(/^hola_tu_pedido_esta_en_camino_[0-9a-f]{12}$/);
    expect(templateName({ ...GOOD, body: '¡Hola {{1}}, tu pedido está en camino!' }, 'marketing')).toBe(name);
    expect(templateName({ ...GOOD, body: '¡Hola {{1}}, tu pedido está en camino!' }, 'utility')).not.toBe(
      name,
    );
    expect(templateName({ ...GOOD, body: '本日限りのセール' }, 'marketing')).toMatch(
      /^message_[0-9a-f]{12}$/,
    );
  });

  it('has its slots counted for each component, the same number in body and button being two', () => {
    const content = { ...GOOD, buttons: [reply('Yes'), link('https://x.test/o/{{1}}')] };
    expect(slotsOf(content).map(({ key }) => key)).toEqual(['1', '2', 'button.2']);
  });

  it('leaves only when it is approved', () => {
    expect(usabilityOf('APPROVED')).toBe('usable');
    expect(
      ['DRAFT', 'PENDING', 'PAUSED', 'IN_APPEAL', 'UNKNOWN'].map((one) => usabilityOf(one as 'PENDING')),
    ).toEqual(Array(5).fill('waits'));
    expect(
      ['REJECTED', 'DISABLED', 'ARCHIVED', 'DELETED'].map((one) => usabilityOf(one as 'REJECTED')),
    ).toEqual(Array(4).fill('blocked'));
  });
});

it('a language is written as the provider does, however it was given', () => {
  expect(['pt-br', 'EN_us', 'es', 'fil'].map(canonicalLanguage)).toEqual(['pt_BR', 'en_US', 'es', 'fil']);
  expect(canonicalLanguage('Spanish')).toBe(null);
  expect([isKnownLanguage('pt_BR'), isKnownLanguage('xx')]).toEqual([true, false]);
});
