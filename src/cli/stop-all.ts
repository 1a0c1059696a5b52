import type { Command } from 'commander';
import { counted } from '../amounts.ts';
import { answer, jsonOption, type Result, type Run } from './context.ts';

export function addStopCommands(program: Command, run: Run): void {
  jsonOption(program.command('stop-all'))
    .description('stop all sending at once, in all processes, until start-all')
    .addHelpText(
      'after',
      '\nWithin a second nothing leaves any more, and it stays so when servers are started again.',
    )
    .action(() => run((context) => answer(context, 'sends.stop_all', {}, showStopped)));

  jsonOption(program.command('start-all'))
    .description('let sending go on after stop-all')
    .action(() => run((context) => answer(context, 'sends.start_all', {}, showStarted)));
}

function showStopped({ stopped, sends_paused }: Result): string {
  const { since, by } = stopped as { since: string; by: string };
  return `All sending is stopped, by ${by} since ${since}; it paused ${counted(sends_paused as number, 'send')}. tidings start-all lets them go on.`;
}

function showStarted({ sends_resumed }: Result): string {
  return `Sending may go on, and ${counted(sends_resumed as number, 'send')} with it.`;
}
