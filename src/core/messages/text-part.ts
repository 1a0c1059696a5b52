import { createRequire } from 'node:module';
import type { FormatCallback, HtmlToTextOptions } from 'html-to-text';
import { TidingsError } from '../../errors.ts';
import { isChoice, type MergeText, makeChoice, type Segment, type Slot } from './merge-text.ts';

/** Private-use characters that pass through an HTML reader untouched, with a word no text holds by chance. */
const placeholder = (kind: 'field' | 'if' | 'else' | 'end', index: number) =>
  `\uE000tidings-${kind}-${index}\uE001`;
const PLACEHOLDER = /\uE000tidings-(field|if|else|end)-(\d+)\uE001/g;
/** Around a choice of whole paragraphs the reader leaves a line for each of its marks, which say nothing. */
const LONE_MARKS = /^((?:\uE000tidings-(?:if|else|end)-\d+\uE001)+)\n{1,2}/gm;

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

/** The parser of HTML, loaded when it is first needed. */
export function htmlParser(): HtmlReader['Parser'] {
  return htmlReader().Parser;
}

/** Deeper than any newsletter, and few enough that a reader of HTML needs no time for it. */
const MAX_DEPTH = 500;
/** Each of them writes something before every line within it: the text grows with their number, the work with its square. */
const INDENTING = new Set(['blockquote', 'ol', 'ul']);
const MAX_INDENTS = 50;
/** Of HTML that is no longer than a letter the text may be as long as it gets; of other HTML twice as long. */
const ANY_TEXT = 20_000;

/**
 * How many quotes and lists of the HTML stand within each other at most.
 * @throws TidingsError `invalid_argument` where more elements are open at once than a reader of HTML has time for.
 */
export function measureIndents(html: string): number {
  let depth = 0;
  let indents = 0;
  let most = 0;
  const parser = new (htmlParser())({
    onopentag(name) {
      depth += 1;
      if (depth > MAX_DEPTH) throw tooDeep(`${MAX_DEPTH} elements`, name);
      if (!INDENTING.has(name)) return;
      indents += 1;
      most = Math.max(most, indents);
      if (indents > MAX_INDENTS) throw tooDeep(`${MAX_INDENTS} quotes and lists`, name);
    },
    onclosetag(name) {
      depth -= 1;
      if (INDENTING.has(name)) indents -= 1;
    },
  });
  parser.end(html);
  return most;
}

function tooDeep(what: string, name: string): TidingsError {
  return new TidingsError(
    'invalid_argument',
    `The HTML of the message has more than ${what} open at once, the last a <${name.slice(0, 20)}>.`,
    { fix: 'Close its elements. Nothing was sent.' },
  );
}

/** Plain text of HTML that {@link measureIndents} lets pass. */
export function htmlToText(html: string): string {
  const text = trimLines(htmlReader().toText(html));
  const room = Math.max(ANY_TEXT, 2 * html.length);
  // Cut between lines: a merge field is never longer than one.
  return text.length <= room ? text : `${text.slice(0, Math.max(0, text.lastIndexOf('\n', room)))}\n…`;
}

/** By hand: an expression that looks for white space before a line's end reads a long run of it once from each place. */
function trimLines(text: string): string {
  const isBlank = (char: string | undefined) => char === ' ' || char === '\t';
  return text
    .split('\n')
    .map((line) => {
      let end = line.length;
      while (isBlank(line[end - 1])) end -= 1;
      return line.slice(0, end);
    })
    .join('\n');
}

/** The HTML with its merge fields held by placeholders: the values meet the text later, unescaped. */
export function withPlaceholders(html: MergeText): string {
  let index = 0;
  const write = (segments: readonly Segment[]): string =>
    segments
      .map((segment) => {
        if (typeof segment === 'string') return segment;
        const own = index++;
        if (!isChoice(segment)) return placeholder('field', own);
        const no = segment.no.length === 0 ? '' : placeholder('else', own);
        return placeholder('if', own) + write(segment.yes) + no + write(segment.no) + placeholder('end', own);
      })
      .join('');
  return write(html.segments);
}

/** In the order of their placeholders. */
function slotsOf(segments: readonly Segment[]): Slot[] {
  return segments.flatMap((segment) => {
    if (typeof segment === 'string') return [];
    return isChoice(segment) ? [segment, ...slotsOf(segment.yes), ...slotsOf(segment.no)] : [segment];
  });
}

/**
 * The text of {@link withPlaceholders} as merge text, with the merge fields that `html` has.
 * @throws TidingsError `invalid_template` for a choice of which the text holds one end only.
 */
export function withFields(text: string, html: MergeText): MergeText {
  const slots = slotsOf(html.segments);
  const segments: Segment[] = [];
  const open: { readonly index: number; readonly yes: Segment[]; no: Segment[] | null }[] = [];
  const add = (segment: Segment) => {
    const within = open.at(-1);
    if (segment !== '') (within ? (within.no ?? within.yes) : segments).push(segment);
  };
  const close = () => {
    const { index, yes, no } = open.pop()!;
    const slot = slots[index]!;
    if (isChoice(slot)) add(makeChoice(slot.test, yes, no ?? []));
  };
  const pieces = text.replaceAll(LONE_MARKS, '$1').split(PLACEHOLDER);
  add(pieces[0]!);
  for (let at = 1; at < pieces.length; at += 3) {
    const [kind, index] = [pieces[at]!, Number(pieces[at + 1])];
    const slot = slots[index];
    if (kind === 'field' && slot && !isChoice(slot)) add(slot);
    else if (kind === 'if') open.push({ index, yes: [], no: null });
    else if (kind !== 'field') {
      const within = open.at(-1);
      if (within?.index !== index) throw brokenChoice();
      if (kind === 'else') within.no = [];
      else close();
    }
    add(pieces[at + 2]!);
  }
  // Text that was too long is cut, within a choice too.
  while (open.length > 0) close();
  return { source: html.source, segments, fieldCount: html.fieldCount };
}

function brokenChoice(): TidingsError {
  return new TidingsError(
    'invalid_template',
    'An {{#if}} of the message begins in one element of its HTML and ends in another one.',
    { fix: 'Put {{#if}}, {{else}} and {{/if}} around whole elements. Nothing was sent.' },
  );
}

/** The plain text of an HTML body, made here and now: {@link readyContent} knows when that takes too long. */
export function textPart(html: MergeText): MergeText {
  const source = withPlaceholders(html);
  measureIndents(source);
  return withFields(htmlToText(source), html);
}
