import { Parser } from 'htmlparser2';

const BLOCK = /^(p|div|br|tr|li|h[1-6]|table|ul|ol|pre|hr|blockquote|dd|dt|td|th|center)$/;
const UNSEEN = /^(style|script|title|head)$/;

/** Elements in elements take time by the square of their number. */
const MOST_HTML = 100_000;

/** What a reader of this HTML sees, a line for each block: enough to look for words in. */
export function textOfHtml(html: string): string {
  const pieces: string[] = [];
  let unseen = 0;
  const parser = new Parser({
    onopentagname(name) {
      if (UNSEEN.test(name)) unseen += 1;
      if (BLOCK.test(name)) pieces.push('\n');
    },
    ontext(text) {
      if (unseen === 0) pieces.push(text.replace(/[\s\u00a0]+/g, ' '));
    },
    onclosetag(name) {
      if (UNSEEN.test(name)) unseen = Math.max(0, unseen - 1);
      if (BLOCK.test(name)) pieces.push('\n');
    },
  });
  parser.end(html.slice(0, MOST_HTML));
  return pieces.join('').replace(/ *\n */g, '\n');
}
