import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { isSomebodySending } from '../../core/dispatch/lease.ts';
import { type BriefSendRow, findBriefSend, findSend } from '../../core/sends/send.store.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Words } from '../../words.ts';
import { type CallContext, type Operation, operation } from '../operation.ts';
import { showUse } from '../templates/shown-use.ts';
import { existingBriefSend } from './change-state.ts';
import { NOBODY_SENDS } from './next-step.ts';
import { maxWaitSeconds, type SendResult, sendBulkMessagesOutput, sendId } from './send.schema.ts';
import type { SendContext } from './send-bulk-messages.ts';
import { toResult, totalsOf } from './send-result.ts';
import { showApproval } from './show-approval.ts';

const WATCH_MS = 100;
const LONG_MS = 60_000;

/** What every lead that is left waits for takes longer than anybody looks on. */
function waitsForLong(send: BriefSendRow): boolean {
  const { waiting_for: what, waiting_until: until, problem_since: since, in_flight } = send;
  if ((what !== 'template_approval' && what !== 'messaging_limit') || in_flight > 0) return false;
  const nowMs = Date.now();
  return until === null ? nowMs - since! >= LONG_MS : until - nowMs >= LONG_MS;
}

/**
 * Looks on until the send stops moving or the wait is over. Whoever looks away stops nothing.
 * @param until by the steady clock: counted from the beginning of the call, whatever it had to do first
 */
export async function watch(ledger: Ledger, id: string, until: number, call: CallContext): Promise<void> {
  let told = -1;
  for (;;) {
    const send = (await findBriefSend(ledger, id))!;
    const done = send.total - totalsOf(send).total_remaining;
    const over = send.state !== 'running' || waitsForLong(send);
    if (done > told) {
      told = done;
      call.onProgress?.({
        done,
        total: send.total,
        message: `${send.sent} sent, ${send.failed} failed, ${send.skipped} skipped`,
      });
    }
    const leftMs = until - performance.now();
    if (over || leftMs <= 0 || call.signal?.aborted) return;
    await sleep(Math.min(WATCH_MS, leftMs), undefined, { signal: call.signal }).catch(() => {});
  }
}

/** What `sendBulkMessages` answers of a send as it is now. */
export async function answerNow(
  context: Pick<SendContext, 'ledger' | 'dashboardUrl'>,
  id: string,
  words: Words,
  notices: readonly string[] = [],
  changes?: Parameters<typeof showUse>[2],
): Promise<SendResult> {
  const { ledger } = context;
  const send = (await findSend(ledger, id))!;
  const result = {
    ...toResult(send, notices, words, await showUse(ledger, send, changes)),
    ...(await showApproval(context, send)),
  };
  if (send.state !== 'running' || (await isSomebodySending(ledger, send.sender))) return result;
  return { ...result, next_step: NOBODY_SENDS };
}

/** For who has lost the answer of `sendBulkMessages`, or asked it not to wait. */
export function watchSend(context: SendContext): Operation {
  const { ledger } = context;
  return operation({
    name: 'sends.watch',
    summary: 'Waits while a send goes on, and answers as the call that began it would.',
    effect: 'read',
    route: 'GET /sends/{send_id}/watch',
    input: z.object({ send_id: sendId, max_wait_seconds: maxWaitSeconds }),
    output: sendBulkMessagesOutput,
    async run({ send_id, max_wait_seconds }, call) {
      const until = performance.now() + max_wait_seconds * 1_000;
      const { id } = await existingBriefSend(ledger, send_id);
      await watch(ledger, id, until, call);
      return answerNow(context, id, call.caller.words);
    },
  });
}
