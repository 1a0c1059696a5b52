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

/** Every code that a refused request can carry, with what it means: docs/reference/error-codes.md is made from this. */
export const ERROR_CODES = {
  invalid_argument: 'A value is missing or not of its form. Nothing was done; correct it and call again.',
  invalid_template:
    'The merge syntax of the message is broken, or it has fields or tags that would arrive blank or as they stand.',
  invalid_file:
    'The file to import cannot be read at all. Rows that are bad one by one are reported, not refused.',
  not_found: 'There is nothing with this id, or nothing at this address.',
  conflict: 'The thing exists, but its state forbids what was asked.',
  repeat: 'Many of the same people got the same text lately. `allow_repeat` says that it is meant.',
  changed: 'It is not what was confirmed any more; nothing was done. Look again with `dry_run`.',
  unconfirmed:
    'Nobody has agreed to it; nothing was done. Live messages need the token of a dry run here (`TIDINGS_CONFIRM=token`), or the form came back without the number of people.',
  declined: 'The person who was asked said no; nothing was done. That is their answer: nothing to try again.',
  too_large: 'More than is taken in one request.',
  busy: 'Nothing was done, since too much is going on; the same call can be made again in a moment.',
  unauthorized: 'The API key is missing or wrong.',
  forbidden: 'This caller may not: it came from a foreign page, or only a person at the command line may.',
  configuration: 'The environment or the data folder is not usable; `tidings doctor` says what is wrong.',
  storage: 'The disk or the database failed. What had been committed stands; the log says more.',
  internal: 'It failed in a way that nobody foresaw. The log of the server says more.',
} as const;

/** `internal` is for what is no TidingsError. */
export type ErrorCode = Exclude<keyof typeof ERROR_CODES, 'internal'>;
