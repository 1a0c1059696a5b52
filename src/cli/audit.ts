import type { Command } from 'commander';
import { oneLine } from '../visible.ts';
import { answer, jsonOption, more, type Options, pageOptions, type Result, type Run } from './context.ts';
import type { Output } from './output.ts';

export function addAuditCommands(program: Command, run: Run): void {
  const audit = program
    .command('audit')
    .description('who did what: callers, never the people it was done to');
  jsonOption(pageOptions(audit.command('list'), 'entries'))
    .description('list it, newest first')
    .action(({ limit, cursor }: Options) =>
      run((context) => answer(context, 'audit.list', { limit, cursor }, showList)),
    );
}

function showList(found: Result, output: Output): string {
  const columns = ['at', 'who', 'client', 'operation', 'subject', 'answer'];
  const rows = (found['entries'] as Result[]).map((one) =>
    columns.map((column) => oneLine(String(one[column] ?? ''))),
  );
  return output.table(columns, rows) + more(found);
}
