import { setImmediate as yieldTurn } from 'node:timers/promises';
import type { Ledger } from '../../ledger/ledger.ts';
import type { CsvReject } from './csv/read-leads-csv.ts';
import { LeadImport, type LeadImportOptions } from './import-leads.ts';
import type { ImportReport } from './lead.schema.ts';

export interface ImportOptions extends LeadImportOptions {
  /** Header → field, for columns that are not known by themselves; `ignore` leaves one out. */
  readonly map?: Readonly<Record<string, string>>;
  /** Country of phones without a country code, in rows that name none. */
  readonly country?: string;
  /** Aborted when the caller is gone: what was stored stays stored. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { bytes: number; rows: number }) => void;
  /** Receives the text of the rejects CSV, line by line; called only when there are rejects. */
  readonly onRejectsCsv?: (text: string) => void;
  /** The same of rows that were kept, and are worth a look. */
  readonly onWarningsCsv?: (text: string) => void;
}

/**
 * Imports a CSV of any size in flat memory, a batch for each transaction: what was saved stays saved when the file
 * turns out broken further down, and the import is told as stopped.
 * @throws TidingsError `invalid_file` when nothing of it can be read.
 */
export async function importCsv(
  context: { ledger: Ledger; defaultCountry: string | null },
  input: AsyncIterable<Uint8Array>,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const country = options.country ?? context.defaultCountry;
  // By line and reason: a batch may be saved once more.
  const warned = new Map<string, readonly string[]>();
  const run = new LeadImport(context.ledger, country, {
    ...options,
    ...(options.onWarningsCsv && {
      onWarning: (line, reason, record) => warned.set(`${line} ${reason}`, [String(line), reason, ...record]),
    }),
  });
  try {
    await readAll(run, input, country, options, warned);
  } catch (error) {
    await run.end('stopped').catch(() => {});
    throw error;
  }
  await run.end('completed');
  return run.report;
}

async function readAll(
  run: LeadImport,
  input: AsyncIterable<Uint8Array>,
  country: string | null,
  options: ImportOptions,
  warned: Map<string, readonly string[]>,
): Promise<void> {
  // Loaded when there is a file: a server that only sends carries no CSV.
  const { readLeadsCsv } = await import('./csv/read-leads-csv.ts');
  const { REJECT_COLUMNS, WARNING_COLUMNS } = await import('./reading/reject-columns.ts');
  const { csvLine } = await import('./csv/write-csv.ts');
  let rejects = 0;
  let warnings = 0;
  for await (const batch of readLeadsCsv(input, { country, ...(options.map && { map: options.map }) })) {
    options.signal?.throwIfAborted();
    if (rowsBegin(run.report)) run.tell(batch);
    const refused: CsvReject[] = [...batch.rejects];
    for (const { line, reason, record } of batch.rejects) run.reject(line, reason, record);
    for (const { at, reason } of await run.save(batch.rows)) {
      const { line, record } = batch.rows[at]!;
      refused.push({ line, record, reason });
    }
    // The columns of the original, so that it can be mended and imported as it is. Ours, which the importer passes over,
    // stand first: a row with too many or too few fields would shift whatever comes after it.
    for (const { line, reason, record } of refused) {
      if (rejects++ === 0) options.onRejectsCsv?.(csvLine([...REJECT_COLUMNS, ...batch.header]));
      options.onRejectsCsv?.(csvLine([String(line), reason, ...record]));
    }
    for (const row of warned.values()) {
      if (warnings++ === 0) options.onWarningsCsv?.(csvLine([...WARNING_COLUMNS, ...batch.header]));
      options.onWarningsCsv?.(csvLine(row));
    }
    warned.clear();
    options.onProgress?.({ bytes: batch.bytesRead, rows: run.report.rows });
    await yieldTurn();
  }
}

function rowsBegin({ columns }: ImportReport): boolean {
  return Object.keys(columns).length === 0;
}
