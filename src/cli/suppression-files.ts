import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { count, counted } from '../amounts.ts';
import type { SuppressionReport } from '../core/leads/import-suppressions.ts';
import { TidingsError } from '../errors.ts';
import { runUpload } from '../operations/run-operation.ts';
import { oneLine } from '../visible.ts';
import { type CommandContext, type Options, operationNamed, shellCaller } from './context.ts';
import { sizeOf, toBytes } from './import-file.ts';
import { onInterrupt } from './interrupt.ts';
import { RejectsFile } from './rejects-file.ts';

/** `suppressions import`: a list of any size, in flat memory. */
export async function importList(context: CommandContext, file: string, options: Options): Promise<number> {
  const { host, output } = context;
  const stdin = file === '-';
  const size = stdin ? null : sizeOf(file);
  const wanted = options['rejects'];
  const rejects =
    typeof wanted === 'string'
      ? new RejectsFile(wanted, true, stdin ? null : file)
      : stdin
        ? null
        : RejectsFile.beside(file);
  return context.withTidings(async (tidings) => {
    const bar = output.bar('Importing', (amount) => `${count(amount)} B`);
    const stop = new AbortController();
    const release = onInterrupt(() => stop.abort());
    let rows = 0;
    const input = stdin ? toBytes(host.stdin) : createReadStream(file, { highWaterMark: 1 << 18 });
    const { channel, reason } = options;
    const given = { ...(channel !== undefined && { channel }), ...(reason !== undefined && { reason }) };
    try {
      const report = (await runUpload(
        operationNamed(tidings, 'suppressions.import'),
        input,
        given,
        shellCaller(tidings),
        {
          ...(!stdin && { file: basename(file) }),
          signal: stop.signal,
          onProgress(progress) {
            rows = progress.rows;
            bar.update(progress.bytes, size, counted(rows, 'row'));
          },
          onRejectsCsv: (text) => rejects?.write(text),
        },
      )) as SuppressionReport;
      bar.stop();
      const path = rejects?.path ?? null;
      output.result({ ...report, ...(path && { rejects_file: path }) }, () => describe(report, path));
      return report.rows > 0 && report.rejected === report.rows ? 1 : 0;
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      throw new TidingsError('conflict', `Stopped after ${counted(rows, 'row')}; those are suppressed.`, {
        fix: 'Import the list again to go on: nothing is done twice.',
      });
    } finally {
      bar.stop();
      release();
      rejects?.close();
    }
  }, 'create');
}

function describe(report: SuppressionReport, rejectsFile: string | null): string {
  const lines = [
    `${counted(report.rows, 'row')}: ${counted(report.created, 'contact')} suppressed, ` +
      `${count(report.unchanged)} were already, ${count(report.rejected)} rejected`,
  ];
  for (const [reason, contacts] of Object.entries(report.by_reason))
    lines.push(`  ${reason}: ${count(contacts)}`);
  lines.push(...report.notices.map(oneLine));
  if (report.rejected > 0 && rejectsFile !== null) lines.push(`Not read; correct them in ${rejectsFile}:`);
  for (const { line, reason } of report.rejects) lines.push(`  line ${line}: ${oneLine(reason)}`);
  return lines.join('\n');
}
