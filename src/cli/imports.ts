import type { Command } from 'commander';
import { counted } from '../amounts.ts';
import { runCsv } from '../operations/run-operation.ts';
import type { Tidings } from '../tidings.ts';
import { oneLine } from '../visible.ts';
import {
  answer,
  type CommandContext,
  call,
  jsonOption,
  more,
  type Options,
  operationNamed,
  pageOptions,
  type Result,
  type Run,
  shellCaller,
} from './context.ts';
import type { Output } from './output.ts';
import { RejectsFile } from './rejects-file.ts';
import { fields } from './table.ts';

const SPELLING = { import_id: '<import>' };
const FILES = ['rejects', 'warnings'] as const;

export function addImportCommands(program: Command, run: Run): void {
  const imports = program.command('imports').description('what came in as files, and taking it back');

  jsonOption(pageOptions(imports.command('list'), 'imports'))
    .description('list imports, newest first')
    .action(({ limit, cursor }: Options) =>
      run((context) => answer(context, 'imports.list', { limit, cursor }, showList)),
    );

  jsonOption(imports.command('get <import>'))
    .description('show the report of an import')
    .option('--rejects <file>', 'write the rows that were not kept to a CSV file')
    .option('--warnings <file>', 'write the rows that were kept with a warning to a CSV file')
    .addHelpText('after', '\nExample:\n  $ tidings imports get ID --rejects not-kept.csv')
    .action((import_id: string, options: Options) => run((context) => get(context, import_id, options)));

  jsonOption(imports.command('undo <import>'))
    .description('take back what an import made: its leads, what it changed, its suppressions')
    .addHelpText(
      'after',
      `
Leads that were messaged or changed since stay, and so does whatever somebody else said. Called again, it goes on.

Example:
  $ tidings imports undo ID`,
    )
    .action((import_id: string) =>
      run((context) => answer(context, 'imports.undo', { import_id }, showUndone, SPELLING)),
    );
}

function get(context: CommandContext, import_id: string, options: Options): Promise<number> {
  const files = FILES.flatMap((kind) => {
    const path = options[kind];
    return typeof path === 'string' ? [{ kind, file: new RejectsFile(path, true, null, `--${kind}`) }] : [];
  });
  return context.withTidings(async (tidings) => {
    const found = await call(tidings, 'imports.get', { import_id }, SPELLING);
    for (const { kind, file } of files) await write(tidings, { import_id, kind }, file);
    const written = Object.fromEntries(files.map(({ kind, file }) => [`${kind}_file`, file.path]));
    context.output.result({ ...found, ...written }, () => showImport(found));
    return 0;
  });
}

async function write(tidings: Tidings, input: Result, file: RejectsFile): Promise<void> {
  try {
    for await (const text of runCsv(operationNamed(tidings, 'imports.rows'), input, shellCaller(tidings)))
      file.write(text);
  } finally {
    file.close();
  }
}

function showList(found: Result, output: Output): string {
  const columns = ['import_id', 'kind', 'file', 'state', 'rows', 'created', 'rejected', 'created_at'];
  const rows = (found['imports'] as Result[]).map((one) => columns.map((column) => one[column]));
  return rows.length === 0 ? 'Nothing was imported yet.' : output.table(columns, rows) + more(found);
}

function showImport(found: Result): string {
  const report = found['report'] as Result;
  const { columns, rejects, warnings, asks, notices, success: _, import_id: __, ...counts } = report;
  const lines = [fields({ ...(found['import'] as object), ...counts })];
  for (const [header, field] of Object.entries((columns ?? {}) as Result))
    lines.push(oneLine(`  ${header} → ${field}`));
  for (const { column, value, count: rows, reason } of (asks ?? []) as Result[])
    lines.push(oneLine(`  ${column}: ${value} (${counted(rows as number, 'row')}) → ${reason}`));
  const list = (title: string, entries: unknown) => {
    const rows = (entries ?? []) as Result[];
    if (rows.length > 0)
      lines.push(title, ...rows.map(({ line, reason }) => oneLine(`  line ${line}: ${reason}`)));
  };
  list('Not kept (--rejects FILE writes all of them):', rejects);
  list('Kept, and worth a look (--warnings FILE writes all of them):', warnings);
  for (const notice of (notices ?? []) as string[]) lines.push(oneLine(notice));
  if (found['undo']) lines.push('Taken back:', fields(found['undo'] as object));
  if (found['notice']) lines.push(oneLine(String(found['notice'])));
  return lines.join('\n');
}

function showUndone({ success: _, notice, ...counts }: Result): string {
  return `${fields(counts)}\n${oneLine(String(notice))}`;
}
