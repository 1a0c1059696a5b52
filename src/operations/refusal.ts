import { type ERROR_CODES, TidingsError } from '../errors.ts';
import type { Log } from '../log/log.ts';

/** What a caller is told when nothing was done, at every door. */
export interface Refusal {
  readonly success: false;
  readonly error: string;
  readonly code: keyof typeof ERROR_CODES;
  readonly fix?: string;
}

/**
 * A refusal in words for what was thrown. Only a TidingsError was written for callers; any other message may name
 * tables, paths or people, so it goes to the log and the caller learns no more than that it happened.
 */
export function toRefusal(error: unknown, log: Log, operation: string): Refusal {
  if (!(error instanceof TidingsError)) {
    log.error({ err: error, operation }, 'an operation failed unexpectedly');
    return {
      success: false,
      error: 'internal error',
      code: 'internal',
      fix: 'The log of the server says more.',
    };
  }
  if (error.code === 'storage' || error.code === 'configuration') {
    log.error({ err: error, operation }, 'an operation could not be done');
  }
  return {
    success: false,
    error: error.message,
    code: error.code,
    ...(error.fix !== undefined && { fix: error.fix }),
  };
}
