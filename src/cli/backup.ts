import type { Command } from 'commander';
import { TidingsError } from '../errors.ts';
import type { ReachedAnswer, RestoredChoice } from '../upkeep/backup/restored.ts';
import { jsonOption, type Options, type Run } from './context.ts';
import type { Output } from './output.ts';

export function addBackupCommands(program: Command, run: Run): void {
  jsonOption(program.command('backup <file>'))
    .description('copy the data file, also while a server uses it')
    .addHelpText(
      'after',
      '\nThe copy sends nothing until `tidings restored` has said what is to become of it.' +
        '\n\nExample:\n  $ tidings backup /backups/tidings-$(date +%F).db',
    )
    .action((file: string) =>
      run(async ({ host, output }) => {
        const { file: path, bytes, madeAt } = await host.backUp(file);
        const document = { success: true, file: path, bytes, made_at: madeAt };
        output.result(document, () => `${path}: ${(bytes / 2 ** 20).toFixed(1)} MiB, as of ${madeAt}`);
        return 0;
      }),
    );

  jsonOption(program.command('restored'))
    .description('say what is to become of data that was restored from a backup')
    .option('--nothing-was-sent', 'nothing left since the backup was made: go on with everything')
    .option('--cancel-unfinished', 'cancel the sends that were not at their end, then go on')
    .option('--hold', 'send nothing until one of the above is said')
    .option('--reached <log>', 'what this log names may have arrived: it is not sent again')
    .addHelpText(
      'after',
      '\nWithout an option it tells whether this data is held; the exit code is then 1.' +
        '\n\nExample:\n  $ tidings restored --cancel-unfinished',
    )
    .action((options: Options) =>
      run(async ({ host, output }) => {
        const choice = choiceOf(options);
        if (choice === 'reached') return tellReached(await host.reached(String(options['reached'])), output);
        const { held, message, fix, unfinished } = await host.restored(choice);
        const success = choice === 'hold' || !held;
        output.result({ success, held, message, ...(fix && { fix }), unfinished }, () =>
          [message, ...(fix ? [`→ ${fix}`] : []), ...unfinished.map((id) => `  ${id}`)].join('\n'),
        );
        return success ? 0 : 1;
      }),
    );
}

function tellReached({ named, marked }: ReachedAnswer, output: Output): number {
  output.result({ success: true, named, marked }, () =>
    [
      `${named} deliveries are named; what was pending of them is unknown now, and is not sent again by itself:`,
      ...(marked.length === 0 ? ['  none was pending'] : []),
      ...marked.map(({ send_id, deliveries }) => `  ${send_id}  ${deliveries}`),
    ].join('\n'),
  );
  return 0;
}

function choiceOf(options: Options): RestoredChoice | 'reached' {
  const given = Object.entries({
    'nothing-was-sent': options['nothingWasSent'],
    'cancel-unfinished': options['cancelUnfinished'],
    hold: options['hold'],
    reached: options['reached'],
  } as const).filter(([, isGiven]) => isGiven);
  if (given.length > 1) {
    throw new TidingsError('invalid_argument', 'Only one of these can be said at a time.', {
      fix: 'tidings restored --help',
    });
  }
  return (given[0]?.[0] ?? null) as RestoredChoice | 'reached';
}
