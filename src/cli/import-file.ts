import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { count, counted } from '../amounts.ts';
import type { ImportReport } from '../core/leads/lead.schema.ts';
import type { ImportPreview } from '../core/leads/preview.schema.ts';
import { TidingsError } from '../errors.ts';
import { runUpload } from '../operations/run-operation.ts';
import { oneLine } from '../visible.ts';
import { type CommandContext, type Options, operationNamed, shellCaller } from './context.ts';
import { describeColumns, describePreview } from './import-columns.ts';
import { onInterrupt } from './interrupt.ts';
import { RejectsFile } from './rejects-file.ts';

/** `leads import`: a file of any size, in flat memory. */
export async function importFile(context: CommandContext, file: string, options: Options): Promise<number> {
  const rejectsFile = options['rejects'] as string | undefined;
  const { host, output } = context;
  const stdin = file === '-';
  const size = stdin ? null : sizeOf(file);
  const beside = stdin ? null : RejectsFile.beside(file);
  const rejects =
    rejectsFile === undefined ? beside : new RejectsFile(rejectsFile, true, stdin ? null : file);
  const warnings = stdin ? null : RejectsFile.beside(file, 'warnings');
  const isPreview = options['preview'] === true;
  return context.withTidings(async (tidings) => {
    const bar = output.bar(
      isPreview ? 'Reading' : 'Importing',
      size === null || size > 9_999 ? megabytes : bytes,
    );
    const stop = new AbortController();
    const release = onInterrupt(() => stop.abort());
    let rows = 0;
    const input = stdin ? toBytes(host.stdin) : createReadStream(file, { highWaterMark: 1 << 18 });
    try {
      const name = isPreview ? 'leads.preview_import' : 'leads.import';
      const given = {
        ...readGiven(options),
        ...(!stdin && { file_name: basename(file).slice(0, 200) }),
      };
      const report = (await runUpload(operationNamed(tidings, name), input, given, shellCaller(tidings), {
        signal: stop.signal,
        onProgress(progress) {
          rows = progress.rows;
          bar.update(progress.bytes, size, counted(rows, 'row'));
        },
        ...(!isPreview && {
          onRejectsCsv: (text) => rejects?.write(text),
          onWarningsCsv: (text) => warnings?.write(text),
        }),
      })) as ImportReport | ImportPreview;
      bar.stop();
      if ('reach' in report) {
        const preview = report as ImportPreview;
        output.result(preview, () => describePreview(preview, output, oneLine(file)));
        return 0;
      }
      const result = report as ImportReport;
      const path = rejects?.path ?? null;
      const warned = warnings?.path ?? null;
      const earlier = [rejects?.earlier, warnings?.earlier].filter((file) => typeof file === 'string');
      const files = { ...(path && { rejects_file: path }), ...(warned && { warnings_file: warned }) };
      output.result({ ...result, ...files }, () =>
        [
          describe(result, path, warned, describeColumns(result.columns, output, oneLine(file))),
          ...earlier.map((file) => `${oneLine(file)} is of an earlier import, not of this one.`),
        ].join('\n'),
      );
      return result.rows > 0 && result.rejected === result.rows ? 1 : 0;
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      bar.stop();
      throw new TidingsError('conflict', `Stopped after ${counted(rows, 'row')}; those are stored.`, {
        fix: 'Import the file again to go on: leads that are known already are not made twice.',
      });
    } finally {
      bar.stop();
      release();
      if ('destroy' in input) input.destroy();
      rejects?.close();
      warnings?.close();
    }
  }, 'create');
}

function readGiven(options: Options): Record<string, unknown> {
  const map = (options['map'] as string[] | undefined)?.map(readPair);
  return {
    ...(map && { map: Object.fromEntries(map) }),
    ...(options['country'] !== undefined && { country: options['country'] }),
    ...(options['includeUnconfirmed'] === true && { include_unconfirmed: true }),
    ...(options['tag'] !== undefined && { tags: options['tag'] }),
    ...(options['origin'] !== undefined && { origin: options['origin'] }),
  };
}

/** Headers may have the sign in them, fields have not. */
function readPair(text: string): [string, string] {
  const at = text.lastIndexOf('=');
  if (at > 0 && at < text.length - 1) return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  throw new TidingsError('invalid_argument', `--map is "${text}", which is no column and field.`, {
    fix: "Write --map 'Column=field', for example --map 'Email - Work=email'.",
  });
}

function describe(
  report: ImportReport,
  rejectsFile: string | null,
  warningsFile: string | null,
  columns: readonly string[],
): string {
  const { created, updated, unchanged, rejected } = report;
  const lines = [
    ...columns,
    `${counted(report.rows, 'row')}: ${count(created)} created, ${count(updated)} updated, ` +
      `${count(unchanged)} unchanged, ${count(rejected)} rejected`,
  ];
  const list = (entries: ImportReport['rejects'], total: number) => {
    for (const { line, reason } of entries) lines.push(`  line ${line}: ${oneLine(reason)}`);
    if (total > entries.length) lines.push(`  … and ${count(total - entries.length)} more`);
  };
  if (rejected > 0) {
    lines.push(
      rejectsFile === null
        ? 'Not kept (--rejects FILE writes them to a file):'
        : `Not kept; correct them in ${rejectsFile} and import it:`,
    );
    list(report.rejects, rejected);
  }
  if (report.suppressed > 0)
    lines.push(
      `Said no, bounced or complained: ${counted(report.suppressed, 'row')}; their contacts are suppressed.`,
    );
  if (report.unconfirmed > 0)
    lines.push(
      `Never said yes, by this file: ${counted(report.unconfirmed, 'row')}; kept out of sends, unless --include-unconfirmed lets them in.`,
    );
  for (const { column, value, channel, reason, count: rows } of report.asks)
    lines.push(`  ${oneLine(column)}: ${oneLine(value)} (${counted(rows, 'row')}) → ${reason}, ${channel}`);
  lines.push(...report.notices.map(oneLine));
  if (report.warnings_count > 0) {
    lines.push(
      `Kept, and worth a look${warningsFile === null ? '' : `; all of them are in ${warningsFile}`}:`,
    );
    list(report.warnings, report.warnings_count);
  }
  return lines.join('\n');
}

/** @returns null when the size says nothing, as for a pipe. */
export function sizeOf(file: string): number | null {
  const fix = 'Give the path of a CSV, XLSX or vCard file, or - for standard input.';
  if (file === '') throw new TidingsError('invalid_file', 'The name of the file is empty.', { fix });
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(file);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new TidingsError(
      'invalid_file',
      missing ? `There is no file ${file}.` : `${file} cannot be read.`,
      {
        fix,
      },
    );
  }
  if (stat.isDirectory()) throw new TidingsError('invalid_file', `${file} is a folder, not a file.`, { fix });
  return stat.isFile() ? stat.size : null;
}

export async function* toBytes(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

const bytes = (amount: number) => `${count(amount)} B`;
const megabytes = (amount: number) => `${(amount / 1e6).toFixed(amount < 1e7 ? 2 : 0)} MB`;
