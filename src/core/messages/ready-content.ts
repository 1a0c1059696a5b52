import { hasStyle } from './has-style.ts';
import type { MergeText } from './merge-text.ts';
import type { Message } from './message.ts';
import { htmlToText, measureIndents, withFields, withPlaceholders } from './text-part.ts';
import { partsInThread } from './text-part-thread.ts';
import type { HtmlParts } from './text-part-worker.ts';

/** Shorter HTML takes at most some 20 ms. */
const LONG_HTML = 16 * 1024;
/** With more quotes and lists within each other short HTML takes long, too. */
const MANY_INDENTS = 8;

/** A caller waits for its answer. Who sends can wait longer: what was accepted once must pass on a busier machine. */
export const CALL_LIMIT_MS = 10_000;
export const SEND_LIMIT_MS = 60_000;

/** The HTML of a call is asked for again by whoever sends it, a moment later and most often in this process. */
let last: { readonly source: string; readonly parts: HtmlParts } | undefined;

/**
 * `message` with the plain text of its HTML, and with its CSS inlined. At once where that is quick; else it is made beside
 * everything else that goes on here, and promised.
 * @throws TidingsError `invalid_argument` for HTML that no text can be made of.
 */
export function readyContent<Given extends Message>(
  message: Given,
  limitMs: number,
  signal?: AbortSignal,
): Given | Promise<Given> {
  if (message.channel !== 'email' || message.format !== 'html' || message.textPart) return message;
  const { body } = message;
  const source = withPlaceholders(body);
  if (source.length <= LONG_HTML && measureIndents(source) <= MANY_INDENTS && !hasStyle(source)) {
    return { ...message, textPart: withFields(htmlToText(source), body) };
  }
  const ready = ({ text, html }: HtmlParts) => ({
    ...message,
    ...(html !== source && { body: inlined(html, body) }),
    textPart: withFields(text, body),
  });
  if (last?.source === source) return ready(last.parts);
  return makeOnce(source, limitMs, signal).then(ready);
}

/** As it was written, where a choice stands across rules or elements: taken apart it would be another one. */
function inlined(html: string, body: MergeText): MergeText {
  try {
    return withFields(html, body);
  } catch {
    return body;
  }
}

async function makeOnce(
  source: string,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<HtmlParts> {
  const parts = await partsInThread(source, limitMs, signal);
  last = { source, parts };
  return parts;
}
