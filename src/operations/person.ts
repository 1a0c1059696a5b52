import * as z from 'zod';
import { normalizeContact } from '../core/leads/contact.ts';
import { leadId, success } from '../core/leads/lead.schema.ts';
import { TidingsError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { erasePeople } from '../person/erase-person.ts';
import { exportPerson, isKnown, personExport } from '../person/export-person.ts';
import { leadsWith } from '../person/person.store.ts';
import { existingLead } from './leads.ts';
import { type Operation, operation } from './operation.ts';

const contact = z
  .string()
  .trim()
  .min(1)
  .max(320)
  .describe('Email address, or phone number with country code, in any spelling');

const andSuppress = z
  .boolean()
  .default(false)
  .describe('Never message these contacts again either, should they come back: kept as a keyed hash');

const counts = {
  success,
  leads_erased: z.int(),
  deliveries_erased: z.int(),
  outbox_entries_erased: z.int(),
  suppressed: z.boolean().describe('Whether the contacts stay suppressed, by their hash'),
  in_flight: z
    .int()
    .describe('Messages on their way at this moment; the rest of them is erased when they are answered'),
  notice: z.string(),
};

/** What is held about one person, and erasing it: by lead, or by any of their contacts. */
export function personOperations(options: { ledger: Ledger; defaultCountry: string | null }): Operation[] {
  const { ledger } = options;
  const keyOf = (given: string): string => {
    const read = normalizeContact(given.includes('@') ? 'email' : 'whatsapp', given, options.defaultCountry);
    if (read.ok) return read.value;
    throw new TidingsError('invalid_argument', `"${given}" is not a usable contact: ${read.reason}`, {
      fix: 'Give an email address, or a phone number as +52 55 1234 5678.',
    });
  };
  return [
    operation({
      name: 'leads.delete',
      summary:
        'Erases a lead and what was sent to it. Audiences keep its place; sends skip it, and so does the next import.',
      effect: 'write',
      route: 'DELETE /leads/{lead_id}',
      input: z.object({ lead_id: leadId, and_suppress: andSuppress }),
      output: z.looseObject({ ...counts, lead_id: z.string() }),
      async run({ lead_id, and_suppress }) {
        const done = await erasePeople(
          ledger,
          async (tx) => ({ leads: [await existingLead(tx, lead_id)], contacts: [] }),
          and_suppress,
        );
        return { ...answerOf(done), lead_id };
      },
    }),

    operation({
      name: 'person.export',
      summary: 'Shows everything that is held about a person, found by email or phone.',
      effect: 'read',
      route: 'GET /person',
      input: z.object({ contact }),
      output: personExport,
      run: ({ contact: given }) => exportPerson(ledger, keyOf(given)),
    }),

    operation({
      name: 'person.erase',
      summary:
        'Erases a person, found by email or phone: all leads with that contact, and what was sent to them.',
      effect: 'write',
      route: 'DELETE /person',
      input: z.object({ contact, and_suppress: andSuppress }),
      output: z.looseObject(counts),
      async run({ contact: given, and_suppress }) {
        const key = keyOf(given);
        if (!and_suppress && !(await isKnown(ledger, key))) {
          throw new TidingsError('not_found', `Nothing is held about ${key}.`, {
            fix: 'Look for another spelling with leads list. To keep it from being imported and messaged all the same, give and_suppress.',
          });
        }
        const done = await erasePeople(
          ledger,
          async (tx) => ({ leads: await leadsWith(tx, key), contacts: [key] }),
          and_suppress,
        );
        return answerOf(done);
      },
    }),
  ];
}

function answerOf(done: Awaited<ReturnType<typeof erasePeople>>) {
  return {
    success: true as const,
    leads_erased: done.leads,
    deliveries_erased: done.deliveries,
    outbox_entries_erased: done.outboxEntries,
    suppressed: done.suppressed,
    in_flight: done.inFlight,
    notice: [
      'A keyed hash is kept: an import refuses these contacts from now on; leads create with restore_erased takes them back.',
      ...(done.suppressed
        ? []
        : ['They are not suppressed: and_suppress keeps them from being messaged even then.']),
      ...(done.inFlight > 0 ? ['What a provider has in hand cannot be called back.'] : []),
      'Backups made before keep everything.',
    ].join(' '),
  };
}
