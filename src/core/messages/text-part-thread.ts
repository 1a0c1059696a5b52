import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, TidingsError } from '../../errors.ts';
import type { HtmlParts, TextPartAnswer } from './text-part-worker.ts';

/** 2 MB of tables or lists take about a second and 100 MB of a core that does nothing else. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 };

let queue: Promise<unknown> = Promise.resolve();

/**
 * Plain text of HTML, and its CSS inlined, made in a thread that is given up after `limitMs`, when it needs too much memory, or when nobody
 * waits for it any more: HTML that nobody thought of costs its own message, and not the process. One at a time.
 * @throws TidingsError `invalid_argument` for HTML that has no text part in that time.
 */
export function partsInThread(html: string, limitMs: number, signal?: AbortSignal): Promise<HtmlParts> {
  const turn = queue.then(() => run(html, limitMs, signal));
  queue = turn.catch(() => {});
  return turn;
}

async function run(html: string, limitMs: number, signal: AbortSignal | undefined): Promise<HtmlParts> {
  if (signal?.aborted) throw left();
  // Compiled code stands beside compiled code, as source does beside source.
  const file = new URL(`./text-part-worker${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(file, { workerData: html, resourceLimits: LIMITS });
  let timer: NodeJS.Timeout | undefined;
  let leave: (() => void) | undefined;
  try {
    return await new Promise<HtmlParts>((resolve, reject) => {
      worker.once('message', (answer: TextPartAnswer) => {
        if ('text' in answer) resolve(answer);
        else reject(new TidingsError(answer.code as ErrorCode, answer.message, { fix: answer.fix }));
      });
      worker.once('error', (cause: NodeJS.ErrnoException) => {
        const isLarge = cause.code === 'ERR_WORKER_OUT_OF_MEMORY';
        reject(tooHard(isLarge ? 'needs too much memory' : 'cannot be made', cause));
      });
      worker.once('exit', () => reject(tooHard('cannot be made')));
      timer = setTimeout(() => reject(tooHard(`takes more than ${limitMs / 1000} seconds`)), limitMs);
      leave = () => reject(left());
      signal?.addEventListener('abort', leave);
    });
  } finally {
    clearTimeout(timer);
    if (leave) signal?.removeEventListener('abort', leave);
    await worker.terminate();
  }
}

function tooHard(what: string, cause?: unknown): TidingsError {
  return new TidingsError('invalid_argument', `The plain text of the message's HTML ${what}.`, {
    fix: 'Send simpler HTML: fewer elements within each other, fewer rules in its <style>. Nothing was sent.',
    cause,
  });
}

function left(): TidingsError {
  return new TidingsError('conflict', 'The caller left before the message was read.');
}
