import * as z from 'zod';
import { success } from '../../core/leads/lead.schema.ts';
import {
  APPROVAL_MS,
  type ApprovalRow,
  decide,
  findByCode,
  isOpen,
  listOpen,
} from '../../core/sends/approval.store.ts';
import { exactHash } from '../../core/sends/content-hash.ts';
import { getSend, lockSend, moveSend, type NamedSendRow } from '../../core/sends/send.store.ts';
import { APPROVAL_NEEDED, APPROVAL_REJECTED } from '../../core/sends/send.ts';
import { TidingsError } from '../../errors.ts';
import type { Ledger, Reader } from '../../ledger/ledger.ts';
import { callerName } from '../caller-name.ts';
import { type Call, type Operation, operation } from '../operation.ts';
import { existingSend } from './change-state.ts';
import { count, foresee, people } from './dry-run.ts';
import { askForApproval } from './hold-for-approval.ts';
import { whatNext } from './next-step.ts';
import { look } from './resume-send.ts';
import { changedSend, forecastParts } from './send.schema.ts';
import type { SendContext } from './send-bulk-messages.ts';
import { toSummary } from './send-result.ts';
import { approvalParts, showApproval } from './show-approval.ts';
import { goOn } from './take-up.ts';

const code = z.string().trim().min(1).max(20).describe('As approval shows it: K7QX-2M4P');
const MOST_LISTED = 20;

const waiting = changedSend.omit({ success: true, next_step: true, next: true }).extend({
  subject: z.string().nullable(),
  message: z.string(),
  approval: approvalParts.approval.unwrap(),
  asked_by: z.string(),
  ...forecastParts,
});

/** What waits for a person, and what they say to it. No program can say it: the effect is for people only. */
export function approvalOperations(context: SendContext): Operation[] {
  const { ledger, wake } = context;
  return [
    operation({
      name: 'sends.approvals',
      summary: 'Lists sends that wait for a person to approve them, with whom and what they would reach.',
      effect: 'read',
      route: 'GET /approvals',
      input: z.object({}),
      output: z.looseObject({ success, approvals: z.array(waiting) }),
      async run(_, call) {
        const rows = await listOpen(ledger, Date.now() - APPROVAL_MS, MOST_LISTED);
        const approvals = [];
        for (const row of rows) {
          const shown = await show(context, row, call);
          if (shown) approvals.push(shown);
        }
        return { success: true as const, approvals };
      },
    }),

    operation({
      name: 'sends.approve',
      summary: 'Approves a send that waits for it: exactly this text, to exactly these people.',
      effect: 'approve',
      route: 'POST /approvals/{code}/approve',
      input: z.object({
        code,
        count: z
          .int()
          .min(0)
          .optional()
          .describe('How many people you have in mind: another number approves nothing'),
      }),
      output: changedSend,
      async run(input, call) {
        const found = await existingRequest(ledger, input.code);
        const send = await sendOf(ledger, found);
        if (input.count !== undefined && input.count !== found.recipients)
          throw new TidingsError('changed', `${people(found.recipients)} would get it, not ${input.count}.`, {
            fix: (words) => `Look at it (${words.operation('sends.approvals')}), then approve what you see.`,
          });
        const { question, asked } = await look(context, send, { allow_repeat: true }, call);
        const seen = await count(ledger, context, question, asked, null, call.signal);
        const changedCode = await ledger.write(async (tx): Promise<string | null> => {
          await lockSend(tx, send.seq);
          const request = await existingRequest(tx, input.code);
          const current = (await getSend(tx, send.seq))!;
          refuseUnlessAsked(request, current);
          const isSame = request.content_hash === exactHash(current) && request.counts === seen.who;
          if (!isSame || current.revision !== send.revision) {
            const { starts_at, asked_by } = request;
            const reached = current.sent + current.failed;
            const about = { recipients: seen.wouldSend, reached, counts: seen.who, starts_at, asked_by };
            return askForApproval(tx, current, about);
          }
          const by = callerName(call.caller);
          await decide(tx, request.seq, { decision: 'approved', decided_by: by, reason: null }, Date.now());
          const isAhead = request.starts_at !== null && request.starts_at > Date.now();
          await goOn(tx, current, isAhead ? request.starts_at : null);
          return null;
        });
        if (changedCode !== null)
          throw new TidingsError(
            'changed',
            `It is not what was asked for any more: ${people(seen.wouldSend)} would get it now.`,
            {
              fix: `Look at it again. Its code is ${changedCode} now.`,
            },
          );
        wake();
        return changed(ledger, send.id, call);
      },
    }),

    operation({
      name: 'sends.reject',
      summary: 'Says no to a send that waits for approval, with a word to whoever asked for it.',
      effect: 'approve',
      route: 'POST /approvals/{code}/reject',
      input: z.object({
        code,
        reason: z
          .string()
          .trim()
          .max(1_000)
          .optional()
          .describe('Told to the program that asked, in its next answer'),
      }),
      output: changedSend,
      async run({ code: given, reason }, call) {
        const found = await existingRequest(ledger, given);
        const send = await sendOf(ledger, found);
        await ledger.write(async (tx) => {
          await lockSend(tx, send.seq);
          const request = await existingRequest(tx, given);
          refuseUnlessAsked(request, (await getSend(tx, send.seq))!);
          const decided_by = callerName(call.caller);
          await decide(
            tx,
            request.seq,
            { decision: 'rejected', decided_by, reason: reason || null },
            Date.now(),
          );
          const message = reason ? `A person said no: ${reason}` : 'A person said no, without a word why.';
          await moveSend(tx, send.seq, 'ask', { code: APPROVAL_REJECTED, message });
        });
        return changed(ledger, send.id, call);
      },
    }),
  ];
}

async function changed(ledger: Ledger, id: string, { caller: { words } }: Call) {
  const send = await existingSend(ledger, id);
  return { success: true as const, ...toSummary(send), ...whatNext(send, words) };
}

/** null: what is gone meanwhile. */
async function show(context: SendContext, { send_seq, asked_by }: ApprovalRow, call: Call) {
  const { ledger } = context;
  const id = (await getSend(ledger, send_seq))?.id;
  const send = id === undefined ? undefined : await existingSend(ledger, id);
  const { approval } = send ? await showApproval(context, send) : {};
  if (!send || !approval) return null;
  const looked = await look(context, send, { allow_repeat: true }, call).catch((error: unknown) => {
    // Its audience was deleted, or nobody is there to send it.
    if (error instanceof TidingsError) return null;
    throw error;
  });
  const forecast = looked && (await foresee(context, looked.question, looked.asked, call));
  const { subject, message } = send;
  return { ...toSummary(send), ...forecast, subject, message, approval, asked_by };
}

/** Typed by people: in small letters, without the dash, with blanks. */
async function existingRequest(reader: Reader, given: string): Promise<ApprovalRow> {
  const signs = given.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
  const found = await findByCode(reader, `${signs.slice(0, 4)}-${signs.slice(4)}`);
  if (found) return found;
  throw new TidingsError('not_found', `There is no approval with the code ${given}.`, {
    fix: (words) => `${words.operation('sends.approvals')} shows what waits.`,
  });
}

async function sendOf(ledger: Ledger, { send_seq }: ApprovalRow): Promise<NamedSendRow> {
  return existingSend(ledger, (await getSend(ledger, send_seq))!.id);
}

function refuseUnlessAsked(request: ApprovalRow, send: { state: string; problem_code: string | null }): void {
  const conflict = (why: string) =>
    new TidingsError('conflict', why, {
      fix: (words) => `${words.operation('sends.approvals')} shows what waits.`,
    });
  const { decision, asked_at } = request;
  if (decision !== null)
    throw conflict(
      decision === 'void'
        ? 'Its send was changed since this was asked: it is void.'
        : `This was ${decision} already.`,
    );
  if (!isOpen(request, Date.now()))
    throw conflict(
      `This was asked on ${new Date(asked_at).toISOString()}, more than 7 days ago, and is void.`,
    );
  if (send.state !== 'paused' || send.problem_code !== APPROVAL_NEEDED)
    throw conflict(`Its send is ${send.state}, and does not wait for approval.`);
}
