import * as z from 'zod';
import { toSendStatus } from '../../core/deliveries/delivery.ts';
import { listDeliveries, topErrors } from '../../core/deliveries/delivery-report.store.ts';
import { findReceiptTotals } from '../../core/deliveries/receipt.store.ts';
import { findTemplateMessages } from '../../core/deliveries/template-message.store.ts';
import { isSomebodySending } from '../../core/dispatch/lease.ts';
import { success } from '../../core/leads/lead.schema.ts';
import { voidRequests } from '../../core/sends/approval.store.ts';
import { completeIfSettled, listSends, moveSend, type TotalledSendRow } from '../../core/sends/send.store.ts';
import { APPROVAL_NEEDED, PAUSED_BY_REQUEST } from '../../core/sends/send.ts';
import { findStop } from '../../core/sends/stop-all.ts';
import { shownContact } from '../../core/suppressions/erased-contact.ts';
import { TidingsError } from '../../errors.ts';
import { audienceId } from '../audience.schema.ts';

import { type Call, type Operation, operation } from '../operation.ts';
import { readCursor } from '../page.ts';
import { showUse } from '../templates/shown-use.ts';
import { approvalOperations } from './approvals.ts';
import { changeState, existingBriefSend, existingSend } from './change-state.ts';
import { exportDeliveries } from './export-deliveries.ts';
import { NOBODY_SENDS, nextStep, whatNext } from './next-step.ts';
import { resumeSend } from './resume-send.ts';
import {
  changedSend,
  delivery,
  listDeliveriesInput,
  sendDetails,
  sendId,
  sendState,
  sendSummary,
} from './send.schema.ts';
import type { SendContext } from './send-bulk-messages.ts';
import { sendMap } from './send-map.ts';
import { toldTotals, toSummary } from './send-result.ts';
import { showApproval } from './show-approval.ts';
import { stopOperations, stopped } from './stop-all.ts';
import { watchSend } from './watch-send.ts';

export function sendOperations(context: SendContext): Operation[] {
  const { ledger, wake } = context;
  const change = async (id: string, { caller }: Call, work: Parameters<typeof changeState>[2]) => {
    const send = await changeState(ledger, id, work);
    wake();
    const { words } = caller;
    return {
      success: true as const,
      ...toSummary(send),
      ...whatNext(send, words),
      ...(await showApproval(context, send)),
    };
  };
  return [
    operation({
      name: 'sends.list',
      summary: 'Lists sends, newest first, with their totals.',
      effect: 'read',
      isLive: true,
      route: 'GET /sends',
      input: z.object({
        audience_id: audienceId.optional(),
        state: sendState.optional().describe('Only sends in this state'),
        limit: z.int().min(1).max(200).default(50).describe('Entries in one answer'),
        cursor: z.string().max(100).optional().describe('next_cursor of the answer before'),
      }),
      output: z.looseObject({
        success,
        sends: z.array(sendSummary),
        next_cursor: z.string().nullable(),
        stopped,
      }),
      async run({ audience_id, state, limit, cursor }) {
        const beforeSeq = cursor === undefined ? Number.MAX_SAFE_INTEGER : readCursor(cursor);
        const rows = await listSends(ledger, { audienceId: audience_id, state, beforeSeq, limit: limit + 1 });
        const shown = rows.slice(0, limit);
        return {
          success: true as const,
          sends: shown.map(toSummary),
          stopped: await findStop(ledger),
          next_cursor: rows.length > shown.length ? String(shown.at(-1)!.seq) : null,
        };
      },
    }),

    operation({
      name: 'sends.get',
      summary: 'Shows one send: totals, rate, time left, the most frequent errors.',
      effect: 'read',
      isLive: true,
      route: 'GET /sends/{send_id}',
      input: z.object({ send_id: sendId }),
      output: sendDetails,
      async run({ send_id }, { caller }) {
        const send = await existingSend(ledger, send_id);
        const isRunning = send.state === 'running';
        const isMoving = isRunning && (await isSomebodySending(ledger, send.sender));
        return {
          success: true as const,
          ...toSummary(send),
          ...(!isMoving && { rate_per_second: null, seconds_left: null }),
          message: send.message,
          format: send.format,
          from: send.from_name,
          placeholder_policy: send.placeholder_policy,
          template: await showUse(ledger, send),
          ...(await showApproval(context, send)),
          top_errors: await topErrors(ledger, send.seq),
          ...toldTotals(await findReceiptTotals(ledger, send.seq)),
          ...whatNext(send, caller.words),
          is_moving: isMoving,
          ...(isRunning && !isMoving && { next_step: NOBODY_SENDS }),
        };
      },
    }),

    operation({
      name: 'sends.deliveries',
      summary: 'Lists the deliveries of a send, one for each lead, by status.',
      effect: 'read',
      isLive: true,
      route: 'GET /sends/{send_id}/deliveries',
      input: listDeliveriesInput,
      output: z.looseObject({ success, deliveries: z.array(delivery), next_cursor: z.string().nullable() }),
      async run({ send_id, status, code, limit, cursor }) {
        const send = await existingBriefSend(ledger, send_id);
        const wanted = { status: status ?? null, code: code ?? null };
        const { rows, next } = await listDeliveries(ledger, send.seq, wanted, readCursor(cursor), limit);
        const shown = rows;
        const [first, last] = [shown[0]?.position ?? 0, shown.at(-1)?.position ?? 0];
        const ways = await findTemplateMessages(ledger, send.seq, first, last);
        return {
          success: true as const,
          deliveries: shown.map((row) => ({
            lead_id: row.lead_id,
            name: row.name,
            contact: shownContact(row.contact),
            send_status: toSendStatus(row.status),
            in_flight: row.status === 'sending',
            attempts: row.attempts,
            error_code: row.error_code,
            error: row.error,
            provider_said: row.provider_said,
            provider_message_id: row.provider_message_id,
            ...(ways.has(row.position) && { by_template: ways.get(row.position) }),
            sent_at: row.sent_at === null ? null : new Date(row.sent_at).toISOString(),
          })),
          next_cursor: next === null ? null : String(next),
        };
      },
    }),

    exportDeliveries(ledger),

    sendMap(ledger),
    watchSend(context),

    operation({
      name: 'sends.pause',
      summary: 'Pauses a running or scheduled send; what is in flight is finished.',
      effect: 'write',
      route: 'POST /sends/{send_id}/pause',
      input: z.object({ send_id: sendId }),
      output: changedSend,
      run: ({ send_id }, call) =>
        change(send_id, call, async (tx, send) => {
          if (!['running', 'scheduled', 'paused'].includes(send.state)) throw cannot('paused', send);
          // It waits already, and the person who was asked is not to lose sight of it.
          if (send.problem_code === APPROVAL_NEEDED) return;
          await moveSend(tx, send.seq, 'pause', { code: PAUSED_BY_REQUEST, message: 'Paused by request.' });
          await completeIfSettled(tx, send.seq);
        }),
    }),

    resumeSend(context),

    ...approvalOperations(context),

    operation({
      name: 'sends.cancel',
      summary: 'Stops a send for good; what is in flight is finished, leads not reached stay pending.',
      effect: 'write',
      route: 'POST /sends/{send_id}/cancel',
      input: z.object({ send_id: sendId }),
      output: changedSend,
      run: ({ send_id }, call) =>
        change(send_id, call, async (tx, send) => {
          if (send.state === 'completed') throw cannot('cancelled', send);
          await moveSend(tx, send.seq, 'cancel');
          await voidRequests(tx, send.seq, Date.now());
          await completeIfSettled(tx, send.seq);
        }),
    }),

    ...stopOperations(context),
  ];
}

function cannot(done: string, send: TotalledSendRow): TidingsError {
  return new TidingsError('conflict', `This send is ${send.state} and cannot be ${done}.`, {
    fix: (words) => nextStep(send, words),
  });
}
