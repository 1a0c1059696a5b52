import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { ImportReport } from '../core/leads/lead.schema.ts';
import { TidingsError } from '../errors.ts';
import { runUpload } from '../operations/run-operation.ts';
import { oneLine } from '../visible.ts';
import { CALLER, type CommandContext, operationNamed } from './context.ts';
import { onInterrupt } from './interrupt.ts';
import { RejectsFile } from './rejects-file.ts';
import { count } from './table.ts';

/** `leads import`: a file of any size, in flat memory. */
export async function importFile(
  context: CommandContext,
  file: string,
  rejectsFile: string | undefined,
): Promise<number> {
  const { host, output } = context;
  const stdin = file === '-';
  const size = stdin ? null : sizeOf(file);
  const beside = stdin ? null : RejectsFile.beside(file);
  const rejects =
    rejectsFile === undefined ? beside : new RejectsFile(rejectsFile, true, stdin ? null : file);
  return context.withTidings(async (tidings) => {
    const bar = output.bar('Importing', size === null || size > 9_999 ? megabytes : bytes);
    const stop = new AbortController();
    const release = onInterrupt(() => stop.abort());
    let rows = 0;
    const input = stdin ? toBytes(host.stdin) : createReadStream(file, { highWaterMark: 1 << 18 });
    try {
      const report = (await runUpload(operationNamed(tidings, 'leads.import'), input, {}, CALLER, {
        ...(!stdin && { file: basename(file) }),
        signal: stop.signal,
        onProgress(progress) {
          rows = progress.rows;
          bar.update(progress.bytes, size, `${count(rows)} rows`);
        },
        onRejectsCsv: (text) => rejects?.write(text),
      })) as ImportReport;
      bar.stop();
      const path = rejects?.path ?? null;
      output.result({ ...report, ...(path && { rejects_file: path }) }, () => describe(report, path));
      return report.rows > 0 && report.rejected === report.rows ? 1 : 0;
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      bar.stop();
      throw new TidingsError('conflict', `Stopped after ${count(rows)} rows; those are stored.`, {
        fix: 'Import the file again to go on: leads that are known already are not made twice.',
      });
    } finally {
      bar.stop();
      release();
      rejects?.close();
    }
  }, 'create');
}

function describe(report: ImportReport, rejectsFile: string | null): string {
  const { created, updated, unchanged, rejected } = report;
  const lines = [
    `${count(report.rows)} rows: ${count(created)} created, ${count(updated)} updated, ` +
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
      `Said no, bounced or complained: ${count(report.suppressed)} rows; their contacts are suppressed.`,
    );
  if (report.unconfirmed > 0)
    lines.push(
      `Never said yes, by this file: ${count(report.unconfirmed)} rows; they are kept out of sends.`,
    );
  for (const { column, value, channel, reason, count: rows } of report.asks)
    lines.push(`  ${oneLine(column)}: ${oneLine(value)} (${count(rows)} rows) → ${reason}, ${channel}`);
  lines.push(...report.notices.map(oneLine));
  if (report.warnings_count > 0) {
    lines.push('Kept, and worth a look:');
    list(report.warnings, report.warnings_count);
  }
  return lines.join('\n');
}

/** @returns null when the size says nothing, as for a pipe. */
export function sizeOf(file: string): number | null {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(file);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new TidingsError('invalid_file', missing ? `There is no file ${file}.` : `${file} cannot be read.`);
  }
  if (stat.isDirectory()) throw new TidingsError('invalid_file', `${file} is a folder, not a CSV file.`);
  return stat.isFile() ? stat.size : null;
}

export async function* toBytes(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

const bytes = (amount: number) => `${count(amount)} B`;
const megabytes = (amount: number) => `${(amount / 1e6).toFixed(amount < 1e7 ? 2 : 0)} MB`;
