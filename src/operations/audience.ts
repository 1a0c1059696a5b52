import * as z from 'zod';
import {
  type AudienceRow,
  dropMembers,
  findAudience,
  insertAudience,
  listAudiences,
  markDeleted,
} from '../core/audiences/audience.store.ts';
import { buildAudience } from '../core/audiences/build-audience.ts';
import { toSendStatus } from '../core/deliveries/delivery.ts';
import { listMembers } from '../core/deliveries/list-members.ts';
import { countSelected } from '../core/leads/filter/count-selected.ts';
import { Selection } from '../core/leads/filter/selection.ts';
import { success } from '../core/leads/lead.schema.ts';
import { shownLeads } from '../core/leads/lead.store.ts';
import { keepFilters } from '../core/leads/lead-filters.ts';
import { toShortLead } from '../core/leads/short-lead.ts';
import { newId } from '../core/new-id.ts';
import { TidingsError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import {
  audienceId,
  audienceSummary,
  countAudienceInput,
  countAudienceOutput,
  createAudienceInput,
  createAudienceOutput,
  getAudienceInput,
  getAudienceOutput,
} from './audience.schema.ts';
import { chooseSample } from './choose-leads/choose-leads.ts';
import { goneSince, makeOnce, noticeThen } from './creations/creating.ts';
import { type Creating, findRepeated } from './creations/creation.store.ts';
import { existingAudience } from './existing-audience.ts';
import { type Operation, operation } from './operation.ts';
import { readCursor } from './page.ts';
import { onlyFields } from './shown-fields.ts';

/** Longer than this, `create` answers `building` and the rest is done behind it. */
const BUILD_WAIT_MS = 20_000;
const EXAMPLES = 5;
const GOES_ON = 'It goes on with the next start of a server.';

type CreateInput = z.output<typeof createAudienceInput>;

export function audienceOperations({ ledger }: { ledger: Ledger }): Operation[] {
  /** What stopped a build in this process; the next start of a server goes on with it. */
  const stopped = new Map<number, string>();
  const withCause = (audience: AudienceRow): AudienceRow => {
    const cause = audience.status === 'building' ? stopped.get(audience.seq) : undefined;
    return cause === undefined ? audience : { ...audience, error: `${cause} ${GOES_ON}` };
  };
  return [
    operation({
      name: 'audience.create',
      summary: 'Stores a selection of leads, frozen as it is now.',
      effect: 'write',
      route: 'POST /audiences',
      input: createAudienceInput,
      output: createAudienceOutput,
      async run({ idempotency_key, ...input }, { signal }) {
        const call = { operation: 'audience.create', input, idempotencyKey: idempotency_key };
        const repeated = await findRepeated(ledger, call, Date.now());
        const made = repeated ? { repeated } : await storeAudience(ledger, call, input, signal);
        const id = 'id' in made ? made.id : made.repeated.made_id;
        if ('repeated' in made && !(await findAudience(ledger, id)))
          throw goneSince('audience', made.repeated);
        const { seq } = await existingAudience(ledger, id);
        // One that a full disk stopped stays `building`, and goes on with the next start of a server.
        stopped.delete(seq);
        const built = buildAudience(ledger, seq).catch((error: Error) => stopped.set(seq, error.message));
        await settledWithin(built, BUILD_WAIT_MS, signal);
        const audience = withCause(await existingAudience(ledger, id));
        const examples = await listMembers(ledger, audience, 0, 1, EXAMPLES);
        const { id: audience_id, created_at: _, ...summary } = toSummary(audience);
        const { sample_seed } = JSON.parse(audience.filters) as { sample_seed?: string };
        const notice = 'id' in made ? made.notice : await noticeThen(ledger, call, made.repeated);
        return {
          success: true as const,
          audience_id,
          ...summary,
          ...(sample_seed !== undefined && { sample_seed }),
          example_leads: examples.map(toShortLead),
          ...(notice !== undefined && { notice }),
        };
      },
    }),

    operation({
      name: 'audience.count',
      summary: 'Counts the leads that filters choose and whom each channel would reach, and stores nothing.',
      effect: 'read',
      route: 'POST /audiences/count',
      input: countAudienceInput,
      output: countAudienceOutput,
      async run(filters, { signal }) {
        const { chosen, seed } = await chooseSample(ledger, filters, signal);
        const selection = new Selection(chosen);
        const { total, reach, examples } = await countSelected(ledger, selection, signal);
        const leads = examples.length === 0 ? [] : await shownLeads(ledger, examples);
        return {
          success: true as const,
          total_count: total,
          reach,
          reads_all_leads: selection.source === null,
          ...(seed !== null && { sample_seed: seed }),
          example_leads: leads.map(toShortLead),
        };
      },
    }),

    operation({
      name: 'audience.list',
      summary: 'Lists the audiences, newest first.',
      effect: 'read',
      route: 'GET /audiences',
      input: z.object({
        limit: z.int().min(1).max(200).default(50).describe('Entries in one answer'),
        cursor: z.string().max(100).optional().describe('next_cursor of the answer before'),
      }),
      output: z.looseObject({
        success,
        audiences: z.array(audienceSummary),
        next_cursor: z.string().nullable(),
      }),
      async run({ limit, cursor }) {
        const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : readCursor(cursor);
        const rows = await listAudiences(ledger, before, limit + 1);
        const shown = rows.slice(0, limit);
        return {
          success: true as const,
          audiences: shown.map(toSummary),
          next_cursor: rows.length > shown.length ? String(shown.at(-1)!.seq) : null,
        };
      },
    }),

    operation({
      name: 'audience.get',
      summary:
        'Shows a page of the leads of an audience, each with its send_status; long notes and metadata are shortened.',
      effect: 'read',
      route: 'GET /audiences/{audience_id}',
      input: getAudienceInput,
      output: getAudienceOutput,
      async run({ audience_id, page, send_id, ...asked }) {
        const audience = withCause(await existingAudience(ledger, audience_id));
        const { total_pages, page_size } = toSummary(audience);
        if (page > Math.max(total_pages, 1)) {
          throw new TidingsError(
            'invalid_argument',
            `There is no page ${page}: the audience has ${total_pages}.`,
            {
              fix: `Ask for a page from 1 to ${Math.max(total_pages, 1)}.`,
            },
          );
        }
        const send = await shownSend(ledger, audience, send_id);
        const first = (page - 1) * page_size + 1;
        const members = await listMembers(ledger, audience, send?.seq ?? 0, first, first + page_size - 1);
        return {
          success: true as const,
          audience_id,
          name: audience.name,
          status: audience.status,
          ...(audience.error !== null && { error: audience.error }),
          send_id: send?.id ?? null,
          leads: members.map((member) => {
            const { send_status, send_error } = member;
            return onlyFields(
              { ...toShortLead(member), send_status: toSendStatus(send_status), send_error },
              asked,
            );
          }),
          page,
          page_size,
          total_pages,
          total_count: audience.total_count,
          has_more: page < total_pages,
        };
      },
    }),

    operation({
      name: 'audience.delete',
      summary: 'Deletes an audience. Its leads and the record of its sends stay.',
      effect: 'write',
      route: 'DELETE /audiences/{audience_id}',
      input: z.object({ audience_id: audienceId }),
      output: z.looseObject({ success, audience_id: z.string() }),
      async run({ audience_id }) {
        const seq = await ledger.write(async (tx) => {
          const audience = await existingAudience(tx, audience_id);
          const open = await tx.get<{ id: string; state: string }>(
            "SELECT id, state FROM sends WHERE audience_seq = ? AND state IN ('running', 'scheduled', 'paused') LIMIT 1",
            audience.seq,
          );
          if (open) {
            throw new TidingsError('conflict', `Send ${open.id} of this audience is ${open.state}.`, {
              fix: 'Let it finish, or cancel it first.',
            });
          }
          await markDeleted(tx, audience.seq);
          return audience.seq;
        });
        await dropMembers(ledger, seq);
        return { success: true as const, audience_id };
      },
    }),
  ];
}

/** Stores it to be built; or what an earlier call with the same key stored, though it came at the same moment. */
async function storeAudience(
  ledger: Ledger,
  call: Creating,
  { name, description, limit, page_size, ...filters }: Omit<CreateInput, 'idempotency_key'>,
  signal: AbortSignal | undefined,
) {
  const { chosen, seed } = await chooseSample(ledger, filters, signal);
  const id = newId();
  const most = Math.min(limit ?? Number.POSITIVE_INFINITY, filters.sample ?? Number.POSITIVE_INFINITY);
  const made = await ledger.write((tx) =>
    makeOnce(tx, call, id, () =>
      insertAudience(tx, {
        id,
        name,
        description: description ?? null,
        filters: keepFilters({ ...filters, ...(seed !== null && { sample_seed: seed }) }, chosen),
        max_leads: Number.isFinite(most) ? most : null,
        page_size,
        created_at: new Date().toISOString(),
      }),
    ),
  );
  return 'repeated' in made ? made : { ...made, id };
}

/** Until `work` is over, for at most `ms`, and no longer than the caller stays: what it asked for goes on without it. */
function settledWithin(work: Promise<unknown>, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (signal?.aborted) end();
    else signal?.addEventListener('abort', end);
    work.then(end, end);
  });
}

export function toSummary(audience: AudienceRow) {
  const { id, name, description, total_count, page_size, status, error, created_at } = audience;
  const total_pages = Math.ceil(total_count / page_size);
  const why = error === null ? {} : { error };
  return { id, name, description, total_count, total_pages, page_size, status, ...why, created_at };
}

async function shownSend(ledger: Ledger, audience: AudienceRow, sendId: string | undefined) {
  const newest = 'SELECT seq, id FROM sends WHERE audience_seq = ? ORDER BY seq DESC LIMIT 1';
  if (sendId === undefined) return ledger.get<{ seq: number; id: string }>(newest, audience.seq);
  const named = 'SELECT seq, id FROM sends WHERE audience_seq = ? AND id = ?';
  const send = await ledger.get<{ seq: number; id: string }>(named, audience.seq, sendId);
  if (!send) throw new TidingsError('not_found', `This audience has no send ${sendId}.`);
  return send;
}
