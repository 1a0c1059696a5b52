import { parentPort, workerData } from 'node:worker_threads';
import { TidingsError } from '../../errors.ts';
import { hasStyle } from './has-style.ts';
import { htmlToText, measureIndents } from './text-part.ts';

/** What is made of HTML once. */
export interface HtmlParts {
  readonly text: string;
  /** With the rules of `<style>` where they belong; the same, where it has none. */
  readonly html: string;
}

export type TextPartAnswer =
  | HtmlParts
  | { readonly code: string; readonly message: string; readonly fix?: string | undefined };

/** Runs in a thread of its own: {@link partsInThread}. */
async function answer(html: string): Promise<TextPartAnswer> {
  try {
    measureIndents(html);
    const text = htmlToText(html);
    if (!hasStyle(html)) return { text, html };
    const { inlineCss } = await import('./inline-css.ts');
    return { text, html: inlineCss(html) };
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    return { code: error.code, message: error.message, fix: error.fix };
  }
}

parentPort!.postMessage(await answer(workerData as string));
