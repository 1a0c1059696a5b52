import * as z from 'zod';
import { success } from '../../core/leads/lead.schema.ts';
import { newId } from '../../core/new-id.ts';
import {
  changeDraft,
  type DraftRow,
  deleteDraft,
  findDraft,
  insertDraft,
  listDrafts,
} from '../../core/sends/draft.store.ts';
import { PLACEHOLDER_POLICIES } from '../../core/sends/send.ts';
import { TidingsError } from '../../errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { callerName } from '../caller-name.ts';
import { type Operation, operation } from '../operation.ts';
import { readCursor } from '../page.ts';
import { sendBulkMessagesInput } from './send.schema.ts';

export interface DraftContext {
  readonly ledger: Ledger;
  /** Where a person opens it. */
  readonly dashboardUrl: string;
}

const draftId = z.uuid().describe('UUID of the draft, as drafts.save and drafts.list return it');

/** What a draft may hold of a call of sendBulkMessages: all of it may be missing, and nothing of it is checked before it is sent. */
const content = sendBulkMessagesInput
  .pick({
    audience_id: true,
    channel: true,
    subject: true,
    preheader: true,
    from: true,
    sender: true,
    tracking: true,
    template: true,
    template_values: true,
    language: true,
    category: true,
  })
  .partial()
  .extend({
    message: z.string().max(2_000_000).optional().describe('As of sendBulkMessages'),
    campaign: z.string().trim().min(1).max(200).optional().describe('As of sendBulkMessages'),
    placeholder_policy: z.enum(PLACEHOLDER_POLICIES).optional().describe('As of sendBulkMessages'),
  });

const entry = z.looseObject({
  draft_id: z.string(),
  revision: z.int().describe('Grows with every change; drafts.save wants the one that was read'),
  title: z.string().nullable().describe('Its subject or first words'),
  channel: z.string().nullable(),
  audience_id: z.string().nullable(),
  created_at: z.string(),
  changed_at: z.string(),
  changed_by: z.string().describe('The key or person, as it was called then'),
  url: z.string().describe('Where a person reads, changes and sends it'),
});
const whole = entry.extend({ success, content: content.describe('Arguments of sendBulkMessages') });

/** Messages that are being written: kept for everybody who may write, and for nobody to overwrite unseen. */
export function draftOperations({ ledger, dashboardUrl }: DraftContext): Operation[] {
  const show = ({ id, revision, title, channel, audience_id, ...row }: Omit<DraftRow, 'content'>) => ({
    ...{ draft_id: id, revision, title, channel, audience_id },
    created_at: new Date(row.created_at).toISOString(),
    changed_at: new Date(row.changed_at).toISOString(),
    changed_by: row.changed_by,
    url: `${dashboardUrl}/drafts/${id}`,
  });
  const showWhole = (row: DraftRow) => ({
    success: true as const,
    ...show(row),
    content: JSON.parse(row.content) as z.output<typeof content>,
  });
  return [
    operation({
      name: 'drafts.list',
      summary: 'Lists the messages that are being written, the latest made first.',
      effect: 'read',
      route: 'GET /drafts',
      input: z.object({
        limit: z.int().min(1).max(200).default(50).describe('Drafts in one answer'),
        cursor: z.string().max(100).optional().describe('next_cursor of the answer before'),
      }),
      output: z.looseObject({ success, drafts: z.array(entry), next_cursor: z.string().nullable() }),
      async run({ limit, cursor }) {
        const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : readCursor(cursor);
        const rows = await listDrafts(ledger, before, limit + 1);
        const shown = rows.slice(0, limit);
        const next_cursor = rows.length > shown.length ? String(shown.at(-1)!.seq) : null;
        return { success: true as const, drafts: shown.map(show), next_cursor };
      },
    }),

    operation({
      name: 'drafts.get',
      summary: 'Shows a draft with its text, and who changed it last.',
      effect: 'read',
      route: 'GET /drafts/{draft_id}',
      input: z.object({ draft_id: draftId }),
      output: whole,
      async run({ draft_id }) {
        return showWhole((await findDraft(ledger, draft_id)) ?? unknown(draft_id));
      },
    }),

    operation({
      name: 'drafts.save',
      summary:
        'Keeps a message that is being written, whole: what is not given is not in it. Nothing is sent. On another revision than the latest it is refused, and nobody is overwritten.',
      effect: 'write',
      route: 'POST /drafts',
      input: content.extend({
        draft_id: draftId
          .optional()
          .describe('Of the draft, or a UUID of your own for a new one; default: a new one'),
        revision: z.int().min(0).default(0).describe('On which it was written; 0 for a new draft'),
      }),
      output: whole,
      async run({ draft_id: id = newId(), revision, ...given }, { caller }) {
        const change = {
          id,
          title: titleOf(given),
          channel: given.channel ?? null,
          audience_id: given.audience_id ?? null,
          content: JSON.stringify(given),
          changed_at: Date.now(),
          changed_by: callerName(caller),
        };
        const saved = await ledger.write(async (tx) => {
          const known = await findDraft(tx, id);
          if (!known && revision > 0) return unknown(id);
          // Whoever saw no answer saves it again: that is no change.
          if (known?.content === change.content) return known;
          if (known && known.revision !== revision) throw isNewer(known, revision);
          await (known ? changeDraft(tx, change) : insertDraft(tx, change));
          return (await findDraft(tx, id))!;
        });
        return showWhole(saved);
      },
    }),

    operation({
      name: 'drafts.delete',
      summary: 'Deletes a draft. What was sent of it stays.',
      effect: 'write',
      route: 'DELETE /drafts/{draft_id}',
      input: z.object({
        draft_id: draftId,
        revision: z.int().min(1).optional().describe('Only when nobody has changed it since this one'),
      }),
      output: z.looseObject({ success, draft_id: z.string() }),
      async run({ draft_id, revision }) {
        await ledger.write(async (tx) => {
          const known = (await findDraft(tx, draft_id)) ?? unknown(draft_id);
          if (revision !== undefined && known.revision !== revision) throw isNewer(known, revision);
          await deleteDraft(tx, draft_id);
        });
        return { success: true as const, draft_id };
      },
    }),
  ];
}

/** Of an email the subject; of others, and while it has none, how the text begins. */
function titleOf({ subject, message }: z.output<typeof content>): string | null {
  const words = (message ?? '').slice(0, 2_000).replaceAll(/<[^>]*>?/g, ' ');
  const title = (subject?.trim() || words).replaceAll(/\s+/g, ' ').trim();
  return title === '' ? null : title.slice(0, 100).toWellFormed();
}

function unknown(id: string): never {
  throw new TidingsError('not_found', `There is no draft ${id}: it was sent, or deleted.`, {
    fix: (words) =>
      `${words.operation('drafts.list')} shows those that there are; saved without ${words.argument('draft_id')} it becomes a new one.`,
  });
}

function isNewer({ revision, changed_by, changed_at }: DraftRow, given: number): TidingsError {
  const when = new Date(changed_at).toISOString();
  return new TidingsError(
    'conflict',
    (words) =>
      `${changed_by} changed this draft at ${when}: it is at revision ${revision}, and ${words.argument('revision')} is ${given}. Nothing was changed.`,
    {
      fix: (words) =>
        `Read it with ${words.operation('drafts.get')}, put together what is to stay, and save that with revision ${revision}.`,
    },
  );
}
