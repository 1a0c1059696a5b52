import { count, counted } from '../amounts.ts';
import type { ImportReport } from '../core/leads/lead.schema.ts';
import type { ImportPreview } from '../core/leads/preview.schema.ts';
import { oneLine } from '../visible.ts';
import type { Output } from './output.ts';

type Columns = ImportReport['columns'];

/** What a file without any way to reach somebody needs; null: it has one. */
function howToReach(fields: readonly string[], file: string): string | null {
  if (fields.length === 0 || fields.includes('email') || fields.includes('phone')) return null;
  return `Say which column is an email or a phone, as in\n  tidings leads import ${file} --map 'Column=email'`;
}

const isMapped = (field: string) => !field.startsWith('metadata.');
const unmappedFirst = ([, one]: [string, string], [, other]: [string, string]) =>
  Number(isMapped(one)) - Number(isMapped(other));

/** How each column was read, those first that are none of our fields. */
export function describeColumns(columns: Columns, output: Output, file: string): string[] {
  const rows = Object.entries(columns).sort(unmappedFirst);
  if (rows.length === 0) return [];
  const missing = howToReach(Object.values(columns), file);
  const table = output.table(['column', 'read as'], rows);
  return missing === null ? [`${table}\n`] : [`${table}\n`, `${output.colors.red(missing)}\n`];
}

/** The whole preview for people. */
export function describePreview(preview: ImportPreview, output: Output, file: string): string {
  const { columns, reach, said_no, rows, rejected, known, duplicates, erased_before, unconfirmed } = preview;
  const samples = columns.map(({ column, field, samples: values }) => [
    column,
    field,
    values
      .map(({ given, kept }) => (kept === null || kept === given ? given : `${given} → ${kept}`))
      .join(', '),
  ]);
  const channels = (['whatsapp', 'email'] as const).map((channel) => {
    const { reachable, said_no: no, without_contact } = reach[channel];
    return [channel, reachable, no, without_contact];
  });
  const more = (name: string, list: ImportPreview['rejects'], total: number) =>
    total === 0
      ? []
      : [
          `${name}:`,
          ...list.slice(0, 5).map(({ line, reason }) => `  line ${line}: ${oneLine(reason)}`),
          ...(total > 5 ? [`  … and ${count(total - 5)} more`] : []),
        ];
  const about = [
    `${counted(rows, 'row')}: ${count(known)} known already, ${count(duplicates)} twice in the file, ${count(rejected)} would not be kept`,
    ...Object.entries(said_no).map(([reason, people]) => `  ${reason}: ${count(people)}`),
    ...(unconfirmed > 0
      ? [
          `Never said yes: ${count(unconfirmed)}; kept out of sends, unless --include-unconfirmed lets them in.`,
        ]
      : []),
    ...(erased_before > 0 ? [`Erased here before: ${count(erased_before)}; they stay out.`] : []),
    ...more('Would not be kept', preview.rejects, rejected),
    ...more('Worth a look', preview.warnings, preview.warnings_count),
    ...preview.notices.map(oneLine),
  ];
  const missing = howToReach(
    columns.map(({ field }) => field),
    file,
  );
  return [
    output.table(['column', 'read as', 'for example'], samples),
    output.table(['', 'reachable', 'said no', 'without contact'], channels),
    about.join('\n'),
    missing === null
      ? `Nothing was stored. To import: tidings leads import ${file}`
      : output.colors.red(missing),
  ].join('\n\n');
}
