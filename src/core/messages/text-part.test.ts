import { describe, expect, it } from 'vitest';
import { countTurns } from '../../../test/support/turns.ts';
import { renderMergeText } from './merge-text.ts';
import type { EmailMessage } from './message.ts';
import { parseMergeText } from './parse-merge-text.ts';
import { readyContent } from './ready-content.ts';
import { textPart } from './text-part.ts';
import { partsInThread } from './text-part-thread.ts';

const VALUES = {
  lead: {
    name: 'Ana <b>',
    email: null,
    phone: null,
    position: null,
    company: null,
    notes: null,
    metadata: {},
  },
  site: { name: null },
};

const text = (html: string) => renderMergeText(textPart(parseMergeText(html)), VALUES);
const content = (html: string): EmailMessage => ({
  channel: 'email',
  format: 'html',
  body: parseMergeText(html),
  subject: parseMergeText('Hi'),
  fromName: null,
});
const within = (tag: string, depth: number, inner: string) =>
  `<${tag}>`.repeat(depth) + inner + `</${tag}>`.repeat(depth);

describe('the text part of HTML', () => {
  it('has no white space at the end of a line', () => {
    expect(text('<pre>one  \t\ntwo \n  three</pre>')).toBe('one\ntwo\n  three');
  });

  it.each(['blockquote', 'ul', 'ol'])('is refused for more than 50 <%s> within each other', (tag) => {
    expect(() => text(within(tag, 51, 'x'))).toThrow(/more than 50 quotes and lists open at once/);
    expect(text(within(tag, 50, 'x'))).toBeDefined();
  });

  it('is refused for more than 500 elements within each other', () => {
    expect(() => text(within('div', 501, 'x'))).toThrow(
      /more than 500 elements open at once, the last a <div>/,
    );
    expect(text(within('div', 500, 'x'))).toBe('x');
  });

  it('is at most twice as long as long HTML, cut between lines, and says so', () => {
    const html = within('blockquote', 40, 'y<br>'.repeat(9_000) + '{{lead.name}}<br>'.repeat(900));
    const made = textPart(parseMergeText(html));
    const length = made.segments.reduce((sum, one) => sum + (typeof one === 'string' ? one.length : 30), 0);
    expect(length).toBeLessThan(2.5 * html.length);
    expect(renderMergeText(made, VALUES)).toMatch(/> > y\n…$/);
  });

  it('of a short message may be longer', () => {
    expect(text('<p>a</p><hr><p>b</p>')).toMatch(/^a\n\n-{40}\n\nb$/);
  });
});

describe('long HTML', () => {
  const long = `<p>Hello {{lead.name}}, some words of text</p>\n`.repeat(900) + '<p>x</p>'.repeat(100_000);

  it('becomes text beside everything else, with its merge fields', async () => {
    const { result, turns } = await countTurns(async () => readyContent(content(long), 60_000));
    expect(renderMergeText(result.textPart!, VALUES)).toMatch(
      /^Hello Ana <b>, some words of text\n\nHello Ana/,
    );
    expect(turns).toBeGreaterThan(20);
  });

  it('that was read a moment ago is not read again', async () => {
    await readyContent(content(long), 60_000);
    expect(readyContent(content(long), 60_000)).not.toBeInstanceOf(Promise);
  });

  it('that is short but full of lists goes the same way', async () => {
    expect(readyContent(content(within('ul', 8, 'x')), 60_000)).not.toBeInstanceOf(Promise);
    const deep = readyContent(content(within('ul', 9, 'x')), 60_000);
    expect(deep).toBeInstanceOf(Promise);
    expect((await deep).textPart).toBeDefined();
  });

  it('is refused with the same words as short HTML', async () => {
    const deep = within('div', 501, 'x'.repeat(100_000));
    await expect(readyContent(content(deep), 60_000)).rejects.toThrow(/more than 500 elements open at once/);
  });

  it('that takes too long is refused, and the next message is read', async () => {
    const slow = within('ul', 50, 'x<br>'.repeat(200_000));
    await expect(partsInThread(slow, 300)).rejects.toThrow(/takes more than 0.3 seconds/);
    expect(await partsInThread('<p>x</p>', 60_000)).toMatchObject({ text: 'x' });
  });

  it('that nobody waits for any more is left alone', async () => {
    const slow = within('ul', 50, 'x<br>'.repeat(200_000));
    const leaves = new AbortController();
    const first = partsInThread(slow, 60_000, leaves.signal);
    const second = partsInThread(slow, 60_000, leaves.signal);
    setTimeout(() => leaves.abort(), 200);
    await expect(first).rejects.toThrow('The caller left');
    await expect(second).rejects.toThrow('The caller left');
    expect(await partsInThread('<p>x</p>', 60_000)).toMatchObject({ text: 'x' });
  });
});
