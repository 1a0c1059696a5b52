import { parentPort, workerData } from 'node:worker_threads';
import { TidingsError } from '../../errors.ts';
import { htmlToText, measureIndents } from './text-part.ts';

export type TextPartAnswer =
  | { readonly text: string }
  | { readonly code: string; readonly message: string; readonly fix?: string | undefined };

/** Runs in a thread of its own: {@link textInThread}. */
function answer(html: string): TextPartAnswer {
  try {
    measureIndents(html);
    return { text: htmlToText(html) };
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    return { code: error.code, message: error.message, fix: error.fix };
  }
}

parentPort!.postMessage(answer(workerData as string));
