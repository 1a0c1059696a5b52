/**
 * A request that cannot be done, told to whoever asked: what happened with which value, and the way out.
 * Core knows no HTTP status; each door maps `code` once.
 */
export class TidingsError extends Error {
  readonly code: ErrorCode;
  /** What the caller can do about it, in words. */
  readonly fix: string | undefined;

  constructor(code: ErrorCode, message: string, options: { fix?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'TidingsError';
    this.code = code;
    this.fix = options.fix;
  }
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
