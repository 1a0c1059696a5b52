import { describe, expect, it } from 'vitest';
import { foreignTags } from './foreign-tags.ts';
import { parseMergeText } from './parse-merge-text.ts';

const tags = (text: string, format: 'text' | 'html' = 'text') =>
  foreignTags(parseMergeText(text), format).map(({ tag }) => tag);

describe('tags of other tools are found', () => {
  it.each([
    '*|FNAME|*',
    '*|LIST:COMPANY|*',
    '{name}',
    '{first_name}',
    '{First Name}',
    '{FIRSTNAME|there}',
    '{contact.city}',
    '{ {lead.first_name} }',
    '{ { lead.name } }',
    `$\{name}`,
    `$\{ first_name }`,
    '#{name}',
    '@{name}',
    '{!Contact.FirstName}',
    '{$name}',
    '[First Name]',
    '[FIRST_NAME]',
    '[Name]',
    '[nombre]',
    '[ORDER_ID]',
    '[[first_name]]',
    '[%first_name%]',
    '[subscriber:firstname | default:reader]',
    '<<Name>>',
    '<<First Name>>',
    '<<first_name>>',
    '«First_Name»',
    '<%= name %>',
    '%FIRSTNAME%',
    '%First Name%',
    '%%FirstName%%',
    '%recipient.name%',
    '##NAME##',
    '~Contact.FirstName~',
    '@@NAME@@',
    '__FIRST_NAME__',
    '{contactfield=firstname|Friend}',
    '{#name}',
    '{0}',
    '%s',
    '%FIRST_NAME|there%',
    '%%=v(@FirstName)=%%',
    '$FNAME',
    '$name$',
    '@name@',
    '||name||',
    '-first_name-',
    '<First Name>',
    '[имя]',
    '[姓名]',
  ])('%s', (tag) => {
    expect(tags(`Hi ${tag}, how are you?`)).toEqual([tag]);
    expect(tags(tag)).toEqual([tag]);
    expect(tags(`${tag} ${tag}`).length).toBeGreaterThan(0);
  });

  it('in HTML, in its links and as entities too', () => {
    expect(tags('<p>Hi &lt;&lt;Name&gt;&gt;</p>', 'html')).toEqual(['&lt;&lt;Name&gt;&gt;']);
    expect(tags('<a href="*|UNSUB|*">leave</a>', 'html')).toEqual(['*|UNSUB|*']);
    expect(tags('<a href="https://x.example/?e=%EMAIL%">go</a>', 'html')).toEqual(['%EMAIL%']);
  });

  it('in both texts of a choice', () => {
    expect(tags('{{#if lead.company}}{name}{{else}}[Name]{{/if}}')).toEqual(['{name}', '[Name]']);
  });
});

describe('ordinary text is left alone', () => {
  it.each([
    'See note [1] and [2]; [sic] [...] [video] [PDF] [Update]',
    '[Webinar] Join us on Friday',
    '50% off and 20% more, 100%natural, 20%discount%',
    'https://x.example/?q=caf%C3%A9%20ol%C3%A9&r=%E2%80%A6',
    'https://x.example/a%C3%A9t%C3%A9/b',
    'if (a << b) { c >> 2 }',
    'cout << name << endl; cin >> x;',
    'Sets: {1, 2, 3}, {x | x > 0}, { }, {}',
    '{"name": "Ann", "tags": ["a", "b"]}',
    'On dit « bonjour » et <<bonjour>> à tous',
    'a * b | c * d, **bold** _it_ ~strike~ *stars*',
    'Mail me: ann@example.com, @ann #sale #summer ##',
    'He said "hi" :) ;-) <3 {lol :D}',
    '{{lead.first_name}} [{{lead.company}}] {{{{',
    'Price: $5 {5 items} [A] [B] {a}',
    'snake__case__name and __init__',
    'Only $USD 20, $NEW prices, from $5 - first - name -, 5 %s',
    'a || b, first-name-last, {a=b, c=d}',
    '[Name](https://example.com) and [email](mailto:a@example.com)',
    '10%-20% of people, 5 % to 10 %',
  ])('%s', (text) => {
    expect(tags(text.replace('{{{{', ''))).toEqual([]);
  });

  it('with what HTML says to machines', () => {
    const html =
      '<html><head><style>p{color:red} .a{name}</style></head><body><!--[if mso]>{name}<![endif]-->' +
      '<script type="application/ld+json">{"@type":"x","a":{name}}</script>' +
      '<p style="background:{color}" data-x=\'{"a":1}\'>50% <b>{{lead.name}}</b></p></body></html>';
    expect(tags(html, 'html')).toEqual([]);
  });
});
