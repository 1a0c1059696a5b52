import { type LeadWire, leadFields } from './lead.schema.ts';

/** What a caller or a file says of a lead; undefined: says nothing, null: says there is none. */
export interface LeadInput {
  readonly name?: string | null;
  readonly first_name?: string | null;
  readonly last_name?: string | null;
  readonly email?: string | null;
  readonly phone?: string | null;
  readonly position?: string | null;
  readonly company?: string | null;
  readonly notes?: string | null;
  readonly status?: LeadWire['status'];
  readonly origin?: string | null;
  readonly tags?: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export const TEXT_FIELDS = [
  'name',
  'first_name',
  'last_name',
  'email',
  'phone',
  'position',
  'company',
  'notes',
  'origin',
] as const;
/** The same limits as for whoever saves a lead by hand. */
export const MAX_LENGTH = Object.fromEntries(
  TEXT_FIELDS.map((field) => [field, leadFields.shape[field].unwrap().maxLength ?? Number.POSITIVE_INFINITY]),
) as Record<(typeof TEXT_FIELDS)[number], number>;
