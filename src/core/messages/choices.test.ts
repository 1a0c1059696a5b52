import { describe, expect, it } from 'vitest';
import { compileMessage } from '../../providers/email/message/mime.ts';
import { parseMessage } from './content.ts';
import {
  fewestCharacters,
  lengthOfValues,
  renderMergeText,
  takeApart,
  unresolvedFields,
} from './merge-text.ts';
import { parseMergeText } from './parse-merge-text.ts';
import { textPart } from './text-part.ts';

const someone = (more: object = {}) => ({
  lead: {
    name: 'Ana & Co',
    email: 'ana+tag@example.com',
    phone: null,
    position: null,
    company: null,
    notes: null,
    metadata: {} as Record<string, unknown>,
    ...more,
  },
  site: { name: 'Shop' },
});
const ACME = someone({ company: 'A<b>' });
const render = (source: string, values = someone()) => renderMergeText(parseMergeText(source), values);

describe('{{#if}}', () => {
  const text = 'Hi{{#if lead.company}} from {{lead.company}}{{else}}, {{lead.name}}{{/if}}!';

  it('takes the text of those who have a value, or the other one', () => {
    expect(render(text, ACME)).toBe('Hi from A<b>!');
    expect(render(text)).toBe('Hi, Ana & Co!');
    expect(render('a{{#if lead.company}}b{{/if}}c')).toBe('ac');
  });

  it.each([false, 'false', 0, '0', '', ' '])('takes %j of a table for no', (value) => {
    expect(render('{{#if lead.metadata.v}}yes{{else}}no{{/if}}', someone({ metadata: { v: value } }))).toBe(
      'no',
    );
  });

  it('may stand within another one, three deep', () => {
    const deep = (levels: number) => `${'{{#if lead.name}}'.repeat(levels)}x${'{{/if}}'.repeat(levels)}`;
    expect(render(deep(3))).toBe('x');
    expect(() => parseMergeText(deep(4))).toThrow('more than 3 {{#if}} within each other');
  });

  it('leaves no empty line where it stands alone in one', () => {
    expect(render('a\n{{#if lead.company}}\nb\n{{else}}\r\n  c\n  {{/if}}  \nd')).toBe('a\n  c\nd');
  });

  it.each([
    ['{{#if lead.name}}x', 'never closed'],
    ['x{{/if}}', '{{/if}} without {{#if}}'],
    ['{{else}}', 'outside of {{#if}}'],
    ['{{#if lead.name}}{{else}}{{else}}{{/if}}', 'a second {{else}}'],
    ['{{#if lead.name}}{{else if lead.company}}{{/if}}', 'not supported'],
    ['{{#each leads}}{{/each}}', 'not supported'],
    ['{{#if}}x{{/if}}', 'not supported'],
    ['{{#if lead.a == "b"}}x{{/if}}', 'not a field name'],
  ])('is refused where it is broken: %s', (source, words) => {
    expect(() => parseMergeText(source)).toThrow(words);
  });

  it('counts what is shown, and nothing else', () => {
    const parsed = parseMergeText(text);
    expect(unresolvedFields(parsed, someone({ name: null }))).toEqual(['lead.name']);
    expect(unresolvedFields(parsed, ACME)).toEqual([]);
    expect(lengthOfValues(parsed, ACME)).toBe(4);
    expect(parsed.fieldCount).toBe(5);
    expect(fewestCharacters(parsed.segments, ({ length }) => length)).toBe(5);
    expect(takeApart(parsed).parts).toEqual(['Hi', 0, '!']);
  });

  it('works in HTML, whose values are escaped and whose text part follows', () => {
    const html =
      '<p>a</p>{{#if lead.company}}<p>Hi <b>{{lead.company}}</b></p>{{else}}<p>none</p>{{/if}}<p>c</p>';
    const plain = textPart(parseMergeText(html));
    expect(renderMergeText(plain, ACME)).toBe('a\n\nHi A<b>\n\nc');
    expect(renderMergeText(plain, someone())).toBe('a\n\nnone\n\nc');
    expect(
      renderMergeText(textPart(parseMergeText('<p>Hi{{#if lead.company}} there{{/if}}!</p>')), ACME),
    ).toBe('Hi there!');
  });

  it.each(['plain ascii', 'для всех этих людей'])('goes over the wire whole: %s', (word) => {
    const written = {
      message: `<p>${word}</p>\n{{#if lead.company}}<p>é\n.{{lead.company}}</p>{{/if}}`,
      format: 'html',
      subject: '{{#if lead.company}}B{{else}}C{{/if}}',
      from_name: null,
    } as const;
    const parsed = parseMessage(written, 'email');
    if (parsed.channel !== 'email') throw new Error('an email');
    const compiled = compileMessage(parsed, { name: 'S', address: 's@example.com', domain: 'example.com' });
    const attempt = { deliveryId: 'a.1', attemptId: 'a.1.1', mayLeave: () => true };
    const wire = compiled.render({ contact: 'a@example.com', values: ACME }, 'a@example.com', attempt);
    expect(wire).not.toMatch(/(?<!\r)\n/);
    expect(wire).toContain('Subject: B\r\n');
    const body = wire.split('text/html')[1]!.split('\r\n\r\n')[1]!.split('\r\n--')[0]!;
    const decoded = wire.includes('base64')
      ? Buffer.from(body, 'base64').toString()
      : Buffer.from(
          body
            .replaceAll('=\r\n', '')
            .replaceAll(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
          'latin1',
        ).toString();
    expect(decoded).toBe(`<p>${word}</p>\r\n<p>é\r\n.A&lt;b&gt;</p>`);
  });

  it('that begins in what the text part leaves out, and ends outside of it, is refused', () => {
    expect(() => textPart(parseMergeText('<style>{{#if lead.name}}</style><p>x</p>{{/if}}'))).toThrow(
      'ends in another one',
    );
  });
});

describe('values in links', () => {
  const body = (message: string, format: 'text' | 'html', values = someone()) => {
    const parsed = parseMessage({ message, format, subject: 's', from_name: null }, 'email');
    return renderMergeText(parsed.body, values);
  };
  const link = someone({ metadata: { link: 'https://x.example/a?b=c&d=é', slug: 'a b/c%20d' } });

  it.each([
    [
      '<a href="https://s.example/?e={{lead.email}}&n={{lead.name}}">',
      '<a href="https://s.example/?e=ana%2Btag%40example.com&n=Ana%20%26%20Co">',
    ],
    [
      "<img alt='x' src='https://s.example/p?n={{lead.name}}'>",
      "<img alt='x' src='https://s.example/p?n=Ana%20%26%20Co'>",
    ],
    ['<a href=https://s.example/?n={{lead.name}}>', '<a href=https://s.example/?n=Ana%20%26%20Co>'],
    ['<a href="{{lead.metadata.link}}">', '<a href="https://x.example/a?b=c&d=é">'],
    [
      '<a href="{{lead.metadata.link}}&n={{lead.name}}">',
      '<a href="https://x.example/a?b=c&d=é&n=Ana & Co">',
    ],
    [
      '<a href="{{lead.metadata.link}}?n={{lead.name}}">',
      '<a href="https://x.example/a?b=c&d=é?n=Ana%20%26%20Co">',
    ],
    ['<a href="https://s.example/{{lead.metadata.slug}}">', '<a href="https://s.example/a%20b/c%20d">'],
    [
      '<a href="https://s.example/?n={{lead.name | url_encode}}">',
      '<a href="https://s.example/?n=Ana%20%26%20Co">',
    ],
    [
      '<a href="mailto:{{lead.email}}?subject={{lead.name}}">',
      '<a href="mailto:ana+tag@example.com?subject=Ana%20%26%20Co">',
    ],
    [
      '<a title="https://s.example/?n={{lead.name}}">{{lead.name}}',
      '<a title="https://s.example/?n=Ana & Co">Ana & Co',
    ],
    [
      '<a href="https://s.example/?{{#if lead.name}}n={{lead.name}}{{/if}}">',
      '<a href="https://s.example/?n=Ana%20%26%20Co">',
    ],
    ['<a href="/?x=1" title="{{lead.name}}">', '<a href="/?x=1" title="Ana & Co">'],
    ['<p>https://s.example/?n={{lead.name}}', '<p>https://s.example/?n=Ana & Co'],
  ])('of HTML are encoded where they are a part of one: %s', (source, expected) => {
    expect(body(source, 'html', link)).toBe(expected);
  });

  it('of plain text are encoded in the query', () => {
    expect(body('See https://s.example/?n={{lead.name}} {{lead.name}}', 'text')).toBe(
      'See https://s.example/?n=Ana%20%26%20Co Ana & Co',
    );
    expect(body('Is it so?{{lead.name}}', 'text')).toBe('Is it so?Ana & Co');
  });

  it('arrive in the text part as well', () => {
    const parsed = parseMessage(
      {
        message: '<a href="https://s.example/?n={{lead.name}}">go</a>',
        format: 'html',
        subject: 's',
        from_name: null,
      },
      'email',
    );
    expect(renderMergeText(textPart(parsed.body), someone())).toBe(
      'go (https://s.example/?n=Ana%20%26%20Co)',
    );
  });
});

describe('whatever is written', () => {
  const PIECES = [
    '{{',
    '}}',
    '{{#if lead.company}}',
    '{{else}}',
    '{{/if}}',
    '{{lead.name',
    ' | default: "x"',
    ' | date: "',
    ' | truncate: 3',
    '\n',
    '<a href="?q=',
    '">',
    'é',
    '{{lead.metadata.v | titlecase | number | url_encode | date}}',
    '<style>',
    '</style>',
    "'",
  ];
  const VALUES = [
    '',
    '\ud800',
    'x'.repeat(500),
    'MC',
    '2026-13-45',
    '1e999',
    '<b>',
    '{{lead.name}}',
    '%',
    [1, null, {}],
    { a: 1 },
    null,
    Number.NaN,
  ];

  it('either is refused in words or renders for everybody, no longer than its values and filters allow', () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    let rendered = 0;
    for (let run = 0; run < 4_000; run++) {
      const message = Array.from({ length: 1 + random(8) }, () => PIECES[random(PIECES.length)]!).join('');
      const value = VALUES[random(VALUES.length)];
      const values = someone({ company: random(2) ? 'C' : null, metadata: { v: value } });
      const work = () => {
        const parsed = parseMessage(
          { message, format: random(2) ? 'html' : 'text', subject: 's', from_name: null },
          'email',
        );
        return [renderMergeText(parsed.body, values), renderMergeText(textPart(parsed.body), values)];
      };
      try {
        for (const text of work()) {
          rendered += 1;
          expect(text.length).toBeLessThan(10 * message.length + 8 * 10 * 500);
        }
      } catch (error) {
        expect(error).toMatchObject({ name: 'TidingsError' });
      }
    }
    expect(rendered).toBeGreaterThan(1_000);
  });
});
