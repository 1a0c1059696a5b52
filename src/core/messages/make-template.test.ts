import { describe, expect, it } from 'vitest';
import { detectLanguage } from './language-of.ts';
import { makeBody } from './make-template.ts';
import { parseMergeText } from './parse-merge-text.ts';

const make = (message: string, language = 'en') => makeBody(parseMergeText(message, 'message'), language);

describe('a template made of a message', () => {
  it('has a numbered slot for each merge field, with what was written there', () => {
    expect(
      make('Hi {{lead.first_name | default: "there"}}, your plan {{lead.metadata.plan}} ends soon.'),
    ).toEqual({
      body: 'Hi {{1}}, your plan {{2}} ends soon.',
      values: { 1: '{{lead.first_name | default: "there"}}', 2: '{{lead.metadata.plan}}' },
      changes: [],
      faults: [],
    });
  });

  it.each([
    ['begins', '{{lead.first_name}}, our doors open today.', 'Hi {{1}}, our doors open today.'],
    [
      'begins behind a sign',
      '¡{{lead.first_name}}! Our doors open today.',
      '¡Hi {{1}}! Our doors open today.',
    ],
    ['begins', '{{lead.company}} gets an offer today.', 'Hi, {{1}} gets an offer today.'],
    ['ends', 'Your code for today is {{lead.metadata.code}}', 'Your code for today is {{1}}. Thank you.'],
    ['ends', 'Your code for today is {{lead.metadata.code}}!', 'Your code for today is {{1}}! Thank you.'],
    ['is both', '{{lead.name}}', 'Hi {{1}}. Thank you.'],
  ])('where a value %s, words are put around it and said', (_, message, body) => {
    const made = make(message);
    expect(made).toMatchObject({ body, faults: [] });
    expect(made.changes.length).toBeGreaterThan(0);
  });

  it('says it in the language of the message', () => {
    expect(make('{{lead.first_name}}, abrimos hoy a las {{lead.metadata.hour}}', 'es_MX').body).toBe(
      'Hola {{1}}, abrimos hoy a las {{2}}. Gracias.',
    );
    expect(make('{{lead.first_name}}, tere tulemast meie poodi', 'et').faults).toEqual([
      expect.stringContaining('begins with a variable'),
    ]);
  });

  it('makes one slot of values that stand side by side', () => {
    const made = make('Dear {{lead.first_name}} {{lead.last_name}}, our doors open today.');
    expect(made).toMatchObject({
      body: 'Dear {{1}}, our doors open today.',
      values: { 1: '{{lead.first_name}} {{lead.last_name}}' },
      faults: [],
    });
    expect(made.changes).toEqual(['Values that stood side by side became one.']);
  });

  it('keeps the line breaks of the text, and a choice as one slot that can be read again', () => {
    const made = make(
      'Hello,\n\n{{#if lead.company}}for {{lead.company}}{{else}}for you{{/if}} we have news.\nBye',
    );
    expect(made.body).toBe('Hello,\n\n{{1}} we have news.\nBye');
    expect(made.values[1]).toBe('{{#if lead.company}}for {{lead.company}}{{else}}for you{{/if}}');
    expect(parseMergeText(made.values[1]!, 'slot').fieldCount).toBeGreaterThan(0);
  });

  it.each([
    ['too long', `Hello ${'a'.repeat(1_020)}`, /1026 characters .* 1024: shorten it by 2/],
    ['too few words', 'Hello {{lead.name}}, {{lead.email}}, {{lead.phone}} bye', /3 variables need 7 words/],
    ['too many emojis', `Hello ${'🎉'.repeat(11)}`, /11 emojis/],
  ])('is refused where it is %s, with what to do', (_, message, fault) => {
    expect(make(message).faults.join(' ')).toMatch(fault);
  });

  it('takes 1,024 characters, an emoji as one', () => {
    expect(make(`Hello 🎉${'a'.repeat(1_017)}`).faults).toEqual([]);
  });
});

describe('the language of a message', () => {
  it.each([
    ['Hi! We have a special offer for you this week.', 'en'],
    ['¡Hola! Esta semana tenemos una oferta para ti.', 'es'],
    ['Olá! Nesta semana temos uma oferta para você.', 'pt'],
    ['Bonjour, nous avons une offre pour vous.', 'fr'],
    ['Hallo, wir haben ein Angebot für Sie.', 'de'],
    ['Ciao! Abbiamo una nuova offerta per te, solo oggi.', 'it'],
    ['Hallo, we hebben een aanbieding voor je.', 'nl'],
    ['Здравствуйте! Сегодня скидка 20%.', 'ru'],
    ['Вітаємо! Знижка сьогодні для вас і їхніх друзів.', 'uk'],
    ['مرحبا! لدينا عرض خاص لك.', 'ar'],
    ['शुभ प्रभात, आज छूट है।', 'hi'],
    ['本日限りのセールです。', 'ja'],
    ['今天有优惠。', 'zh_CN'],
    ['Merhaba, bu hafta sizin için bir teklifimiz var.', 'tr'],
  ])('%s', (text, language) => {
    expect(detectLanguage(text)).toBe(language);
  });

  it('is not guessed where the text does not tell', () => {
    expect(detectLanguage('20% OFF!!!')).toBe(null);
    expect(detectLanguage('')).toBe(null);
  });
});
