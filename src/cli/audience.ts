import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { counted } from '../amounts.ts';
import { TidingsError } from '../errors.ts';
import type { Tidings } from '../tidings.ts';
import { oneLine } from '../visible.ts';
import { audienceId } from './audience-id.ts';
import {
  answer,
  call,
  jsonOption,
  more,
  number,
  type Options,
  pageOptions,
  type Result,
  type Run,
} from './context.ts';
import { FILTER_SPELLING, filterOptions, readFilters } from './leads.ts';
import type { Output } from './output.ts';
import { fields } from './table.ts';

const SPELLING = { audience_id: '<audience>', send_id: '--send' };

export function addAudienceCommands(program: Command, run: Run): void {
  const audience = program.command('audience').description('selections of leads, frozen when they are made');

  jsonOption(
    sampleOptions(filterOptions(audience.command('create').option('--name <name>', 'name of the audience'))),
  )
    .description('store a selection of leads as it is now')
    .option('--description <text>', 'what it is for')
    .option('--limit <n>', 'take at most this many leads, oldest first', number('--limit'))
    .option('--page-size <n>', 'leads on a page of audience get, at most 100', number('--page-size'))
    .addHelpText('after', '\nExample:\n  $ tidings audience create --name "Trade fair" --origin "trade fair"')
    .action((options: Options) =>
      run(({ withTidings, output }) =>
        withTidings(async (tidings) => {
          const given = {
            ...readFilters(options),
            ...readSample(options),
            name: options['name'],
            description: options['description'],
            limit: options['limit'],
            page_size: options['pageSize'],
          };
          const made = await createAudience(tidings, given);
          output.result(made, () => showCreated(made, output));
          return made['status'] === 'ready' ? 0 : 1;
        }, 'create'),
      ),
    );

  jsonOption(sampleOptions(filterOptions(audience.command('count'))))
    .description('count the leads that filters choose, and whom each channel would reach; nothing is stored')
    .addHelpText('after', '\nExample:\n  $ tidings audience count --tag vip --country MX')
    .action((options: Options) =>
      run((context) => {
        const input = { ...readFilters(options), ...readSample(options) };
        return answer(context, 'audience.count', input, showCounted, FILTER_SPELLING);
      }),
    );

  jsonOption(pageOptions(audience.command('list'), 'audiences'))
    .description('list audiences, newest first')
    .action(({ limit, cursor }: Options) =>
      run((context) => answer(context, 'audience.list', { limit, cursor }, showList)),
    );

  jsonOption(audience.command('get <audience>'))
    .description('show a page of its leads, each with its send status')
    .option('--page <n>', 'page, from 1', number('--page'))
    .option('--send <id>', 'whose send status to show (default: the newest send)')
    .action((audience_id: string, options: Options) =>
      run(({ withTidings, output }) =>
        withTidings(async (tidings) => {
          const id = await audienceId(tidings, audience_id);
          const input = { audience_id: id, page: options['page'], send_id: options['send'] };
          const page = await call(tidings, 'audience.get', input, SPELLING);
          output.result(page, () => showPage(page, output));
          return 0;
        }),
      ),
    );

  jsonOption(audience.command('delete <audience>'))
    .description('delete an audience; its leads and the record of its sends stay')
    .action((audience_id: string) =>
      run((context) => {
        const show = () => `Deleted audience ${audience_id}.`;
        return answer(context, 'audience.delete', { audience_id }, show, SPELLING);
      }),
    );
}

function sampleOptions(command: Command): Command {
  return command
    .option('--sample <n>', 'only so many of them, at random', number('--sample'))
    .option('--sample-seed <text>', 'the same seed takes the same leads again');
}

function readSample(options: Options) {
  return { sample: options['sample'], sample_seed: options['sampleSeed'] };
}

/**
 * The operation answers `building` when a large audience takes long. This process would end with the build unfinished,
 * so the command line waits for it.
 */
export async function createAudience(tidings: Tidings, given: object): Promise<Result> {
  let made = await call(tidings, 'audience.create', given, FILTER_SPELLING);
  while (made['status'] === 'building' && made['error'] === undefined) {
    await sleep(500);
    const { status, error, total_count, total_pages } = await call(tidings, 'audience.get', {
      audience_id: made['audience_id'],
    });
    made = { ...made, status, total_count, total_pages, ...(error !== undefined && { error }) };
  }
  if (made['error'] === undefined) return made;
  throw new TidingsError('conflict', `The audience ${made['audience_id']} was not built: ${made['error']}`);
}

function showCreated({ example_leads, success: _, ...made }: Result, output: Output): string {
  return fields(made) + showExamples(example_leads as Result[], output);
}

function showCounted({ example_leads, success: _, reach, ...counted }: Result, output: Output): string {
  const rows = Object.entries(reach as Record<string, Record<string, number>>).map(([channel, one]) => [
    channel,
    one['reachable'],
    one['suppressed'],
    one['without_contact'],
  ]);
  const table = output.table(['channel', 'reachable', 'suppressed', 'without contact'], rows);
  return `${fields(counted)}\n\n${table}${showExamples(example_leads as Result[], output)}`;
}

function showExamples(leads: Result[], output: Output): string {
  const columns = ['name', 'email', 'phone', 'company'];
  const rows = leads.map((lead) => columns.map((column) => lead[column]));
  return rows.length === 0 ? '' : `\n\nFor example:\n${output.table(columns, rows)}`;
}

function showList(found: Result, output: Output): string {
  const audiences = found['audiences'] as Result[];
  if (audiences.length === 0) return 'No audiences yet. tidings audience create makes one.';
  const rows = audiences.map((one) => [
    one['id'],
    one['name'],
    one['total_count'],
    one['status'],
    one['created_at'],
  ]);
  return output.table(['id', 'name', 'leads', 'status', 'created'], rows) + more(found);
}

function showPage(found: Result, output: Output): string {
  const columns = ['id', 'name', 'email', 'phone', 'send_status', 'send_error'];
  const rows = (found['leads'] as Result[]).map((lead) => columns.map((column) => lead[column]));
  const { page, total_pages, total_count, name } = found as Record<string, number>;
  const where = `${oneLine(String(name))}: page ${page} of ${Math.max(total_pages!, 1)}, ${counted(total_count!, 'lead')}`;
  return rows.length === 0 ? where : `${output.table(columns, rows)}\n${where}`;
}
