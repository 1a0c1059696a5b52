import type { Command } from 'commander';
import { oneLine } from '../visible.ts';
import { answer, jsonOption, more, type Options, pageOptions, type Result, type Run } from './context.ts';
import type { Output } from './output.ts';

const SPELLING = { send_id: '--send', lead_id: '--lead' };

export function addEventCommands(program: Command, run: Run): void {
  const events = program
    .command('events')
    .description('what providers told later: delivered, read, bounced, replies, opt-outs');

  jsonOption(pageOptions(events.command('list'), 'events'))
    .description('list them, newest first')
    .option('--send <id>', 'only about this send')
    .option('--lead <id>', 'only about this lead')
    .option('--contact <contact>', 'only about this email address or phone number')
    .option('--type <type>', 'only of this type, such as replied or bounced')
    .option('--since <time>', 'came in then or later: YYYY-MM-DDT09:00:00-06:00')
    .option('--until <time>', 'came in before')
    .addHelpText('after', '\nExample:\n  $ tidings events list --type replied')
    .action(({ send, lead, ...given }: Options) =>
      run((context) => {
        const { json: _, ...filter } = given;
        return answer(
          context,
          'events.list',
          { send_id: send, lead_id: lead, ...filter },
          showList,
          SPELLING,
        );
      }),
    );
}

function showList(found: Result, output: Output): string {
  const events = found['events'] as Result[];
  const list = events.length === 0 ? 'Nothing was told.' : eventTable(events, output);
  return list + more(found);
}

export function eventTable(events: readonly Result[], output: Output): string {
  const rows = events.map((one) => [
    one['occurred_at'],
    one['type'],
    one['contact'] ?? one['lead_id'],
    one['code'],
    oneLine(String(one['text'] ?? one['reason'] ?? '')),
  ]);
  return output.table(['occurred_at', 'type', 'who', 'code', 'says'], rows);
}
