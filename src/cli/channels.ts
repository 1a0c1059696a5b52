import type { Command } from 'commander';
import { oneLine } from '../visible.ts';
import { answer, jsonOption, type Options, type Result, type Run } from './context.ts';
import type { Output } from './output.ts';

export function addChannelCommands(program: Command, run: Run): void {
  const channels = program
    .command('channels')
    .description('the ways out: what each is, and whether it works');
  jsonOption(channels.command('list'))
    .description('list them, with mode, rate and limits')
    .action(() => run((context) => answer(context, 'channels.list', {}, showList)));
  jsonOption(channels.command('check'))
    .description('ask the providers whether messages would get through; sends nothing')
    .option('--channel <channel>', 'email or whatsapp')
    .action(({ channel }: Options) =>
      run((context) => answer(context, 'channels.check', { channel }, showChecks)),
    );
  jsonOption(
    program.command('rules').description('what holds for everybody: who confirms, limits, retention'),
  ).action(() => run((context) => answer(context, 'settings.get', {}, showRules)));
}

function showList(found: Result, output: Output): string {
  const header = ['channel', 'sender', 'mode', 'usual', 'rate/s', 'in flight', 'people/day'];
  const rows = (found['channels'] as Result[]).map((one) => [
    ...['channel', 'sender', 'mode'].map((column) => one[column]),
    one['is_usual'] === true ? 'yes' : 'no',
    ...['rate_per_second', 'in_flight', 'people_per_day'].map((column) => one[column]),
  ]);
  return output.table(header, rows);
}

function showChecks(found: Result, output: Output): string {
  const { green, red, yellow, dim } = output.colors;
  const checks = found['checks'] as {
    readonly channel: string;
    readonly name: string;
    readonly ok: boolean | null;
    readonly warning?: true;
    readonly detail: string;
    readonly provider_said?: string;
    readonly fix?: string;
  }[];
  return checks
    .map(({ channel, name, ok, warning, detail, provider_said, fix }) => {
      const fine = warning ? yellow('!') : green('✓');
      const mark = ok === null ? dim('–') : ok ? fine : red('✗');
      const below = [provider_said && `said: ${provider_said}`, fix && `→ ${fix}`].filter(Boolean);
      return `${mark} ${channel}: ${[`${name}: ${detail}`, ...below].map((line) => oneLine(String(line))).join('\n    ')}`;
    })
    .join('\n');
}

function showRules(found: Result, output: Output): string {
  const rows = Object.entries(found['rules'] as Result).map(([name, value]) => [
    name,
    value === null ? '–' : oneLine(String(value)),
  ]);
  return output.table(['rule', 'value'], rows);
}
