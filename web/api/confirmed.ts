import { call, Refused } from './call.ts';
import type { Input, Output } from './catalogue.ts';

type Result = Output<'sendBulkMessages'>;

/**
 * Calls what a person has just said yes to. Where a confirmation is required, its token is that of a dry run made now.
 * @throws Refused also for answers that say `success: false`
 */
export async function sendConfirmed(input: Input<'sendBulkMessages'>): Promise<Result> {
  const first = await call('sendBulkMessages', { max_wait_seconds: 0, ...input });
  if (first.success) return first;
  if (first.code !== 'unconfirmed') throw toRefused(first);
  const { confirm } = await call('sendBulkMessages', { ...input, dry_run: true });
  const second = await call('sendBulkMessages', { max_wait_seconds: 0, ...input, confirm });
  if (second.success) return second;
  throw toRefused(second);
}

/** The same for a send that goes on. */
export async function resumeConfirmed(input: Input<'sends.resume'>): Promise<void> {
  try {
    await call('sends.resume', input);
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'unconfirmed') throw error;
    const { confirm } = await call('sends.resume', { ...input, dry_run: true });
    await call('sends.resume', { ...input, confirm });
  }
}

function toRefused({ error, code, next_step }: Result): Refused {
  return new Refused({ error: error ?? next_step, code: code ?? 'conflict', fix: next_step }, 200);
}
