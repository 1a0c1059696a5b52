import * as z from 'zod';
import { Selection } from '../core/leads/filter/selection.ts';
import { lead, leadFields, leadFilters, leadId, success } from '../core/leads/lead.schema.ts';
import {
  countLeads,
  findLead,
  findLeadByEmail,
  insertLead,
  LIST_ORDERS,
  type ListOrder,
  type ListPlace,
  leadList,
  updateLead,
} from '../core/leads/lead.store.ts';
import { type LeadRow, toLead } from '../core/leads/lead.ts';
import { TEXT_FIELDS } from '../core/leads/lead-input.ts';
import { metadataColumns } from '../core/leads/metadata.ts';
import { checkLead, composedName, newLead, tagsColumn } from '../core/leads/save-lead.ts';
import { toShortLead } from '../core/leads/short-lead.ts';
import { erasedAmong } from '../core/suppressions/erased-contact.ts';
import { TidingsError } from '../errors.ts';
import type { Ledger, Reader, Transaction } from '../ledger/ledger.ts';
import { chooseLeads } from './choose-leads/choose-leads.ts';
import { creationNotice, goneSince, idempotencyKey, makeOnce, noticeThen } from './creations/creating.ts';
import { type Creation, timeOf } from './creations/creation.store.ts';
import { exportLeadsOperation } from './export-leads.ts';
import { importLeadsOperations } from './import-leads.ts';
import { leadFieldsOperation } from './lead-fields.ts';
import { leadPageOperation } from './lead-page.ts';
import { type Operation, operation } from './operation.ts';
import { noCursor, readCursor, readPage } from './page.ts';
import { fieldArguments, listedLead, onlyFields } from './shown-fields.ts';

export interface LeadContext {
  readonly ledger: Ledger;
  readonly defaultCountry: string | null;
  /** What is kept of a contact that was erased holds for it again. */
  readonly restoreContact: (tx: Transaction, contact: string) => Promise<void>;
}

const leadAnswer = z.looseObject({ success, lead, warnings: z.array(z.string()) });

const restoreErased = z
  .boolean()
  .default(false)
  .describe('Take back a contact that was erased, knowingly: only when that person asks for it');

export function leadOperations(context: LeadContext): Operation[] {
  const { ledger, defaultCountry } = context;
  /** Those who were erased come back knowingly, or not at all. */
  const admit = async (tx: Transaction, keys: readonly (string | null)[], restores: boolean) => {
    for (const contact of (
      await erasedAmong(
        tx,
        keys.filter((key) => key !== null),
      )
    ).keys()) {
      if (!restores) throw wasErased(contact);
      await context.restoreContact(tx, contact);
    }
  };
  return [
    operation({
      name: 'leads.create',
      summary: 'Adds one lead.',
      effect: 'write',
      route: 'POST /leads',
      input: leadFields.partial().extend({ restore_erased: restoreErased, idempotency_key: idempotencyKey }),
      output: leadAnswer.extend({ notice: creationNotice }),
      async run({ restore_erased, idempotency_key, ...given }) {
        const input = withoutEmpty(given);
        if (!input.name && !input.first_name && !input.last_name && !input.email && !input.phone) {
          throw new TidingsError('invalid_argument', 'A lead needs at least a name, an email or a phone.');
        }
        const checked = checkLead(input, defaultCountry);
        const row = newLead(checked, new Date().toISOString());
        const call = { operation: 'leads.create', input, idempotencyKey: idempotency_key };
        return ledger.write(async (tx) => {
          const made = await makeOnce(tx, call, row.id, async (earlier) => {
            const same = row.email_key === null ? undefined : await findLeadByEmail(tx, row.email_key);
            if (same) throw emailTaken(same, earlier);
            await admit(tx, [row.email_key, row.phone_key], restore_erased);
            await insertLead(tx, row);
          });
          const repeated = 'repeated' in made ? made.repeated : null;
          const kept = repeated && (await findLead(tx, repeated.made_id));
          if (repeated && !kept) throw goneSince('lead', repeated);
          const notice = 'notice' in made ? made.notice : await noticeThen(tx, call, made.repeated);
          return {
            success: true as const,
            lead: toLead(kept ?? { ...row, seq: 0, deleted_at: null }),
            warnings: [...checked.warnings],
            ...(notice !== undefined && { notice }),
          };
        });
      },
    }),

    ...importLeadsOperations(context),

    operation({
      name: 'leads.list',
      summary:
        'Lists leads with filters and search, oldest first or in another order; long notes and metadata are shortened.',
      effect: 'read',
      route: 'GET /leads',
      input: leadFilters.omit({ sample: true, sample_seed: true }).extend({
        order: z
          .enum(LIST_ORDERS)
          .default('oldest')
          .describe('oldest or newest first, by name, or updated: the latest change first'),
        limit: z.int().min(1).max(200).default(50).describe('Leads in one answer'),
        cursor: z.string().max(2_000).optional().describe('next_cursor of the answer before'),
        ...fieldArguments,
      }),
      output: z.looseObject({
        success,
        leads: z.array(listedLead),
        total_count: z
          .int()
          .nullable()
          .describe('null: with these filters too many leads would have to be looked through to tell'),
        next_cursor: z.string().nullable().describe('null: this was the last page'),
      }),
      async run({ order, limit, cursor, fields, concise, ...filters }, { signal }) {
        const selection = new Selection(await chooseLeads(ledger, filters));
        const { shown, next } = await readPage({
          limit,
          after: readPlace(cursor, order),
          read: leadList(ledger, selection, order, limit, signal),
          placeOf: ({ seq, value }): ListPlace | null => ({ seq, value }),
          show: (row) => onlyFields(toShortLead(row), { fields, concise }),
        });
        return {
          success: true as const,
          leads: shown,
          // A first page that is the last has shown them all.
          total_count:
            cursor === undefined && next === null
              ? shown.length
              : await countLeads(ledger, selection, signal),
          next_cursor: next === null ? null : writePlace(next, order),
        };
      },
    }),

    // Before the one by id, which would take "fields" and "export" for one.
    leadFieldsOperation(ledger),
    exportLeadsOperation(ledger),

    leadPageOperation(ledger, defaultCountry),

    operation({
      name: 'leads.update',
      summary: 'Changes the given fields of a lead; null or an empty text clears a field.',
      effect: 'write',
      route: 'PATCH /leads/{lead_id}',
      input: leadFields.partial().extend({ lead_id: leadId, restore_erased: restoreErased }),
      output: leadAnswer,
      async run({ lead_id, restore_erased, ...given }) {
        const input = withoutEmpty(given);
        return ledger.write(async (tx) => {
          const row = await existingLead(tx, lead_id);
          const checked = checkLead({ ...input }, defaultCountry);
          const next: LeadRow = { ...row, updated_at: laterThan(row.updated_at) };
          for (const field of TEXT_FIELDS) {
            if (input[field] !== undefined) next[field] = input[field];
          }
          if (input.name === undefined && (input.first_name !== undefined || input.last_name !== undefined))
            next.name = composedName(next.first_name, next.last_name) || null;
          if (checked.input.phone) next.phone = checked.input.phone;
          if (input.tags !== undefined) next.tags = tagsColumn(input.tags);
          if (input.status !== undefined) next.status = input.status;
          if (input.metadata !== undefined) Object.assign(next, metadataColumns(input.metadata));
          if (input.email !== undefined) next.email_key = checked.emailKey;
          if (input.phone !== undefined) next.phone_key = checked.phoneKey;
          if (next.email_key !== null && next.email_key !== row.email_key) {
            const same = await findLeadByEmail(tx, next.email_key);
            if (same && same.seq !== row.seq) throw emailTaken(same);
          }
          await admit(tx, [next.email_key, next.phone_key], restore_erased);
          await updateLead(tx, row.seq, next);
          return { success: true as const, lead: toLead(next), warnings: [...checked.warnings] };
        });
      },
    }),
  ];
}

/** A change is never as old as what it changes: by that it is seen, when an import is taken back, that there was one. */
function laterThan(time: string): string {
  return new Date(Math.max(Date.now(), (Date.parse(time) || 0) + 1)).toISOString();
}

export async function existingLead(reader: Reader, id: string): Promise<LeadRow> {
  const row = await findLead(reader, id);
  if (!row)
    throw new TidingsError('not_found', `There is no lead ${id}.`, {
      fix: (words) => `${words.operation('leads.list')} shows the leads there are.`,
    });
  return row;
}

function wasErased(contact: string): TidingsError {
  return new TidingsError('conflict', `${contact} was erased here, and is not taken in again by itself.`, {
    fix: 'When that person wants to be written to again, give restore_erased: true.',
  });
}

/** An empty text says that there is none. */
function withoutEmpty<T extends object>(input: T): T {
  return Object.fromEntries(
    Object.entries(input).map(([name, value]) => [name, value === '' ? null : value]),
  ) as T;
}

function emailTaken(same: LeadRow, earlier: Creation | null = null): TidingsError {
  const made = earlier?.made_id === same.id ? `: the same call made it at ${timeOf(earlier)}` : '';
  return new TidingsError('conflict', `Lead ${same.id} has this email already${made}.`, {
    fix: 'Update that lead, or import: an import updates known leads.',
  });
}

/** Between leads that are ordered by a text the place is that text, too: one that is changed later loses nobody. */
function writePlace({ seq, value }: ListPlace, order: ListOrder): string {
  if (order === 'oldest') return String(seq);
  return `${order}.${seq}.${value === null ? '' : Buffer.from(value).toString('base64url')}`;
}

function readPlace(cursor: string | undefined, order: ListOrder): ListPlace | null {
  if (cursor === undefined) return null;
  if (order === 'oldest') return { seq: readCursor(cursor), value: null };
  const [of, seq = '', value = ''] = cursor.split('.');
  if (of !== order || cursor.split('.').length !== 3) throw noCursor(cursor);
  return { seq: readCursor(seq), value: Buffer.from(value, 'base64url').toString() || null };
}
