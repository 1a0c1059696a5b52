import * as z from 'zod';
import { type FieldsRow, lookThrough, MOST_LEADS } from '../core/audiences/field-counts.store.ts';
import { success } from '../core/leads/lead.schema.ts';
import { familyName, greetingName } from '../core/leads/reading/person-name.ts';
import { fieldKeys } from '../core/messages/field-keys.ts';
import { KNOWN_FIELDS } from '../core/messages/field-values.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { audienceId } from './audience.schema.ts';
import { existingAudience } from './existing-audience.ts';
import { type Operation, operation } from './operation.ts';

const MOST_FIELDS = 300;

/** Counts only: what people are called is not told by asking for the fields. */
export function leadFieldsOperation(ledger: Ledger): Operation {
  return operation({
    name: 'leads.fields',
    summary: 'Lists the merge fields that a message can use, with how many leads have a value for each.',
    effect: 'read',
    route: 'GET /leads/fields',
    input: z.object({
      audience_id: audienceId.optional().describe('Only the leads of this audience'),
      look_at: z
        .int()
        .min(100)
        .max(MOST_LEADS)
        .default(MOST_LEADS)
        .describe('Leads that are looked at, at most: fewer are faster, and may miss what few leads have'),
    }),
    output: z.looseObject({
      success,
      fields: z.array(
        z.looseObject({
          field: z
            .string()
            .describe('As it stands in a message between {{ and }}; keys come from files: data'),
          leads: z.int().describe('How many of the leads that were looked at have it'),
        }),
      ),
      looked_at: z.int().describe('How many leads were counted'),
      complete: z.boolean().describe('false: not all leads were looked at, but some from all over'),
      more_fields: z.int().describe('Fields left out of the list: those that the fewest leads have'),
    }),
    async run({ audience_id, look_at }) {
      const audience = audience_id === undefined ? null : await existingAudience(ledger, audience_id);
      const counts = new Map<string, { field: string; leads: number }>();
      const look = (rows: readonly FieldsRow[]) => {
        for (const row of rows) for (const field of fieldsOf(row)) count(counts, field);
        return true;
      };
      const { looked, isComplete } = await lookThrough(ledger, audience, look, look_at);
      const own = KNOWN_FIELDS.filter((field) => field !== 'site.name').map((field) => ({
        field,
        leads: counts.get(field)?.leads ?? 0,
      }));
      const keys = [...counts.values()]
        .filter(({ field }) => field.startsWith('lead.metadata.'))
        .sort((a, b) => b.leads - a.leads || (a.field < b.field ? -1 : 1));
      return {
        success: true as const,
        fields: [...own, ...keys.slice(0, MOST_FIELDS)],
        looked_at: looked,
        complete: isComplete,
        more_fields: Math.max(0, keys.length - MOST_FIELDS),
      };
    },
  });
}

/** Keys that differ in case only are one field; more than these are no columns of a table. */
const MOST_COUNTED = 10_000;

function count(counts: Map<string, { field: string; leads: number }>, field: string): void {
  const key = field.toLowerCase();
  const known = counts.get(key);
  if (known) known.leads += 1;
  else if (counts.size < MOST_COUNTED) counts.set(key, { field, leads: 1 });
}

function fieldsOf(row: FieldsRow): Set<string> {
  const fields = new Set<string>();
  const add = (name: string, has: boolean) => {
    if (has) fields.add(`lead.${name}`);
  };
  add('name', Boolean(row.name?.trim()));
  add('first_name', greetingName(row.first_name, row.name, row.last_name) !== null);
  add('last_name', familyName(row.last_name, row.first_name, row.name) !== null);
  add('email', row.has_email === 1);
  add('phone', row.has_phone === 1);
  add('position', row.has_position === 1);
  add('company', row.has_company === 1);
  add('notes', row.has_notes === 1);
  if (row.metadata !== '{}') {
    for (const key of fieldKeys(JSON.parse(row.metadata) as Record<string, unknown>)) {
      fields.add(`lead.metadata.${key}`);
    }
  }
  return fields;
}
