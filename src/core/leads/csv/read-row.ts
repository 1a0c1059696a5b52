import { leadFields } from '../lead.schema.ts';
import type { LeadInput } from '../save-lead.ts';
import { type ColumnPlan, type LeadField, parseStatus } from './columns.ts';

type TextField = Exclude<LeadField, 'status'>;
const TEXT_FIELDS = ['name', 'email', 'phone', 'position', 'company', 'notes', 'origin'] as const;
/** The same limits as for whoever saves a lead by hand. */
const MAX_LENGTH = Object.fromEntries(
  TEXT_FIELDS.map((field) => [field, leadFields.shape[field].unwrap().maxLength ?? Number.POSITIVE_INFINITY]),
) as Record<TextField, number>;

type Draft = { -readonly [Key in keyof LeadInput]: LeadInput[Key] };

/** Reads a record of as many fields as the header; a string says why it cannot be kept. */
export function readRow(record: readonly string[], plan: ColumnPlan): LeadInput | string {
  const draft: Draft = {};
  let metadata: Record<string, string> | undefined;
  for (const { field, index } of plan.fields) {
    const value = valueAt(record, index);
    if (value === undefined) continue;
    if (field === 'status') {
      const status = parseStatus(value);
      if (status) draft.status = status;
      else metadata = { [plan.statusKey]: value };
    } else {
      draft[field] = value;
    }
  }
  draft.name ??= joinName(valueAt(record, plan.firstName), valueAt(record, plan.lastName));
  for (const { key, index } of plan.metadata) {
    const value = valueAt(record, index);
    if (value === undefined) continue;
    metadata ??= {};
    metadata[key] = value;
  }
  if (metadata) draft.metadata = metadata;
  return tooLong(draft) ?? draft;
}

/** A blank says nothing, so that an import does not wipe what is known. */
function valueAt(record: readonly string[], index: number | undefined): string | undefined {
  return index === undefined ? undefined : record[index]?.trim() || undefined;
}

function joinName(first: string | undefined, last: string | undefined): string | undefined {
  return first && last ? `${first} ${last}` : (first ?? last);
}

function tooLong(draft: Draft): string | undefined {
  for (const field of TEXT_FIELDS) {
    const length = draft[field]?.length ?? 0;
    if (length > MAX_LENGTH[field]) {
      return `the ${field} has ${length} characters; at most ${MAX_LENGTH[field]} are kept`;
    }
  }
  return undefined;
}
