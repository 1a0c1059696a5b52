import type { Command } from 'commander';
import { count } from '../amounts.ts';
import { TidingsError } from '../errors.ts';
import type { CallContext, Caller, Operation } from '../operations/operation.ts';
import { runOperation } from '../operations/run-operation.ts';
import type { Tidings } from '../tidings.ts';
import type { CliHost } from './host.ts';
import type { Output } from './output.ts';
import { type Spelling, shellWords } from './shell-words.ts';

export type Result = Record<string, unknown>;

/** What commander makes of the options of a command. */
export type Options = Readonly<Record<string, string | number | boolean | undefined>>;

/** Given to every command. */
export interface CommandContext {
  readonly host: CliHost;
  readonly output: Output;
  /**
   * Runs with the data folder open, and closes it again: what is in flight is finished first. Only who stores something
   * may make a data folder (`create`).
   */
  withTidings(work: (tidings: Tidings) => Promise<number>, opening?: 'create' | 'existing'): Promise<number>;
}

/** Runs a command to its exit code. */
export type Run = (work: (context: CommandContext) => Promise<number>) => Promise<void>;

/** Whoever is at the command line has the data at hand: it is the machine itself. */
export function shellCaller({ access }: Pick<Tidings, 'access'>, spelling: Spelling = {}): Caller {
  return { door: 'cli', principal: access.machine(), client: null, words: shellWords(spelling) };
}

export function operationNamed(tidings: Tidings, name: string): Operation {
  return tidings.operations.find((one) => one.name === name)!;
}

/** Calls an operation as every door does: by its schema, with what was not given left out. */
export async function call(
  tidings: Tidings,
  name: string,
  given: object,
  spelling: Spelling = {},
  context: CallContext = {},
): Promise<Result> {
  const operation = operationNamed(tidings, name);
  const input = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const caller = shellCaller(tidings, spelling);
  try {
    return (await runOperation(operation, input, caller, context)) as Result;
  } catch (error) {
    throw error instanceof TidingsError ? error.in(caller.words) : error;
  }
}

/** One call, its answer shown by `show`. */
export function answer(
  { withTidings, output }: CommandContext,
  name: string,
  input: object,
  show: (answer: Result, output: Output) => string,
  spelling: Spelling = {},
  opening: 'create' | 'existing' = 'existing',
): Promise<number> {
  return withTidings(async (tidings) => {
    const result = await call(tidings, name, input, spelling);
    output.result(result, () => show(result, output));
    return 0;
  }, opening);
}

/** Numbers come as text from a shell; what range they may have is for the operation to say. */
export function number(option: string, range: { min?: number; max?: number } = {}) {
  const { min, max } = range;
  const within =
    min === undefined && max === undefined
      ? null
      : `Give a number from ${count(min ?? 0)} to ${count(max ?? 0)}.`;
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value)) {
      throw new TidingsError('invalid_argument', `${option} is "${text}", which is not a number.`, {
        fix: within ?? `Give a number, for example ${option} 10.`,
      });
    }
    if ((min !== undefined && value < min) || (max !== undefined && value > max)) {
      throw new TidingsError('invalid_argument', `${option} is ${text}.`, { fix: within! });
    }
    return value;
  };
}

export function pageOptions(command: Command, what: string): Command {
  return command
    .option('--limit <n>', `${what} to show`, number('--limit'))
    .option('--cursor <cursor>', 'where the list before ended');
}

export function jsonOption(command: Command): Command {
  return command.option('--json', 'print one JSON document');
}

/** Said under a list that goes on. */
export function more(answer: Result): string {
  return answer['next_cursor'] ? `\nMore: add --cursor '${answer['next_cursor']}'` : '';
}
