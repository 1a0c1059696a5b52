import { createRequire } from 'node:module';
import type { FormatCallback, HtmlToTextOptions } from 'html-to-text';
import type { Segment, Template } from '../../../core/messages/merge-text.ts';
import { TidingsError } from '../../../errors.ts';

/** Private-use characters that pass through an HTML reader untouched, with a word no text holds by chance. */
const placeholder = (index: number) => `\uE000tidings-field-${index}\uE001`;
const PLACEHOLDER = /\uE000tidings-field-(\d+)\uE001/g;

/** The picture's own words; its address says nothing to a reader of plain text. */
const alternativeText: FormatCallback = (element, _walk, builder) => {
  const alt: unknown = element.attribs?.alt;
  if (typeof alt === 'string' && alt) builder.addInline(alt);
};

/** Cells of a layout table stand side by side: a space between them keeps their words apart. */
const cell: FormatCallback = (element, walk, builder) => {
  walk(element.children, builder);
  builder.addInline(' ');
};

const OPTIONS: HtmlToTextOptions = {
  wordwrap: false,
  formatters: { alternativeText, cell },
  selectors: [
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
    {
      selector: 'a',
      options: { hideLinkHrefIfSameAsText: true, linkBrackets: ['(', ')'] },
    },
    { selector: 'img', format: 'alternativeText' },
    { selector: 'tr', format: 'block', options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
    { selector: 'td', format: 'cell' },
    { selector: 'th', format: 'cell' },
    { selector: 'style', format: 'skip' },
    { selector: 'script', format: 'skip' },
    { selector: 'title', format: 'skip' },
  ],
};

interface HtmlReader {
  readonly Parser: typeof import('htmlparser2').Parser;
  readonly toText: (html: string) => string;
}

let loaded: HtmlReader | undefined;

/** Loaded with the first HTML message: it is large, and a server that sends none does without. */
function htmlReader(): HtmlReader {
  if (!loaded) {
    const require = createRequire(import.meta.url);
    const { compile } = require('html-to-text') as typeof import('html-to-text');
    const { Parser } = require('htmlparser2') as typeof import('htmlparser2');
    loaded = { Parser, toText: compile(OPTIONS) };
  }
  return loaded;
}

/** Deeper than any newsletter, and few enough that a reader of HTML needs no time for it. */
const MAX_DEPTH = 500;

/** Readers of HTML keep a pile of the elements that are open; some need the square of its height in time. */
function refuseDeepHtml(html: string): void {
  let depth = 0;
  const parser = new (htmlReader().Parser)({
    onopentag(name) {
      depth += 1;
      if (depth <= MAX_DEPTH) return;
      throw new TidingsError(
        'invalid_argument',
        `The HTML of the message has more than ${MAX_DEPTH} elements open at once, the last a <${name.slice(0, 20)}>.`,
        { fix: 'Close its elements. Nothing was sent.' },
      );
    },
    onclosetag() {
      depth -= 1;
    },
  });
  parser.end(html);
}

/**
 * The plain text of an HTML body, as a template: the HTML is read once for each send, with its merge fields held
 * by placeholders, and the values meet the text later, unescaped.
 */
export function textSegments(html: Template): Segment[] {
  const fields = html.segments.filter((segment) => typeof segment !== 'string');
  let index = 0;
  const source = html.segments.map((segment) =>
    typeof segment === 'string' ? segment : placeholder(index++),
  );
  const whole = source.join('');
  refuseDeepHtml(whole);
  const text = htmlReader()
    .toText(whole)
    .replace(/[ \t]+$/gm, '');
  const segments: Segment[] = [];
  text.split(PLACEHOLDER).forEach((piece, at) => {
    if (at % 2 === 0) {
      if (piece) segments.push(piece);
      return;
    }
    const field = fields[Number(piece)];
    if (field) segments.push(field);
  });
  return segments;
}
