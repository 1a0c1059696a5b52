import type * as z from 'zod';
import type { ImportOptions } from '../core/leads/import-csv.ts';
import { checkInput } from './check-input.ts';
import { mayCall } from './may-call.ts';
import type { CallContext, Caller, Operation } from './operation.ts';
import { readArguments } from './read-arguments.ts';

/**
 * The only way in: every door hands over what its caller gave, unchecked, and says who is calling. Whatever holds for
 * all callers, such as what they may do and the check of the input, stands here once.
 * @example
 * await runOperation(operation, { audience_id, channel: 'email', … }, { door: 'http', principal, client, words }, { signal });
 * @throws TidingsError `forbidden`, `invalid_argument`, and whatever the operation throws
 */
export async function runOperation(
  operation: Operation,
  given: unknown,
  caller: Caller,
  context: CallContext = {},
): Promise<z.output<Operation['output']>> {
  await refuse(operation, caller);
  return operation.run(inputFrom(operation, given, caller), { ...context, caller });
}

/** @throws TidingsError `forbidden`, which is kept where something would have been changed */
async function refuse(operation: Operation, caller: Caller): Promise<void> {
  try {
    mayCall(operation, caller);
  } catch (error) {
    await operation.noteRefusal?.(caller, 'forbidden').catch(() => {});
    throw error;
  }
}

/**
 * Who may not is told so before anything else. A shell gives what was typed, its command has read it; other callers are
 * programs that write arguments their own ways.
 */
function inputFrom(operation: Operation, given: unknown, caller: Caller): z.output<Operation['input']> {
  mayCall(operation, caller);
  const { door } = caller;
  return checkInput(operation, door === 'cli' ? given : readArguments(operation.input, given));
}

/**
 * The same for an operation that takes a file of any size as a stream.
 * @throws TidingsError `invalid_argument` when it takes none
 */
export async function runUpload(
  operation: Operation,
  bytes: AsyncIterable<Uint8Array>,
  given: unknown,
  caller: Caller,
  context: ImportOptions = {},
): Promise<z.output<Operation['output']>> {
  await refuse(operation, caller);
  return operation.upload!(bytes, inputFrom(operation, given, caller), { ...context, caller });
}

/**
 * The same for a file of any size that is given as a stream.
 * @throws TidingsError `invalid_argument` before the first piece
 */
export function runDownload(
  operation: Operation,
  given: unknown,
  caller: Caller,
  context: CallContext = {},
): AsyncGenerator<string> {
  return operation.download!(inputFrom(operation, given, caller), { ...context, caller });
}

/** All pages of an operation that answers a CSV, one after the other: the whole is never in memory. */
export async function* runCsv(
  operation: Operation,
  given: Readonly<Record<string, unknown>>,
  caller: Caller,
  context: CallContext = {},
): AsyncGenerator<string> {
  for (let cursor = given['cursor']; ; ) {
    const input = cursor === undefined ? given : { ...given, cursor };
    const page = (await runOperation(operation, input, caller, context)) as {
      readonly csv: string;
      readonly next_cursor: string | null;
    };
    yield page.csv;
    if (page.next_cursor === null) return;
    cursor = page.next_cursor;
  }
}
