import { setImmediate as yieldTurn } from 'node:timers/promises';
import { TidingsError } from '../../errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { ChannelName } from '../channel.ts';
import { type Refusal, suppressMany } from '../suppressions/suppression.store.ts';
import type { SuppressionReason } from '../suppressions/suppression.ts';
import type { ImportOptions } from './import-csv.ts';
import { ImportRecord } from './import-record.ts';
import type { RefusalPlan } from './reading/refusal-row.ts';

export type SuppressionReport = {
  readonly success: true;
  readonly import_id: string;
  rows: number;
  created: number;
  unchanged: number;
  rejected: number;
  readonly by_reason: Record<string, number>;
  rejects: { line: number; reason: string }[];
  columns: Record<string, string>;
  readonly notices: string[];
};

export interface SuppressionImportOptions
  extends Pick<ImportOptions, 'file' | 'signal' | 'onProgress' | 'onRejectsCsv'> {
  readonly channel?: ChannelName | undefined;
  readonly reason?: SuppressionReason | undefined;
}

const LISTED = 20;
const BATCH_ROWS = 1_000;

interface Line {
  readonly line: number;
  readonly record: string[];
  readonly read: Refusal[] | string;
}

/**
 * Suppresses every contact of a list of any size, in flat memory, a batch for each transaction. A contact that is
 * suppressed already stays so, for the weightier reason: the same list twice changes nothing.
 * @throws TidingsError `invalid_file` when nothing of it can be read.
 */
export async function importSuppressions(
  { ledger, defaultCountry }: { ledger: Ledger; defaultCountry: string | null },
  input: AsyncIterable<Uint8Array>,
  options: SuppressionImportOptions = {},
): Promise<SuppressionReport> {
  const facts = { kind: 'suppressions', tags: null, origin: null, country: defaultCountry } as const;
  const record = new ImportRecord(ledger, { ...facts, file: options.file ?? null });
  const report: SuppressionReport = {
    success: true,
    import_id: record.id,
    rows: 0,
    created: 0,
    unchanged: 0,
    rejected: 0,
    by_reason: {},
    rejects: [],
    columns: {},
    notices: [],
  };
  const stored = () => ({ ...report, rejects: undefined });
  const save = (batch: readonly Line[]) => saveBatch(ledger, record, report, batch, stored);
  try {
    await readAll(input, defaultCountry, options, record, report, save);
  } catch (error) {
    await record.end('stopped', stored()).catch(() => {});
    throw error;
  }
  await record.end('completed', stored());
  return report;
}

async function saveBatch(
  ledger: Ledger,
  record: ImportRecord,
  report: SuppressionReport,
  batch: readonly Line[],
  stored: () => object,
): Promise<void> {
  const refusals = batch.flatMap(({ read }) => (typeof read === 'string' ? [] : read));
  for (const { line, read, record: fields } of batch) {
    report.rows += 1;
    if (typeof read !== 'string') continue;
    report.rejected += 1;
    if (report.rejects.length < LISTED) report.rejects.push({ line, reason: read });
    record.note('reject', line, read, fields);
  }
  for (const { reason } of refusals) report.by_reason[reason] = (report.by_reason[reason] ?? 0) + 1;
  const before = { created: report.created, unchanged: report.unchanged };
  const reset = record.checkpoint();
  await ledger.write(async (tx) => {
    reset();
    const created = await suppressMany(tx, refusals, await record.begin(tx));
    report.created = before.created + created;
    report.unchanged = before.unchanged + refusals.length - created;
    await record.move(tx, stored());
  });
  record.moved();
}

async function readAll(
  input: AsyncIterable<Uint8Array>,
  country: string | null,
  options: SuppressionImportOptions,
  record: ImportRecord,
  report: SuppressionReport,
  save: (batch: readonly Line[]) => Promise<void>,
): Promise<void> {
  // Loaded when there is a file.
  const { damaged, isBlank } = await import('./csv/read-leads-csv.ts');
  const { openTable } = await import('./open-table.ts');
  const { csvLine, fromText } = await import('./csv/write-csv.ts');
  const { hasHeader, planRefusals, readRefusals } = await import('./reading/refusal-row.ts');
  const { REJECT_COLUMNS } = await import('./reading/reject-columns.ts');
  const { pieces, seen, notices } = await openTable(input);
  report.notices.push(...notices);
  const defaults = {
    channel: options.channel ?? null,
    reason: options.reason ?? null,
    country,
    file: options.file ?? 'import',
    now: new Date().toISOString(),
  };
  let plan: RefusalPlan | undefined;
  let batch: Line[] = [];
  let rejects = 0;
  const flush = async () => {
    options.signal?.throwIfAborted();
    await save(batch);
    for (const { line, read, record: fields } of batch) {
      if (typeof read !== 'string') continue;
      if (rejects++ === 0) options.onRejectsCsv?.(csvLine([...REJECT_COLUMNS, ...plan!.header]));
      options.onRejectsCsv?.(csvLine([String(line), read, ...fields]));
    }
    batch = [];
    options.onProgress?.({ bytes: seen.bytesRead, rows: report.rows });
    await yieldTurn();
  };
  for await (const records of pieces) {
    for (const one of records) {
      if (isBlank(one)) continue;
      const fields = one.fields.map(fromText);
      if (!plan) {
        const isHeader = one.problem === undefined && hasHeader(fields, country);
        plan = planRefusals(isHeader ? fields : fields.map(() => ''));
        report.columns = plan.shown;
        record.header = plan.header;
        if (isHeader) continue;
      }
      const read = one.problem ?? damaged(fields, seen) ?? readRefusals(fields, plan, defaults);
      batch.push({ line: one.line, record: fields, read });
      if (batch.length >= BATCH_ROWS) await flush();
    }
    await yieldTurn();
  }
  if (!plan)
    throw new TidingsError('invalid_file', 'The file is empty.', {
      fix: 'Give a CSV with a column of emails or phones, or one contact in each line.',
    });
  if (batch.length > 0 || report.rows === 0) await flush();
}
