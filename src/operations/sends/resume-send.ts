import * as z from 'zod';
import { findRepeat } from '../../core/deliveries/repeat.store.ts';
import type { Sender } from '../../core/deliveries/sender.ts';
import { parseMessage } from '../../core/messages/content.ts';
import { CALL_LIMIT_MS, withTextPart } from '../../core/messages/ready-content.ts';
import { useConfirmation } from '../../core/sends/confirmation.store.ts';
import {
  findSend,
  allowRepeat as markRepeatAllowed,
  type NamedSendRow,
  type TotalledSendRow,
} from '../../core/sends/send.store.ts';
import { readStartTime } from '../../core/sends/start-time.ts';
import { TidingsError } from '../../errors.ts';
import type { Reader } from '../../ledger/ledger.ts';
import type { Words } from '../../words.ts';
import { existingAudience } from '../existing-audience.ts';
import { type Call, type Operation, operation } from '../operation.ts';
import { changeState, existingSend } from './change-state.ts';
import { type Counted, countAhead, judge, mustConfirm, UNCONFIRMED } from './confirm.ts';
import { dryRun, type Question } from './dry-run.ts';
import { nextStep, whatNext } from './next-step.ts';
import { allowRepeat, changedSend, confirmToken, forecastParts, scheduleAt, sendId } from './send.schema.ts';
import { type Asked, goOn, type SendContext } from './send-bulk-messages.ts';
import { gotItLately, isAhead, repeatFix, toSummary, totalsOf } from './send-result.ts';

const resumeInput = z.object({
  send_id: sendId,
  schedule_at: scheduleAt.optional(),
  allow_repeat: allowRepeat,
  dry_run: z
    .boolean()
    .default(false)
    .describe('Change nothing: tell who would still get it, with samples, and a token for confirm'),
  confirm: confirmToken.optional(),
});
type Input = z.output<typeof resumeInput>;

export function resumeSend(context: SendContext): Operation {
  const { ledger, wake } = context;
  return operation({
    name: 'sends.resume',
    summary:
      'Goes on with a paused or cancelled send: pending leads are tried, at its time if that is ahead or given.',
    effect: 'send',
    route: 'POST /sends/{send_id}/resume',
    input: resumeInput,
    output: changedSend.extend(forecastParts),
    async run(input, call) {
      const { words } = call.caller;
      const send = await existingSend(ledger, input.send_id);
      const looked =
        input.dry_run || input.confirm !== undefined ? await look(context, send, input, call) : null;
      if (looked && input.dry_run) {
        return {
          ...toSummary(send),
          ...(await dryRun(context, looked.question, looked.asked, call)),
          success: true as const,
        };
      }
      const counted = looked && (await countAhead(context, looked.question, looked.asked, call.signal));
      const changed = await changeState(ledger, send.id, async (tx, current) => {
        if (totalsOf(current).total_remaining === 0) throw cannotResume(current);
        const deleted = await tx.get(
          'SELECT 1 AS d FROM audiences WHERE seq = ? AND deleted_at IS NOT NULL',
          current.audience_seq,
        );
        if (deleted)
          throw new TidingsError('conflict', 'The audience of this send was deleted: it cannot go on.');
        const verdict = await confirmed(tx, context, current, looked, counted, call);
        if (verdict === 'done') return;
        if (input.allow_repeat) await markRepeatAllowed(tx, current.seq);
        else await refuseRepeat(tx, current);
        if (verdict === 'use') await useConfirmation(tx, input.confirm!, current.id);
        await goOn(tx, current, resumeTime(current, input.schedule_at));
      });
      wake();
      return { success: true as const, ...toSummary(changed), ...whatNext(changed, words) };
    },
  });
}

interface Looked {
  readonly question: Question;
  readonly asked: Asked;
}

/** The send as a call that a dry run can be made of. */
async function look(
  { ledger, senders }: SendContext,
  send: NamedSendRow,
  { schedule_at, allow_repeat, confirm }: Input,
  { signal }: Call,
): Promise<Looked> {
  const { audience_id, channel, campaign, message, format, subject, from_name, placeholder_policy } = send;
  const audience = await existingAudience(ledger, audience_id);
  const sender = senderOf(senders, send);
  const content = { message, format, subject, from_name, placeholder_policy };
  const parsed = parseMessage(content, channel);
  const prepared = sender.prepare(await withTextPart(parsed, CALL_LIMIT_MS, signal));
  return {
    question: { audience_id, channel, campaign, placeholder_policy, schedule_at, allow_repeat, confirm },
    asked: { start: null, audience, sender, content, parsed, prepared, key: send, before: send, notices: [] },
  };
}

/** Its own, or the one that takes over what a sender that is gone has left. */
function senderOf(senders: readonly Sender[], { channel, mode, sender }: NamedSendRow): Sender {
  const fitting = senders.filter(({ about }) => about.channel === channel && about.mode === mode);
  const found = fitting.find(({ about }) => about.id === sender) ?? fitting[0];
  if (found) return found;
  throw new TidingsError(
    'conflict',
    `There is no ${mode} sender of ${channel} here: this send cannot go on.`,
    {
      fix: 'Configure one, as it was when the send was made.',
    },
  );
}

/**
 * @returns `use`: by this token; `done`: a call before did it by this token, and its answer was lost
 * @throws TidingsError `unconfirmed` or `changed`
 */
async function confirmed(
  tx: Reader,
  context: SendContext,
  current: TotalledSendRow,
  looked: Looked | null,
  counted: Counted | null,
  call: Call,
): Promise<'use' | 'as ever' | 'done'> {
  const fix = (words: Words) =>
    `Look with ${words.argument('dry_run', true)}, ask the person, and give its ${words.argument('confirm')} to the same call.`;
  const unconfirmed = new TidingsError('unconfirmed', UNCONFIRMED, { fix });
  if (!looked) {
    if (mustConfirm(context, current)) throw unconfirmed;
    return 'as ever';
  }
  const { question, asked } = looked;
  const now = { question, asked: { ...asked, before: current }, counted };
  const verdict = await judge(tx, context, now, call);
  if (verdict.type === 'changed') throw new TidingsError('changed', verdict.result.error!, { fix });
  if (verdict.type === 'go') return 'use';
  if (!mustConfirm(context, current)) return 'as ever';
  if (current.state === 'running' || current.state === 'scheduled') return 'done';
  throw unconfirmed;
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

function cannotResume(send: TotalledSendRow): TidingsError {
  return new TidingsError('conflict', `This send is ${send.state} and cannot be resumed.`, {
    fix: (words) => nextStep(send, words),
  });
}
