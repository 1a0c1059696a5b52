import type { Command } from 'commander';
import { answer, jsonOption, type Options, type Result, type Run } from './context.ts';
import { fields } from './table.ts';

const SPELLING = { contact: '<contact>', and_suppress: '--and-suppress' };

export function addPersonCommands(program: Command, run: Run): void {
  const person = program.command('person').description('what is held about one person, and erasing it');

  jsonOption(person.command('export <contact>'))
    .description('everything that is held about whoever has this email or phone')
    .addHelpText('after', '\nExample:\n  $ tidings person export ana@example.com --json > ana.json')
    .action((contact: string) =>
      run((context) => answer(context, 'person.export', { contact }, showExport, SPELLING)),
    );

  jsonOption(person.command('erase <contact>'))
    .description('erase all leads with this email or phone, and what was sent to them')
    .option('--and-suppress', 'never message these contacts again either, should they come back')
    .addHelpText('after', '\nExample:\n  $ tidings person erase "+52 55 1234 5678" --and-suppress')
    .action((contact: string, options: Options) =>
      run((context) => {
        const input = { contact, and_suppress: options['andSuppress'] };
        return answer(context, 'person.erase', input, showErased, SPELLING);
      }),
    );
}

/** A document, also for people: they have asked for everything. */
function showExport(found: Result): string {
  return JSON.stringify(found, null, 2);
}

export function showErased(done: Result): string {
  const { success: _, lead_id, notice, ...counts } = done;
  const head = lead_id === undefined ? '' : `Erased lead ${lead_id}.\n`;
  return `${head}${fields(counts)}\n${notice}`;
}
