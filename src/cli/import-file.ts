import { accessSync, closeSync, constants, createReadStream, openSync, statSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ImportReport } from '../core/leads/lead.schema.ts';
import { TidingsError } from '../errors.ts';
import { runUpload } from '../operations/run-operation.ts';
import { CALLER, type CommandContext, operationNamed } from './context.ts';
import { onInterrupt } from './interrupt.ts';
import { count, printable } from './table.ts';

/** `leads import`: a file of any size, in flat memory. */
export async function importFile(
  context: CommandContext,
  file: string,
  rejectsFile: string | undefined,
): Promise<number> {
  const { host, output } = context;
  const stdin = file === '-';
  const size = stdin ? null : sizeOf(file);
  const target = rejectsFile ?? (stdin ? null : besideIt(file));
  if (target !== null && !stdin && resolve(target) === resolve(file)) {
    throw new TidingsError('invalid_argument', '--rejects is the file that is being read.', {
      fix: 'Name another file for the rows that are not kept.',
    });
  }
  // Found out before anything is stored, not at the first row that is refused.
  if (rejectsFile !== undefined && !canBeWritten(rejectsFile)) {
    throw new TidingsError('invalid_argument', `--rejects is ${rejectsFile}, which cannot be written.`, {
      fix: 'Name a file in a folder that exists and may be written.',
    });
  }
  return context.withTidings(async (tidings) => {
    const bar = output.bar('Importing', size === null || size > 9_999 ? megabytes : bytes);
    const stop = new AbortController();
    const release = onInterrupt(() => stop.abort());
    let rejects: number | null = null;
    let rows = 0;
    const input = stdin ? toBytes(host.stdin) : createReadStream(file, { highWaterMark: 1 << 18 });
    try {
      const report = (await runUpload(operationNamed(tidings, 'leads.import'), input, {}, CALLER, {
        signal: stop.signal,
        onProgress(progress) {
          rows = progress.rows;
          bar.update(progress.bytes, size, `${count(rows)} rows`);
        },
        onRejectsCsv(text) {
          if (target === null) return;
          // Written at once: a file where every row is refused must not pile up in memory.
          rejects ??= openSync(target, 'w');
          writeSync(rejects, text);
        },
      })) as ImportReport;
      bar.stop();
      const written = rejects === null ? {} : { rejects_file: target };
      output.result({ ...report, ...written }, () => describe(report, rejects === null ? null : target));
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
      if (rejects !== null) closeSync(rejects);
    }
  });
}

function describe(report: ImportReport, rejectsFile: string | null): string {
  const { created, updated, unchanged, rejected } = report;
  const lines = [
    `${count(report.rows)} rows: ${count(created)} created, ${count(updated)} updated, ` +
      `${count(unchanged)} unchanged, ${count(rejected)} rejected`,
  ];
  const list = (entries: ImportReport['rejects'], total: number) => {
    for (const { line, reason } of entries) lines.push(`  line ${line}: ${printable(reason)}`);
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
  if (report.warnings_count > 0) {
    lines.push('Kept, but with a contact that cannot be used as it is:');
    list(report.warnings, report.warnings_count);
  }
  return lines.join('\n');
}

/** @returns null when nothing can be written there. */
function besideIt(file: string): string | null {
  const target = file.replace(/(\.csv)?$/i, '.rejects.csv');
  return canBeWritten(target) ? target : null;
}

function canBeWritten(target: string): boolean {
  try {
    const there = statSync(target, { throwIfNoEntry: false });
    accessSync(there ? target : dirname(target), constants.W_OK);
    return !there?.isDirectory();
  } catch {
    return false;
  }
}

/** @returns null when the size says nothing, as for a pipe. */
function sizeOf(file: string): number | null {
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

async function* toBytes(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

const bytes = (amount: number) => `${count(amount)} B`;
const megabytes = (amount: number) => `${(amount / 1e6).toFixed(amount < 1e7 ? 2 : 0)} MB`;
