import { PLAIN_WORDS, type Text, type Words } from './words.ts';

/**
 * A request that cannot be done, told to whoever asked: what happened with which value, and the way out. A text that
 * names an operation or an argument is a function of the door's words.
 * Core knows no HTTP status; each door maps `code` once.
 */
export class TidingsError extends Error {
  readonly code: ErrorCode;
  readonly #message: Text;
  readonly #fix: Text | undefined;

  constructor(code: ErrorCode, message: Text, options: { fix?: Text | undefined; cause?: unknown } = {}) {
    super(inWords(message, PLAIN_WORDS), { cause: options.cause });
    this.name = 'TidingsError';
    this.code = code;
    this.#message = message;
    this.#fix = options.fix;
  }

  /** What the caller can do about it. */
  get fix(): string | undefined {
    return this.#fix === undefined ? undefined : inWords(this.#fix, PLAIN_WORDS);
  }

  /** The same, as a door says it. */
  in(words: Words): TidingsError {
    const fix = this.#fix === undefined ? undefined : inWords(this.#fix, words);
    return new TidingsError(this.code, inWords(this.#message, words), { fix, cause: this.cause });
  }
}

function inWords(text: Text, words: Words): string {
  return typeof text === 'string' ? text : text(words);
}

export type ErrorCode =
  | 'invalid_argument' // a value is missing or not of its form
  | 'invalid_template' // the merge syntax of a message is broken
  | 'invalid_file' // an import that cannot be read at all
  | 'not_found'
  | 'conflict' // the thing exists, but its state forbids what was asked
  | 'repeat' // the same people got the same text lately
  | 'too_large'
  | 'busy' // nothing was done; later it can be
  | 'unauthorized'
  | 'forbidden' // only a person may, at the command line
  | 'configuration' // the environment or the data folder is not usable
  | 'storage'; // the disk or the database failed
