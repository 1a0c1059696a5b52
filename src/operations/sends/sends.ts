import * as z from 'zod';
import { toSendStatus } from '../../core/deliveries/delivery.ts';
import { listDeliveries, topErrors } from '../../core/deliveries/delivery-report.store.ts';
import { success } from '../../core/leads/lead.schema.ts';
import { completeIfSettled, listSends, moveSend, type TotalledSendRow } from '../../core/sends/send.store.ts';
import { PAUSED_BY_REQUEST } from '../../core/sends/send.ts';
import { shownContact } from '../../core/suppressions/erased-contact.ts';
import { TidingsError } from '../../errors.ts';
import { audienceId } from '../audience.schema.ts';

import { type Call, type Operation, operation } from '../operation.ts';
import { readCursor } from '../page.ts';
import { changeState, existingSend } from './change-state.ts';
import { nextStep, whatNext } from './next-step.ts';
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
import { toSummary, totalsOf } from './send-result.ts';

export function sendOperations(context: SendContext): Operation[] {
  const { ledger, wake } = context;
  const change = async (id: string, { caller }: Call, work: Parameters<typeof changeState>[2]) => {
    const send = await changeState(ledger, id, work);
    wake();
    return { success: true as const, ...toSummary(send), ...whatNext(send, caller.words) };
  };
  return [
    operation({
      name: 'sends.list',
      summary: 'Lists sends, newest first, with their totals.',
      effect: 'read',
      route: 'GET /sends',
      input: z.object({
        audience_id: audienceId.optional(),
        state: sendState.optional(),
        limit: z.int().min(1).max(200).default(50),
        cursor: z.string().max(100).optional().describe('next_cursor of the answer before'),
      }),
      output: z.looseObject({ success, sends: z.array(sendSummary), next_cursor: z.string().nullable() }),
      async run({ audience_id, state, limit, cursor }) {
        const beforeSeq = cursor === undefined ? Number.MAX_SAFE_INTEGER : readCursor(cursor);
        const rows = await listSends(ledger, { audienceId: audience_id, state, beforeSeq, limit: limit + 1 });
        const shown = rows.slice(0, limit);
        return {
          success: true as const,
          sends: shown.map(toSummary),
          next_cursor: rows.length > shown.length ? String(shown.at(-1)!.seq) : null,
        };
      },
    }),

    operation({
      name: 'sends.get',
      summary: 'Shows one send: totals, rate, time left, the most frequent errors.',
      effect: 'read',
      route: 'GET /sends/{send_id}',
      input: z.object({ send_id: sendId }),
      output: sendDetails,
      async run({ send_id }, { caller }) {
        const send = await existingSend(ledger, send_id);
        const rate = send.state === 'running' ? send.rate_per_second : null;
        return {
          success: true as const,
          ...toSummary(send),
          subject: send.subject,
          message: send.message,
          rate_per_second: rate === null ? null : Math.round(rate * 10) / 10,
          seconds_left: rate ? Math.ceil(totalsOf(send).total_remaining / rate) : null,
          top_errors: await topErrors(ledger, send.seq),
          ...whatNext(send, caller.words),
        };
      },
    }),

    operation({
      name: 'sends.deliveries',
      summary: 'Lists the deliveries of a send, one for each lead, by status.',
      effect: 'read',
      route: 'GET /sends/{send_id}/deliveries',
      input: listDeliveriesInput,
      output: z.looseObject({ success, deliveries: z.array(delivery), next_cursor: z.string().nullable() }),
      async run({ send_id, status, limit, cursor }) {
        const send = await existingSend(ledger, send_id);
        const rows = await listDeliveries(ledger, send.seq, status ?? null, readCursor(cursor), limit + 1);
        const shown = rows.slice(0, limit);
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
            sent_at: row.sent_at === null ? null : new Date(row.sent_at).toISOString(),
          })),
          next_cursor: rows.length > shown.length ? String(shown.at(-1)!.position) : null,
        };
      },
    }),

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
          await moveSend(tx, send.seq, 'pause', { code: PAUSED_BY_REQUEST, message: 'Paused by request.' });
          await completeIfSettled(tx, send.seq);
        }),
    }),

    resumeSend(context),

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
          await completeIfSettled(tx, send.seq);
        }),
    }),
  ];
}

function cannot(done: string, send: TotalledSendRow): TidingsError {
  return new TidingsError('conflict', `This send is ${send.state} and cannot be ${done}.`, {
    fix: (words) => nextStep(send, words),
  });
}
