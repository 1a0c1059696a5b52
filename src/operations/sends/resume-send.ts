import * as z from 'zod';
import { dailyLimitOf } from '../../core/access/daily-limit.ts';
import { findRepeat } from '../../core/deliveries/repeat.store.ts';
import type { Sender } from '../../core/deliveries/sender.ts';
import { parseMessage } from '../../core/messages/content.ts';
import { withAttachments } from '../../core/messages/message.ts';
import { CALL_LIMIT_MS, readyContent } from '../../core/messages/ready-content.ts';
import { loadAttachments } from '../../core/sends/attachment.store.ts';
import {
  findSend,
  allowRepeat as markRepeatAllowed,
  type NamedSendRow,
  type TotalledSendRow,
} from '../../core/sends/send.store.ts';
import { APPROVAL_REJECTED } from '../../core/sends/send.ts';
import { readStartTime } from '../../core/sends/start-time.ts';
import { TidingsError } from '../../errors.ts';
import type { Reader } from '../../ledger/ledger.ts';
import type { Words } from '../../words.ts';
import { existingAudience } from '../existing-audience.ts';
import { type Call, type Caller, type Operation, operation } from '../operation.ts';
import { Agreement, type SetsOff } from './agreement.ts';
import { mayAsk } from './ask-person.ts';
import { changeState, existingSend } from './change-state.ts';
import { MEANWHILE, mustConfirm, UNCONFIRMED, type Verdict } from './confirm.ts';
import { DailyLimit } from './daily-limit.ts';
import { dryRun, type Question } from './dry-run.ts';
import { ApprovalGate, mustBeApproved } from './hold-for-approval.ts';
import { nextStep, whatNext } from './next-step.ts';
import { allowRepeat, changedSend, confirmToken, forecastParts, scheduleAt, sendId } from './send.schema.ts';
import type { Asked, SendContext } from './send-bulk-messages.ts';
import { gotItLately, isAhead, repeatFix, toSummary, totalsOf } from './send-result.ts';
import { showApproval } from './show-approval.ts';
import { goOn } from './take-up.ts';

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
    isForAuthors: true,
    route: 'POST /sends/{send_id}/resume',
    input: resumeInput,
    output: changedSend.extend(forecastParts),
    async run(input, call) {
      const { words } = call.caller;
      const send = await existingSend(ledger, input.send_id);
      const needsLook =
        input.dry_run ||
        input.confirm !== undefined ||
        mayAsk(context, send, call) ||
        (await mustBeApproved(ledger, context, { key: send, before: send }, call.caller)) ||
        (await dailyLimitOf(ledger, call.caller.principal)) !== null;
      const looked = needsLook ? await look(context, send, input, call) : null;
      if (looked && input.dry_run) {
        return {
          ...toSummary(send),
          ...(await dryRun(context, looked.question, looked.asked, call)),
          success: true as const,
        };
      }
      const agreement = looked && (await agree(context, looked, call));
      const gate = looked && (await ApprovalGate.look(context, looked.question, looked.asked, call, moves));
      const daily = looked && (await DailyLimit.look(context, looked.question, looked.asked, call, moves));
      const changed = await changeState(ledger, send.id, async (tx, current) => {
        if (totalsOf(current).total_remaining === 0) throw cannotResume(current);
        const deleted = await tx.get(
          'SELECT 1 AS d FROM audiences WHERE seq = ? AND deleted_at IS NOT NULL',
          current.audience_seq,
        );
        if (deleted)
          throw new TidingsError('conflict', 'The audience of this send was deleted: it cannot go on.');
        const now = looked && { ...looked.asked, before: current };
        const verdict = now && (await agreement!.judge(tx, now));
        if (isDone(context, current, verdict)) return;
        const approval = await judgeApproval(tx, context, gate, now, current, call.caller);
        if (approval === 'asked') return;
        const at = resumeTime(current, input.schedule_at);
        await daily?.spend(tx, current, current, at !== null || approval === 'needed');
        if (input.allow_repeat) await markRepeatAllowed(tx, current.seq);
        else await refuseRepeat(tx, current);
        if (verdict?.type === 'go') await agreement!.use(tx, current, now!, verdict);
        if (approval === 'needed') return gate!.hold(tx, current.seq, now!);
        await goOn(tx, current, at);
      });
      wake();
      return {
        success: true as const,
        ...toSummary(changed),
        ...whatNext(changed, words),
        ...(await showApproval(context, changed)),
      };
    },
  });
}

const moves: SetsOff = (known) => known?.state !== 'running';

/** @throws TidingsError `declined` where a person said no; `changed` where they have to be asked, and nobody has looked */
async function judgeApproval(
  tx: Reader,
  context: SendContext,
  gate: ApprovalGate | null,
  now: Asked | null,
  current: TotalledSendRow,
  caller: Caller,
): Promise<'free' | 'asked' | 'needed'> {
  const isLooked = gate !== null && now !== null;
  const isFree = !isLooked && !(await mustBeApproved(tx, context, { key: current, before: current }, caller));
  const approval = isLooked ? await gate.judge(tx, now, false) : isFree ? 'free' : 'changed';
  if (approval === 'changed')
    throw new TidingsError('changed', MEANWHILE, { fix: 'Look at the send, and call again.' });
  if (approval === 'asked' && current.problem_code === APPROVAL_REJECTED)
    throw new TidingsError('declined', current.problem!, { fix: (words) => nextStep(current, words) });
  return approval;
}

export interface Looked {
  readonly question: Question;
  readonly asked: Asked;
}

/** The send as a call that a dry run can be made of. */
export async function look(
  { ledger, senders }: SendContext,
  send: NamedSendRow,
  { schedule_at, allow_repeat, confirm }: Pick<Input, 'schedule_at' | 'allow_repeat' | 'confirm'>,
  { signal }: Pick<Call, 'signal'>,
): Promise<Looked> {
  const {
    audience_id,
    channel,
    campaign,
    message,
    format,
    subject,
    from_name,
    placeholder_policy,
    template,
    attachments,
  } = send;
  const audience = await existingAudience(ledger, audience_id);
  const sender = senderOf(senders, send);
  const content = { message, format, subject, from_name, placeholder_policy, template, attachments };
  const files = await loadAttachments(ledger, attachments);
  const parsed = withAttachments(parseMessage(content, channel), files);
  const prepared = sender.prepare(await readyContent(parsed, CALL_LIMIT_MS, signal), send);
  return {
    question: { audience_id, channel, campaign, placeholder_policy, schedule_at, allow_repeat, confirm },
    asked: {
      start: readStartTime(schedule_at, Date.now()),
      audience,
      sender,
      content,
      parsed,
      files,
      prepared,
      key: send,
      before: send,
      notices: [],
      template: null,
    },
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

async function agree(context: SendContext, { question, asked }: Looked, call: Call): Promise<Agreement> {
  const found = await Agreement.find(context, question, asked, call, moves);
  if ('success' in found) throw new TidingsError(found.code!, found.error!, { fix: found.next_step });
  return found;
}

/**
 * Whether a call before did it by the same token, and its answer was lost.
 * @throws TidingsError `unconfirmed` or `changed`
 */
function isDone(context: SendContext, current: TotalledSendRow, verdict: Verdict | null): boolean {
  const fix = (words: Words) =>
    `Look with ${words.argument('dry_run', true)}, ask the person, and give its ${words.argument('confirm')} to the same call.`;
  if (verdict?.type === 'changed') throw new TidingsError('changed', verdict.result.error!, { fix });
  if (verdict?.type === 'go' || !mustConfirm(context, current)) return false;
  if (verdict?.type === 'replay' && (current.state === 'running' || current.state === 'scheduled'))
    return true;
  throw new TidingsError('unconfirmed', UNCONFIRMED, { fix });
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
