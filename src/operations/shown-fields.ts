import * as z from 'zod';
import { lead } from '../core/leads/lead.schema.ts';

const FIELDS = [
  'name',
  'first_name',
  'last_name',
  'email',
  'phone',
  'position',
  'company',
  'notes',
  'status',
  'origin',
  'tags',
  'metadata',
  'created_at',
] as const satisfies readonly (keyof typeof lead.shape)[];
const CONCISE: readonly string[] = ['name', 'email', 'phone'];
type Field = (typeof FIELDS)[number];

/** Arguments of lists of leads that keep an answer small: whoever reads it pays for each character. */
export const fieldArguments = {
  fields: z
    .array(z.enum(FIELDS))
    .min(1)
    .max(FIELDS.length)
    .optional()
    .describe('Only these of each lead, beside its id: as ["name", "email"]. Keeps the answer small'),
  concise: z
    .boolean()
    .default(false)
    .describe('Only name, email and phone, and nothing that is empty: the smallest answer'),
};

/** A lead of which some fields may not have been asked for. */
export const listedLead = lead.partial().required({ id: true });

/** @param lead with more than its own fields, which stay */
export function onlyFields<T extends { readonly shortened?: readonly string[] | undefined }>(
  shown: T,
  { fields, concise }: { readonly fields?: readonly Field[] | undefined; readonly concise: boolean },
): T {
  if (!fields && !concise) return shown;
  const wanted: readonly string[] = fields ?? CONCISE;
  const kept = Object.entries(shown).filter(
    ([name, value]) => (!isField(name) || wanted.includes(name)) && !(concise && value === null),
  );
  const shortened = shown.shortened?.filter((name) => wanted.includes(name));
  const { shortened: _, ...rest } = Object.fromEntries(kept);
  return { ...rest, ...(shortened && shortened.length > 0 && { shortened }) } as T;
}

function isField(name: string): name is Field {
  return (FIELDS as readonly string[]).includes(name);
}
