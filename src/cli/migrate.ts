import { join } from 'node:path';
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { TidingsError } from '../errors.ts';
import type { MoveProgress, MoveReport } from '../upkeep/migrate/migrate.ts';
import { type CommandContext, jsonOption, type Options, type Run } from './context.ts';
import type { CliHost } from './host.ts';
import type { Output } from './output.ts';

const TOLD = {
  copied: (place: string) => `Everything was copied to ${place}, and read back the same.`,
  replaced: (place: string) =>
    `The older copy in ${place} was replaced by what the file holds now, and read back the same.`,
  already_there: (place: string) => `Nothing to do: ${place} holds exactly what the file holds.`,
};

export function addMigrateCommand(program: Command, run: Run): void {
  jsonOption(program.command('migrate'))
    .description('move everything from the data file to PostgreSQL, where many workers can send')
    .option('--from <file>', 'sqlite:PATH or PATH; default: tidings.db in TIDINGS_DATA_DIR')
    .option('--to <address>', 'postgres://user:password@host:5432/database; default: DATABASE_URL')
    .option('--undo', 'go back to the file, as long as nothing was done in PostgreSQL: empties it again')
    .addHelpText(
      'after',
      `
Stop the server and pause what is running first: it is refused while a send runs. It can be repeated, and one that was
killed is simply run again. Every table is read back and compared, by its rows and a checksum.

Example:
  $ DATABASE_URL=postgres://tidings:secret@db/tidings tidings migrate --from sqlite:./data/tidings.db`,
    )
    .action((options: Options) => run((context) => migrate(context, options)));
}

async function migrate({ host, output }: CommandContext, options: Options): Promise<number> {
  const { file, url } = placesOf(options, host);
  if (options['undo']) return undo(output, file, url);
  // Loaded when it is asked for: no other command needs both databases.
  const { moveToPostgres } = await import('../upkeep/migrate/migrate.ts');
  const startedAt = performance.now();
  const bar = bars(output);
  try {
    const report = await moveToPostgres({ file, url, onProgress: bar.show });
    bar.stop();
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
    output.result(documentOf(report, file, seconds), () => showReport(report, file, output));
    return 0;
  } finally {
    bar.stop();
  }
}

async function undo(output: Output, file: string, url: string): Promise<number> {
  const { undoMove } = await import('../upkeep/migrate/undo.ts');
  const { place } = await undoMove({ file, url });
  const next_step = `Unset DATABASE_URL, then start tidings serve: it sends from ${file} again.`;
  const document = { success: true, outcome: 'undone', from: file, to: place, next_step };
  output.result(document, () => `The copy in ${place} was removed.\n\n${next_step}`);
  return 0;
}

/** An address may hold a password: what is wrong with it is said without repeating it. */
function placesOf({ from, to }: Options, host: CliHost): { file: string; url: string } {
  const config = readConfig(host.env);
  const given = from === undefined ? join(config.dataDir, 'tidings.db') : String(from);
  if (isPostgres(given)) {
    throw new TidingsError('invalid_argument', '--from is a PostgreSQL address; a data file is moved from.', {
      fix: 'Give the file: --from sqlite:./data/tidings.db.',
    });
  }
  const url = to === undefined ? config.databaseUrl : String(to);
  if (url === null) {
    throw new TidingsError('invalid_argument', '--to is missing, and DATABASE_URL is not set.', {
      fix: 'Give --to postgres://user:password@host:5432/database.',
    });
  }
  if (!isPostgres(url)) {
    const name = to === undefined ? 'DATABASE_URL' : '--to';
    throw new TidingsError('invalid_argument', `${name} is no PostgreSQL address.`, {
      fix: 'Write it as postgres://user:password@host:5432/database; percent-encode special characters.',
    });
  }
  return { file: given.replace(/^sqlite:(\/\/(?=\/))?/, ''), url };
}

function isPostgres(address: string): boolean {
  return /^postgres(ql)?:/.test(address) && URL.canParse(address);
}

/** One bar for each step: it is not known before which there will be. */
function bars(output: Output) {
  let step = '';
  let bar: ReturnType<Output['bar']> | undefined;
  return {
    show(progress: MoveProgress) {
      if (progress.step !== step) {
        bar?.stop();
        step = progress.step;
        bar = output.bar(`${step[0]!.toUpperCase()}${step.slice(1)}`.padEnd(9));
      }
      bar!.update(progress.done, progress.total, progress.table);
    },
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
}

function nextStep(file: string, { place }: MoveReport): string {
  return (
    `Set DATABASE_URL to ${place} for every process, then start tidings serve, and tidings worker on as many machines ` +
    `as you like; paused sends go on with tidings sends resume. Keep ${file} as a backup: it is marked as moved, and no ` +
    'server sends from it any more.'
  );
}

function documentOf(report: MoveReport, file: string, seconds: number) {
  const { outcome, sums, place } = report;
  const next_step = nextStep(file, report);
  return { success: true, outcome, from: file, to: place, seconds, tables: sums, next_step };
}

function showReport(report: MoveReport, file: string, output: Output): string {
  const rows = report.sums.map(({ table, rows, checksum }) => [table, rows, checksum.slice(0, 16)]);
  return [
    output.table(['table', 'rows', 'checksum'], rows),
    TOLD[report.outcome](report.place),
    nextStep(file, report),
  ].join('\n\n');
}
