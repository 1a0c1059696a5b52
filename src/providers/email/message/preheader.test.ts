import { expect, it, test } from 'vitest';
import type { MergeValues } from '../../../core/leads/lead.ts';
import { messageFormat, parseMessage } from '../../../core/messages/content.ts';
import { unresolvedFields } from '../../../core/messages/merge-text.ts';
import { mergeTextsOf, messageFor } from '../../../core/messages/message.ts';
import { putPreheader } from '../../../core/messages/preheader.ts';
import { parseEmailFrom } from '../smtp/settings.ts';
import { compileMessage } from './mime.ts';

function parse(message: string) {
  const format = messageFormat('email', message);
  return messageFor('email', parseMessage({ message, subject: 'Hi', format, from_name: null }, 'email'));
}

const lead = { name: 'Ann <b>', email: null, phone: null, position: null, company: null, notes: null };
const values: MergeValues = { lead: { ...lead, metadata: {} }, site: { name: null } };

function shown(message: string) {
  const { html = '', text } = compileMessage(parse(message), parseEmailFrom('a@shop.example')).preview({
    contact: 'ann@example.org',
    values,
  });
  return { html, text };
}

test.each([
  [
    '<html><body class="x">\n{{!preheader 20 % off & more, {{lead.name}}}}\n<p>Hello</p></body></html>',
    /^<html><body class="x"><div style="display:none;[^"]*">/,
  ],
  ['{{!preheader: 20 % off & more, {{lead.name}}}}<p>Hello</p>', /^<div style="display:none;[^"]*">/],
  ['<p>Hello</p>{{! preheader\n20 % off & more,\n {{lead.name}} }}', /^<div style="display:none;[^"]*">/],
  [
    '<body lang="{{lead.metadata.language}}" dir="ltr"><p>Hello</p>{{!preheader 20 % off & more, {{lead.name}}}}',
    /^<body lang="" dir="ltr"><div style="display:none;/,
  ],
])('is the first that a mailbox sees, escaped, and not in the text: %.40s', (message, start) => {
  const { html, text } = shown(message);
  expect(html).toMatch(start);
  expect(html).toMatch(/mso-hide:all">20 % off &amp; more, Ann &lt;b&gt;(?:&#847;&zwnj;&nbsp;)+<\/div>/);
  expect(html).toContain('<p>Hello</p>');
  expect(html).not.toContain('preheader');
  expect(text.trim()).toBe('Hello');
});

it('has fields that are looked at as those of the text are', () => {
  const message = parse('{{!preheader For {{lead.company}}}}<p>Hello</p>');
  expect(mergeTextsOf(message).flatMap((text) => unresolvedFields(text, values))).toEqual(['lead.company']);
});

test.each([
  ['{{!preheader Hi}} plain text', 'is for HTML'],
  ['<p>x</p>{{!preheader a}}{{!preheader b}}', 'more than one'],
  ['<p>x</p>{{!preheader }}', 'empty'],
  ['<p>x</p>{{!preheader never closed', 'never closed'],
  [`<p>x</p>{{!preheader ${'x'.repeat(501)}}}`, '501 characters'],
  ['<p>x</p>{{!preheader {{lead.name | nonsense}}}}', 'The preheader has broken merge syntax'],
])('is refused when it is wrong: %.40s', (message, words) => {
  expect(() => parse(message)).toThrow(words);
});

it.each([
  'Only this week, {{lead.name | default: "friend"}}',
  ': with a colon',
  'with one brace}',
  'for {{#if lead.name}}you{{else}}all{{/if}}',
])('is the same given beside the message: %s', (words) => {
  const { message, ...rest } = { message: putPreheader('<p>Hello</p>', words), kept: parse('<p>Hello</p>') };
  const { body, preheader } = parse(message);
  expect(body.segments).toEqual(rest.kept.body.segments);
  expect(preheader?.source).toBe(words);
});

it.each(['a }} b', 'a {{ b', '{{a {{b}} }}'])('never ends early, and is refused: %s', (words) => {
  expect(() => putPreheader('<p>Hello</p>', words)).toThrow('braces that belong to no field');
});

it('is not there twice, and not before plain text', () => {
  expect(() => parse(putPreheader('<p>x</p>{{!preheader a}}', 'b'))).toThrow('more than one');
  expect(() =>
    parseMessage(
      { message: putPreheader('plain', 'b'), subject: 'Hi', format: 'text', from_name: null },
      'email',
    ),
  ).toThrow('is for HTML');
  expect(putPreheader('plain', ' ')).toBe('plain');
});

it('is read in a line, however it is broken', () => {
  const startedAt = performance.now();
  for (const odd of [
    '{{!preheader '.repeat(5_000),
    `{{!preheader ${'{'.repeat(50_000)}`,
    `{{!preheader ${'{{a}} '.repeat(20_000)}`,
  ])
    expect(() => parse(`<p>x</p>${odd}`)).toThrow();
  expect(performance.now() - startedAt).toBeLessThan(3_000);
});
