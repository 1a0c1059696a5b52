import type { Message } from './message.ts';
import { htmlToText, measureIndents, withFields, withPlaceholders } from './text-part.ts';
import { textInThread } from './text-part-thread.ts';

/** Shorter HTML takes at most some 20 ms. */
const LONG_HTML = 16 * 1024;
/** With more quotes and lists within each other short HTML takes long, too. */
const MANY_INDENTS = 8;

/** A caller waits for its answer. Who sends can wait longer: what was accepted once must pass on a busier machine. */
export const CALL_LIMIT_MS = 10_000;
export const SEND_LIMIT_MS = 60_000;

/** The text of a call is asked for again by whoever sends it, a moment later and most often in this process. */
let last: { readonly source: string; readonly text: string } | undefined;

/**
 * `message` with the plain text of its HTML. At once where that is quick; else it is made beside everything else that
 * goes on here, and promised.
 * @throws TidingsError `invalid_argument` for HTML that no text can be made of.
 */
export function withTextPart<Given extends Message>(
  message: Given,
  limitMs: number,
  signal?: AbortSignal,
): Given | Promise<Given> {
  if (message.channel !== 'email' || message.format !== 'html' || message.textPart) return message;
  const { body } = message;
  const source = withPlaceholders(body);
  if (source.length <= LONG_HTML && measureIndents(source) <= MANY_INDENTS) {
    return { ...message, textPart: withFields(htmlToText(source), body) };
  }
  const ready = (text: string) => ({ ...message, textPart: withFields(text, body) });
  if (last?.source === source) return ready(last.text);
  return makeOnce(source, limitMs, signal).then(ready);
}

async function makeOnce(source: string, limitMs: number, signal: AbortSignal | undefined): Promise<string> {
  const text = await textInThread(source, limitMs, signal);
  last = { source, text };
  return text;
}
