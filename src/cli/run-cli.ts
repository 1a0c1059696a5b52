import { Command, CommanderError, Option } from 'commander';
import { TidingsError } from '../errors.ts';
import { oneLine } from '../visible.ts';
import { addAppCommands } from './apps.ts';
import { addAudienceCommands } from './audience.ts';
import { addAuditCommands } from './audit.ts';
import { addBackupCommands } from './backup.ts';
import { addBounceCommands } from './bounces.ts';
import { addChannelCommands } from './channels.ts';
import { addCompletionCommand } from './completion.ts';
import { addConfigCommand } from './config.ts';
import type { CommandContext, Run } from './context.ts';
import { addDemoCommand } from './demo.ts';
import { addDkimCommands } from './dkim.ts';
import { addDraftCommands } from './drafts.ts';
import { addEventCommands } from './events.ts';
import type { CliHost } from './host.ts';
import { addImportCommands } from './imports.ts';
import { addInitCommand } from './init.ts';
import { addKeyCommands } from './keys.ts';
import { addLeadCommands } from './leads.ts';
import { addMigrateCommand } from './migrate.ts';
import { Output } from './output.ts';
import { addPersonCommands } from './person.ts';
import { addSendCommand } from './send.ts';
import { addSendsCommands } from './sends.ts';
import { addServerCommands } from './server.ts';
import { addStopCommands } from './stop-all.ts';
import { addOutboxCommand, addSuppressionCommands } from './suppressions.ts';
import { addTemplateCommands } from './templates.ts';
import { addUserCommands } from './users.ts';
import { reflow } from './wrap.ts';

/** Runs one command line. @returns the exit code: 0 done, 1 not done, 2 wrong usage. */
export async function runCli(argv: string[], host: CliHost): Promise<number> {
  const output = new Output(host, asksForJson(argv));
  let exitCode = 0;
  const run: Run = async (work) => {
    exitCode = await work(contextOf(host, output));
  };
  try {
    await build(host, output, run).parseAsync(argv, { from: 'user' });
    const lost = await output.lost();
    if (lost !== null) throw lost;
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return output.failure(error);
    if (error.exitCode === 0) return 0;
    // Help for a command line that names no command has been shown already.
    if (error.code === 'commander.help' && !output.json) return 2;
    return output.failure(wrongUsage(error));
  }
}

function contextOf(host: CliHost, output: Output): CommandContext {
  return {
    host,
    output,
    async withTidings(work, opening = 'existing') {
      const tidings = await host.open(opening, (what) => output.aside(`${oneLine(what)}\n`));
      try {
        return await work(tidings);
      } finally {
        await tidings.close();
      }
    },
  };
}

function build(host: CliHost, output: Output, run: Run): Command {
  const program = new Command('tidings')
    .description('One message to many people over WhatsApp and email: never twice, never lost.')
    .version(host.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.text(reflow(text, output.columns)),
      // Refusals are told in one place, where --json is known.
      writeErr: (text) => {
        if (!output.json && !text.startsWith('error:')) output.aside(text);
      },
      outputError: () => {},
    })
    .addHelpText(
      'after',
      `
Examples:
  $ tidings demo
  $ tidings leads import contacts.csv
  $ tidings audience create --name "Qualified" --status qualified
  $ tidings send --audience ID --channel email --subject "This week" --message-file offer.html

Every command takes --help. The exit code is 0 when what was asked was done, 1 when not, 2 for wrong usage.
Settings are environment variables, or lines of a file .env: tidings init writes one, tidings config shows what is set.`,
    );
  addInitCommand(program, run);
  addServerCommands(program, run);
  addConfigCommand(program, run);
  addBackupCommands(program, run);
  addDemoCommand(program, run);
  addLeadCommands(program, run);
  addImportCommands(program, run);
  addAudienceCommands(program, run);
  addSendCommand(program, run);
  addSendsCommands(program, run);
  addDraftCommands(program, run);
  addEventCommands(program, run);
  addTemplateCommands(program, run);
  addSuppressionCommands(program, run);
  addBounceCommands(program, run);
  addDkimCommands(program, run);
  addPersonCommands(program, run);
  addStopCommands(program, run);
  addAuditCommands(program, run);
  addChannelCommands(program, run);
  addKeyCommands(program, run);
  addAppCommands(program, run);
  addUserCommands(program, run);
  addOutboxCommand(program, run);
  addMigrateCommand(program, run);
  addCompletionCommand(program, run);
  // With no command, or before one, --json is not unknown either: it says how the refusal is told.
  for (const group of [program, ...program.commands.filter((command) => command.commands.length > 0)]) {
    group.addOption(new Option('--json').hideHelp());
  }
  return program;
}

/** Known before the command line is read, since what is wrong with it must be told in the right form. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? undefined : end).includes('--json');
}

function wrongUsage(error: CommanderError): TidingsError {
  const help = error.code === 'commander.help';
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const hint = rest.join(' ').replace(/^\((.*)\)$/, '$1');
  const message = help ? 'No command was named.' : first;
  return new TidingsError('invalid_argument', message, {
    fix: hint || 'tidings --help shows what there is.',
  });
}
