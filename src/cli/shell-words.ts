import { TidingsError } from '../errors.ts';
import { oneLine } from '../visible.ts';

/** How an argument of an operation is written in the shell, where it is not `--its-name`. */
export type Spelling = Readonly<Record<string, string>>;

/** The core speaks to callers of its operations; here somebody types commands. */
export function toShellWords(text: unknown): string {
  return oneLine(String(text))
    .replaceAll(/retry: "(\w+)"/g, '--retry $1')
    .replaceAll(/with status "(\w+)"/g, '--status $1')
    .replaceAll(/(?: with)? schedule_at: "now"/g, ' --schedule-at now')
    .replaceAll(/\bschedule_at\b/g, '--schedule-at')
    .replaceAll('Call sendBulkMessages again with the same arguments', 'Run the same command again')
    .replaceAll('Call sendBulkMessages again', 'Run the same command again')
    .replaceAll('then call again', 'then run the same command again')
    .replaceAll(
      /(?<!tidings )\b(leads list|audience (?:list|get)|sends (?:list|get|pause|resume|cancel|deliveries))\b/g,
      'tidings $1',
    );
}

/** A refusal names what was typed: `--audience is missing`, not `audience_id is missing`. */
export function inShellWords(error: unknown, keys: readonly string[], spelling: Spelling): unknown {
  if (!(error instanceof TidingsError)) return error;
  const { code, message, cause } = error;
  const fix = error.fix === undefined ? undefined : toShellWords(error.fix);
  const key = keys.find((one) => message.startsWith(`${one} `) || message.startsWith(`${one}.`));
  if (code !== 'invalid_argument' || key === undefined)
    return new TidingsError(code, message, { fix, cause });
  const option = spelling[key] ?? `--${key.replaceAll('_', '-')}`;
  return new TidingsError(code, option + message.slice(key.length), {
    fix: fix?.replace(new RegExp(`^(Give|Correct) ${key}\\b`), (_, verb) => `${verb} ${option}`),
    cause,
  });
}
