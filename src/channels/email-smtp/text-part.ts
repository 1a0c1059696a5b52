import { compile, type FormatCallback } from 'html-to-text';
import type { Segment, Template } from '../../core/sends/template.ts';

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

const htmlToText = compile({
  wordwrap: false,
  formatters: { alternativeText, cell },
  selectors: [
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
    {
      selector: 'a',
      options: { hideLinkHrefIfSameAsText: true, linkBrackets: ['(', ')'] as [string, string] },
    },
    { selector: 'img', format: 'alternativeText' },
    { selector: 'tr', format: 'block', options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
    { selector: 'td', format: 'cell' },
    { selector: 'th', format: 'cell' },
    { selector: 'style', format: 'skip' },
    { selector: 'script', format: 'skip' },
    { selector: 'title', format: 'skip' },
  ],
});

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
  const text = htmlToText(source.join('')).replace(/[ \t]+$/gm, '');
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
