import * as z from 'zod';
import { toSendStatus } from '../../core/deliveries/delivery.ts';
import { listDeliveries, topErrors } from '../../core/deliveries/delivery-report.store.ts';
import { findRepeat } from '../../core/deliveries/repeat.store.ts';
import { success } from '../../core/leads/lead.schema.ts';
import {
  completeIfSettled,
  findSend,
  listSends,
  lockSend,
  allowRepeat as markRepeatAllowed,
  moveSend,
  type NamedSendRow,
  type TotalledSendRow,
} from '../../core/sends/send.store.ts';
import { PAUSED_BY_REQUEST } from '../../core/sends/send.ts';
import { readStartTime } from '../../core/sends/start-time.ts';
import { shownContact } from '../../core/suppressions/erased-contact.ts';
import { TidingsError } from '../../errors.ts';
import type { Ledger, Reader } from '../../ledger/ledger.ts';
import type { Words } from '../../words.ts';
import { audienceId } from '../audience.schema.ts';

import { type Call, type Operation, operation } from '../operation.ts';
import { readCursor } from '../page.ts';
import { nextStep, nextSteps } from './next-step.ts';
import {
  allowRepeat,
  delivery,
  listDeliveriesInput,
  next,
  scheduleAt,
  sendDetails,
  sendId,
  sendState,
  sendSummary,
} from './send.schema.ts';
import { goOn, type SendContext } from './send-bulk-messages.ts';
import { gotItLately, isAhead, repeatFix, toSummary, totalsOf } from './send-result.ts';

const changed = sendSummary.extend({ success, next_step: z.string(), next });

export function sendOperations({ ledger, wake }: SendContext): Operation[] {
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
      output: changed,
      run: ({ send_id }, call) =>
        change(send_id, call, async (tx, send) => {
          if (!['running', 'scheduled', 'paused'].includes(send.state)) throw cannot('paused', send);
          await moveSend(tx, send.seq, 'pause', { code: PAUSED_BY_REQUEST, message: 'Paused by request.' });
          await completeIfSettled(tx, send.seq);
        }),
    }),

    operation({
      name: 'sends.resume',
      summary:
        'Goes on with a paused or cancelled send: pending leads are tried, at its time if that is ahead or given.',
      effect: 'send',
      route: 'POST /sends/{send_id}/resume',
      input: z.object({ send_id: sendId, schedule_at: scheduleAt.optional(), allow_repeat: allowRepeat }),
      output: changed,
      run: ({ send_id, schedule_at, allow_repeat }, call) =>
        change(send_id, call, async (tx, send) => {
          if (totalsOf(send).total_remaining === 0) throw cannot('resumed', send);
          const deleted = await tx.get(
            'SELECT 1 AS d FROM audiences WHERE seq = ? AND deleted_at IS NOT NULL',
            send.audience_seq,
          );
          if (deleted)
            throw new TidingsError('conflict', 'The audience of this send was deleted: it cannot go on.');
          if (allow_repeat) await markRepeatAllowed(tx, send.seq);
          else await refuseRepeat(tx, send);
          await goOn(tx, send, resumeTime(send, schedule_at));
        }),
    }),

    operation({
      name: 'sends.cancel',
      summary: 'Stops a send for good; what is in flight is finished, leads not reached stay pending.',
      effect: 'write',
      route: 'POST /sends/{send_id}/cancel',
      input: z.object({ send_id: sendId }),
      output: changed,
      run: ({ send_id }, call) =>
        change(send_id, call, async (tx, send) => {
          if (send.state === 'completed') throw cannot('cancelled', send);
          await moveSend(tx, send.seq, 'cancel');
          await completeIfSettled(tx, send.seq);
        }),
    }),
  ];
}

async function changeState(
  ledger: Ledger,
  id: string,
  work: (tx: Parameters<Parameters<Ledger['write']>[0]>[0], send: TotalledSendRow) => Promise<void>,
): Promise<NamedSendRow> {
  await ledger.write(async (tx) => {
    // Whoever sends may be about to change its state.
    await lockSend(tx, (await existingSend(tx, id)).seq);
    await work(tx, await existingSend(tx, id));
  });
  return existingSend(ledger, id);
}

async function existingSend(reader: Reader, id: string): Promise<NamedSendRow> {
  const send = await findSend(reader, id);
  if (send) return send;
  throw new TidingsError('not_found', `There is no send ${id}.`, {
    fix: (words) => `${words.operation('sends.list')} shows the sends there are.`,
  });
}

/** @throws TidingsError `repeat` when its people got the same text by other sends since it was made. */
async function refuseRepeat(reader: Reader, send: TotalledSendRow): Promise<void> {
  if (send.mode !== 'live' || send.repeat_allowed || send.state === 'running') return;
  const repeat = await findRepeat(reader, send, Date.now());
  if (!repeat) return;
  const earlier = (await findSend(reader, repeat.sendId))!;
  throw new TidingsError('repeat', gotItLately(earlier, repeat.percent), { fix: repeatFix });
}

/** When a send that is resumed goes on, in milliseconds since 1970; null: now. */
function resumeTime(send: TotalledSendRow, given: string | undefined): number | null {
  const nowMs = Date.now();
  const start = readStartTime(given, nowMs);
  if (start === null) return send.state !== 'running' && isAhead(send, nowMs) ? send.scheduled_at : null;
  if (start.type === 'now') return null;
  if (start.type === 'passed') {
    throw new TidingsError(
      'invalid_argument',
      (words) => `${words.argument('schedule_at')} is "${start.text}", which has passed.`,
      {
        fix: 'Give a later time, or "now".',
      },
    );
  }
  if (send.state !== 'running') return start.atMs;
  throw new TidingsError(
    'conflict',
    (words) => `This send is running: ${words.argument('schedule_at')} has no effect on it.`,
    {
      fix: (words) =>
        `Pause it first (${words.operation('sends.pause')}), then resume it with ${words.argument('schedule_at')}.`,
    },
  );
}

function cannot(done: string, send: TotalledSendRow): TidingsError {
  return new TidingsError('conflict', `This send is ${send.state} and cannot be ${done}.`, {
    fix: (words) => nextStep(send, words),
  });
}

function whatNext(send: TotalledSendRow, words: Words) {
  return { next_step: nextStep(send, words), next: nextSteps(send) };
}
