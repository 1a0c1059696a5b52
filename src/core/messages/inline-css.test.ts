import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import type { MergeValues } from '../leads/lead.ts';
import { parseMessage } from './content.ts';
import { inlineCss } from './inline-css.ts';
import { renderMergeText } from './merge-text.ts';
import { messageFor } from './message.ts';
import { readyContent } from './ready-content.ts';

let asked = 0;
const web = createServer((_, response) => {
  asked += 1;
  response.end('p { color: red }');
});
await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
afterAll(() => web.close());

const lead = { name: 'Ann "<b>', email: null, phone: null, position: null, company: null, notes: null };
const values: MergeValues = {
  lead: { ...lead, metadata: { color: 'teal', vip: 'yes' } },
  site: { name: null },
};

async function ready(message: string, limitMs = 10_000) {
  const written = { message, subject: 'Hi', format: 'html', from_name: null } as const;
  const { body, textPart } = await readyContent(messageFor('email', parseMessage(written, 'email')), limitMs);
  const escaped = (value: string) => value.replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return { html: renderMergeText(body, values, escaped), text: renderMergeText(textPart!, values) };
}

it('rules are written into their elements; what cannot stand there stays in <style>', async () => {
  const { html, text } = await ready(`<html><head><style>
    .x { color: navy } td { padding: 4px } a:hover { color: red } #outlook a { padding: 0 }
    @media (max-width: 600px) { .x { color: blue !important } }
    @media (prefers-color-scheme: dark) { .x { color: white } }
    </style></head><body><!--[if mso]><table><tr><td><![endif]--><p class="x" style="margin:0">Hi &amp; bye&nbsp;é</p>
    <table><tr><td>cell</td></tr></table></body></html>`);
  expect(html).toContain('<p class="x" style="color: navy; margin: 0;">Hi &amp; bye&nbsp;é</p>');
  expect(html).toContain('<td style="padding: 4px;">cell</td>');
  for (const kept of ['a:hover', '#outlook a', '(max-width: 600px)', 'prefers-color-scheme: dark'])
    expect(html).toContain(kept);
  expect(html).not.toContain('.x { color: navy }');
  expect(html).toContain('<!--[if mso]><table><tr><td><![endif]-->');
  expect(text).toContain('Hi & bye');
  expect(text).not.toContain('navy');
});

it('merge fields in rules, attributes and text arrive where they are meant', async () => {
  const { html } = await ready(
    '<style>.x { color: {{lead.metadata.color}}; border-color: {{lead.metadata.color}} }</style>' +
      '<p class="x" style="margin: 0" title="{{lead.name}}"><a href="https://x.example/?n={{lead.name}}&amp;f[0]=1">{{lead.name}}</a></p>' +
      '{{#if lead.metadata.vip}}<p class="x">yes</p>{{else}}<p class="x">no</p>{{/if}}',
  );
  expect(html).toContain(
    '<p class="x" style="color: teal; border-color: teal; margin: 0;" title="Ann &quot;&lt;b>">',
  );
  expect(html).toContain('<a href="https://x.example/?n=Ann%20%22%3Cb%3E&amp;f[0]=1">Ann &quot;&lt;b></a>');
  expect(html).toContain('<p class="x" style="color: teal; border-color: teal;">yes</p>');
  expect(html).not.toContain('no</p>');
  expect(html).not.toContain('tidings-');
});

it('a choice across rules or elements keeps its meaning', async () => {
  const { html } = await ready(
    '<style>p { margin: 0 } {{#if lead.metadata.vip}} p { color: gold } {{else}} p { color: grey } {{/if}}</style><p>x</p>',
  );
  expect(html).toContain('gold');
  expect(html).not.toContain('grey');
});

it('nothing is fetched, whatever the HTML links to', async () => {
  const { html } = await ready(
    `<link rel="stylesheet" href="${origin}/a.css"><style>@import url("${origin}/b.css"); p { background: url(${origin}/c.png) }</style><p>x</p><img alt="" src="${origin}/d.png">`,
  );
  expect(html).toContain(`<p style="background: url(${origin}/c.png);">`);
  expect(html).toContain(`${origin}/a.css`);
  expect(asked).toBe(0);
});

it.each(['p { color: red; foo', '}}}} broken {{{', '<!-- p { color: red } -->', '\u0000 @@ ;;;'])(
  'broken rules break nothing: %s',
  (rules) => {
    expect(inlineCss(`<style>${rules}</style><p>Hello</p>`)).toContain('Hello</p>');
  },
);

it('HTML that would get many times as long goes as it was written', () => {
  const html = `<style>* { font-family: ${'x'.repeat(1_000)} }</style>${'<p>x</p>'.repeat(1_000)}`;
  expect(inlineCss(html)).toBe(html);
});

it('rules that take too long are given up, and their message is refused', async () => {
  const rules = Array.from({ length: 4_000 }, (_, at) => `.c${at} > p ~ p + a:not(.x${at}) { color: red }`);
  const body = '<div class="c1"><p>x</p><p><a>x</a></p></div>'.repeat(2_000);
  await expect(ready(`<style>${rules.join('\n')}</style>${body}`, 1_000)).rejects.toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining('takes more than 1 seconds'),
  });
});
