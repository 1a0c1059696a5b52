import { byDialect, type Reader } from '../../../ledger/ledger.ts';
import { CHANNEL_NAMES, CHANNELS } from '../../channel.ts';
import { SCOPES } from '../../suppressions/suppression.ts';
import { csvLine } from '../csv/write-csv.ts';
import { nextLead } from '../filter/next-lead.ts';
import type { Selection } from '../filter/selection.ts';
import { LEAD_COLUMNS } from '../lead.ts';
import { eachSpan, newestLead, readSpans } from '../scan.ts';
import { ExportedKeys, exportHeader } from './columns.ts';
import { type ExportedRow, leadCells } from './lead-cells.ts';

const SAID = byDialect({
  sqlite: 'json_array(s.reason, s.created_at, s.source)',
  postgres: 'CAST(json_build_array(s.reason, s.created_at, s.source) AS TEXT)',
});

/** In the statement that reads the lead: one that is suppressed or erased meanwhile is whole, before or after that. */
function columnsFor(reader: Reader): string[] {
  const own = LEAD_COLUMNS.split(', ').filter((column) => column !== 'l.seq' && column !== 'l.deleted_at');
  const told = CHANNEL_NAMES.map(
    (channel) => `(SELECT ${SAID(reader)} FROM suppressions s
      WHERE s.channel IN ('${SCOPES[channel].join("', '")}') AND s.contact = l.${CHANNELS[channel].key}
      ORDER BY s.channel LIMIT 1) AS ${channel}_said`,
  );
  return [...own, ...told];
}

/**
 * All leads of a selection as one CSV, a piece for each span of them: flat memory, however many there are. Two passes,
 * since the header names every metadata key. Who is in it was there when it began, each as they were at one moment;
 * keys that came since stand in the column for the rest.
 * @throws TidingsError `conflict` when `signal` is aborted
 */
export async function* exportLeads(
  reader: Reader,
  selection: Selection,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const newest = await newestLead(reader);
  const next = (after: number) => nextLead(reader, selection, after);
  const keys = new ExportedKeys();
  const metadata = (after: number, through: number) =>
    selection.rows<{ metadata: string }>(reader, after, through, ['l.metadata']);
  for await (const rows of readSpans(reader, 0, newest, metadata, signal, next)) {
    for (const row of rows) keys.add(row.metadata);
    if (keys.isFull) break;
  }
  const columns = keys.sorted();
  yield csvLine(exportHeader(columns));
  const read = (after: number, through: number) => readRows(reader, selection, after, through);
  for await (const rows of readSpans(reader, 0, newest, read, signal, next)) {
    const lines = rows.map((row) => csvLine(leadCells(row, columns)));
    if (lines.length > 0) yield lines.join('');
  }
}

/** Characters of CSV after which a page ends early: an answer holds it as JSON, and over MCP twice. */
const PAGE_CHARS = 500_000;

/** Some of them as a CSV of their own, with a header of their own. @returns `next`: the last of them, null: of all */
export async function exportPage(
  reader: Reader,
  selection: Selection,
  behind: number,
  limit: number,
  signal?: AbortSignal,
): Promise<{ csv: string; leads: number; next: number | null }> {
  const page: ExportedRow[] = [];
  let chars = 0;
  let isCut = false;
  const take = async (after: number, through: number) => {
    for (const row of await readRows(reader, selection, after, through)) {
      chars += row.metadata.length + (row.notes?.length ?? 0);
      isCut = page.length === limit || (chars > PAGE_CHARS && page.length > 0);
      if (isCut) return false;
      page.push(row);
    }
    return true;
  };
  await eachSpan(reader, behind, take, signal, (after) => nextLead(reader, selection, after));
  const keys = new ExportedKeys();
  for (const row of page) keys.add(row.metadata);
  const columns = keys.sorted();
  const lines = [exportHeader(columns), ...page.map((row) => leadCells(row, columns))].map(csvLine);
  return { csv: lines.join(''), leads: page.length, next: isCut ? page.at(-1)!.seq : null };
}

function readRows(
  reader: Reader,
  selection: Selection,
  after: number,
  through: number,
): Promise<ExportedRow[]> {
  return selection.rows<ExportedRow>(reader, after, through, columnsFor(reader));
}
