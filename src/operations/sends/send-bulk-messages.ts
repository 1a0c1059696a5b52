import type * as z from 'zod';
import type { AudienceRow } from '../../core/audiences/audience.store.ts';
import { CHANNELS } from '../../core/channel.ts';
import type { ContactLimit } from '../../core/deliveries/contact-limit.ts';
import type { Repeat } from '../../core/deliveries/repeat.store.ts';
import { findRepeat } from '../../core/deliveries/repeat.store.ts';
import type { PreparedMessage, Sender } from '../../core/deliveries/sender.ts';
import { refuseWhileHeld } from '../../core/holds/hold.ts';
import { type AttachedFile, attachmentsJson } from '../../core/messages/attachment.ts';
import { messageFormat, parseMessage } from '../../core/messages/content.ts';
import { type Message, withAttachments } from '../../core/messages/message.ts';
import { putPreheader } from '../../core/messages/preheader.ts';
import { CALL_LIMIT_MS, readyContent } from '../../core/messages/ready-content.ts';
import { putTracking } from '../../core/messages/tracking.ts';
import { newId } from '../../core/new-id.ts';
import { keepAttachments } from '../../core/sends/attachment.store.ts';
import { contentHash } from '../../core/sends/content-hash.ts';
import {
  allowRepeat,
  findSend,
  findSendByKey,
  insertSend,
  type SendContent,
  type SendRow,
} from '../../core/sends/send.store.ts';
import { LATE_MS, readStartTime, type StartTime } from '../../core/sends/start-time.ts';
import { refuseWhileStopped } from '../../core/sends/stop-all.ts';
import { TidingsError } from '../../errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { existingAudience } from '../existing-audience.ts';
import { type Call, type Operation, operation } from '../operation.ts';
import { lookAhead } from '../templates/account-notices.ts';
import { type ChosenTemplate, chooseTemplate, keepDraft } from '../templates/choose-template.ts';
import { Agreement } from './agreement.ts';
import { readAttachments } from './attachments.ts';
import { checkText } from './check-text.ts';
import { chooseSender } from './choose-sender.ts';
import { MEANWHILE, mustConfirm, toRefused, UNCONFIRMED } from './confirm.ts';
import { DailyLimit } from './daily-limit.ts';
import { dryRun } from './dry-run.ts';
import { ApprovalGate } from './hold-for-approval.ts';
import { type SendResult, sendBulkMessagesInput, sendBulkMessagesOutput } from './send.schema.ts';
import { toRepeat } from './send-result.ts';
import { hasPassed, putBack, revise, sameContent, takeUp } from './take-up.ts';
import { answerNow, watch } from './watch-send.ts';

export interface SendContext {
  readonly ledger: Ledger;
  /** The usual one of each channel before its others. */
  readonly senders: readonly Sender[];
  /** Tells the dispatcher of this process, if it is the one that sends, that there is work. */
  readonly wake: () => void;
  readonly siteName: string | null;
  readonly contactLimit: ContactLimit | null;
  /** `WHATSAPP_LANGUAGE`; null: the text tells. */
  readonly templateLanguage: string | null;
  readonly confirm: ConfirmPolicy;
  /** Where a person approves what waits. */
  readonly dashboardUrl: string;
}

/** `TIDINGS_CONFIRM` and `TIDINGS_CONFIRM_ABOVE`. */
export interface ConfirmPolicy {
  readonly policy: 'ask' | 'token' | 'person' | 'off';
  /** Under `ask`: who has a form is asked of live sends to more people than this. */
  readonly above: number;
}

export type Input = z.output<typeof sendBulkMessagesInput>;

/** A call that was read: everything about it that can be known before anything is stored. */
export interface Asked {
  readonly start: StartTime | null;
  readonly audience: AudienceRow;
  readonly sender: Sender;
  readonly content: SendContent;
  readonly parsed: Message;
  /** What its messages bring along, as it is to be kept. */
  readonly files: readonly AttachedFile[];
  readonly prepared: PreparedMessage;
  readonly key: Pick<SendRow, 'audience_seq' | 'channel' | 'campaign' | 'mode'>;
  /** The send that it attaches to. */
  readonly before: SendRow | undefined;
  readonly notices: string[];
  /** How it reaches whom no text may reach; null: everybody gets the text. */
  readonly template: ChosenTemplate | null;
}

export function sendBulkMessages(context: SendContext): Operation {
  return operation({
    name: 'sendBulkMessages',
    summary:
      'Sends one message to every lead of an audience, over WhatsApp or email; never twice to the same lead.',
    effect: 'send',
    isForAuthors: true,
    route: 'POST /sends',
    input: sendBulkMessagesInput,
    output: sendBulkMessagesOutput,
    async run(input, call) {
      const untilMs = performance.now() + input.max_wait_seconds * 1_000;
      await refuseWhileHeld(context.ledger);
      const { words } = call.caller;
      const asked = await readCall(context, input, call.signal);
      if (input.dry_run) return dryRun(context, input, asked, call);
      await refuseWhileStopped(context.ledger);
      const attached = await attach(context, input, asked, call);
      if ('success' in attached) return attached;
      const { id, notices } = attached;
      context.wake();
      await watch(context.ledger, id, untilMs, call);
      return answerNow(context, id, words, notices, asked.template?.changes);
    },
  });
}

/** @throws TidingsError when it cannot be right: nothing was stored. */
async function readCall(
  { ledger, senders, siteName, templateLanguage }: SendContext,
  input: Input,
  signal: AbortSignal | undefined,
): Promise<Asked> {
  const start = readStartTime(input.schedule_at, Date.now());
  const audience = await existingAudience(ledger, input.audience_id);
  refuseUnready(audience);
  const sender = chooseSender(senders, input.channel, input.sender);
  const key = {
    audience_seq: audience.seq,
    channel: input.channel,
    campaign: input.campaign,
    mode: sender.about.mode,
  };
  const before = await findSendByKey(ledger, key);
  if (!before) refuseLate(start);
  const written = {
    message: CHANNELS[input.channel].hasHtml
      ? putTracking(putPreheader(input.message, input.preheader), input.tracking)
      : input.message,
    format: messageFormat(input.channel, input.message),
    subject: CHANNELS[input.channel].hasSubject ? (input.subject ?? null) : null,
    from_name: input.from || null,
    placeholder_policy: input.placeholder_policy,
  };
  const { body } = parseMessage(written, input.channel);
  const choice = { ledger, sender, audience, body, siteName, usualLanguage: templateLanguage, before };
  const template = input.channel === 'whatsapp' ? await chooseTemplate(choice, input) : null;
  const files = await readAttachments(input.attachments, input.channel, signal);
  const content: SendContent = {
    ...written,
    template: template && JSON.stringify(template.use),
    attachments: attachmentsJson(files),
  };
  const parsed = withAttachments(parseMessage(content, input.channel), files);
  const prepared = sender.prepare(await readyContent(parsed, CALL_LIMIT_MS, signal), {
    campaign: input.campaign,
    audience_id: audience.id,
  });
  const notices = remarks(input);
  notices.push(...(template?.notices ?? []));
  if (template?.isNeeded && !input.dry_run)
    notices.push(...(await lookAhead(ledger, sender, audience.total_count)).notices);
  // What was accepted once goes on, whatever its leads have lost meanwhile.
  if (!before || !sameContent(before, content))
    notices.push(...(await checkText(ledger, parsed, audience, input.allow_literal)));
  return { start, audience, sender, content, parsed, files, prepared, key, before, notices, template };
}

/**
 * Makes the send of (audience, channel, campaign), or attaches to the one there is: two calls at once, or a call
 * tried again, are one send.
 */
async function attach(
  context: SendContext,
  input: Input,
  asked: Asked,
  call: Call,
): Promise<{ id: string; notices: string[] } | SendResult> {
  const { start, audience, sender, content, key, notices } = asked;
  const { words } = call.caller;
  const { ledger } = context;
  const moves = (known: SendRow | undefined) => setsOff(input, asked, known);
  const agreement = await Agreement.find(context, input, asked, call, moves);
  if ('success' in agreement) return agreement;
  const gate = await ApprovalGate.look(context, input, asked, call, moves);
  const daily = await DailyLimit.look(context, input, asked, call, moves);
  const found = await ledger.write(async (tx): Promise<Found | Repeat | SendResult> => {
    const known = await findSendByKey(tx, key);
    const id = known?.id ?? newId();
    const now = { ...asked, before: known };
    const verdict = await agreement.judge(tx, now);
    if (verdict.type === 'changed') return verdict.result;
    const isReplay = verdict.type === 'replay';
    if (verdict.type !== 'go' && mustConfirm(context, key)) {
      const [again, askedAgain] = isReplay
        ? [
            { ...input, retry: undefined },
            { ...now, start: null },
          ]
        : [input, now];
      if (setsOff(again, askedAgain, known))
        return toRefused(tx, input, now, { code: 'unconfirmed', why: UNCONFIRMED, words });
      return { known: known!, goesOn: 'watched' };
    }
    const approval = await gate.judge(tx, now, isReplay);
    if (approval === 'changed') return toRefused(tx, input, now, { code: 'changed', why: MEANWHILE, words });
    if (approval === 'asked') return { known: known!, goesOn: 'watched' };
    const isNew = !known || !sameText(known, content);
    if (isNew && key.mode === 'live' && !input.allow_repeat && known?.state !== 'cancelled') {
      const all = { ...key, ...content, total: audience.total_count, seq: known?.seq ?? null };
      const repeat = await findRepeat(tx, all, Date.now());
      if (repeat) return repeat;
    }
    const waits = start?.type === 'at' || approval === 'needed';
    if (!isReplay) await daily?.spend(tx, { id, total: audience.total_count }, known, waits);
    if (known && input.allow_repeat) await allowRepeat(tx, known.seq);
    if (!isReplay) await keepAttachments(tx, asked.files, Date.now());
    if (asked.template && !isReplay) await keepDraft(tx, sender, asked.template);
    if (known) {
      if (!isReplay) await agreement.use(tx, known, now, verdict);
      if (approval === 'needed') {
        await revise(tx, known, content);
        await gate.hold(tx, known.seq, now);
        return { known, goesOn: 'held' };
      }
      return { known, goesOn: isReplay ? 'as it is' : 'as asked' };
    }
    await refuseWhileStopped(tx);
    // It may have been deleted since: a send of it would find nobody.
    await existingAudience(tx, input.audience_id);
    const seq = await insertSend(tx, {
      repeat_allowed: input.allow_repeat ? 1 : 0,
      ...key,
      ...content,
      sender: sender.about.id,
      id,
      total: audience.total_count,
      created_at: new Date().toISOString(),
      scheduled_at: start?.type === 'at' ? start.atMs : null,
    });
    await agreement.use(tx, { id, seq }, now, verdict);
    if (approval === 'needed') await gate.hold(tx, seq, now);
    return { made: id };
  });
  if ('success' in found) return found;
  if ('percent' in found) {
    const of = { audienceId: input.audience_id, ...input, total: audience.total_count };
    return toRepeat(of, (await findSend(ledger, found.sendId))!, found.percent, words);
  }
  if ('made' in found) {
    if (start?.type === 'passed') notices.push(`${hasPassed(start, words)}: it was started at once.`);
    return { id: found.made, notices };
  }
  const { known, goesOn } = found;
  if (goesOn === 'held') {
    if (input.retry) notices.push(await putBack(ledger, known.seq, input.retry, content));
    return { id: known.id, notices };
  }
  // What was confirmed once is done once: leads are put back, and a time is set, by the first of the same calls.
  const [retry, time] = goesOn === 'as asked' ? [input.retry, start] : [undefined, null];
  if (goesOn !== 'watched') notices.push(...(await takeUp(ledger, known, content, retry, time, words)));
  return { id: known.id, notices };
}

/**
 * Whether messages may leave by a call that would not leave without it. Attached to a send that runs, or waits for its
 * time, or is over, as it is, it only looks on; one that is cancelled it does not touch.
 */
function setsOff(
  { retry }: Pick<Input, 'retry'>,
  { start, content }: Pick<Asked, 'start' | 'content'>,
  known: SendRow | undefined,
): boolean {
  return (
    !known ||
    retry !== undefined ||
    start !== null ||
    known.state === 'paused' ||
    !sameContent(known, content)
  );
}

type Found =
  | { readonly made: string }
  | { readonly known: SendRow; readonly goesOn: 'as asked' | 'as it is' | 'watched' | 'held' };

function sameText(send: SendRow, content: SendContent): boolean {
  return contentHash(send) === contentHash(content);
}

function refuseUnready(audience: AudienceRow): void {
  if (audience.status === 'error') {
    throw new TidingsError('conflict', `The audience "${audience.name}" could not be built.`, {
      fix: 'Make the audience again.',
    });
  }
  if (audience.status !== 'ready') {
    throw new TidingsError('conflict', `The audience "${audience.name}" is still ${audience.status}.`, {
      fix: (words) => `Call again when ${words.operation('audience.get')} says ready.`,
    });
  }
  if (audience.total_count === 0) {
    throw new TidingsError('conflict', `The audience "${audience.name}" has no leads: nobody to send to.`, {
      fix: 'Make an audience with other filters, or import leads first; an audience is frozen when it is made.',
    });
  }
}

function remarks(input: Input): string[] {
  const notices: string[] = [];
  if (input.channel === 'whatsapp') {
    if (input.from) notices.push("WhatsApp shows the business profile's own name; from was not used.");
    if (input.subject) notices.push('WhatsApp has no subject; it was not used.');
    if (input.tracking?.length)
      notices.push('WhatsApp has no links that could be counted; tracking was not used.');
    if (input.preheader) notices.push('WhatsApp has no preheader; it was not used.');
  }
  return notices;
}

/** A call that is made again may say the time that it said; a new send with a time long over is a slip, and would leave at once. */
function refuseLate(start: StartTime | null): void {
  if (start?.type !== 'passed' || start.agoMs <= LATE_MS) return;
  throw new TidingsError(
    'invalid_argument',
    (words) =>
      `${words.argument('schedule_at')} ${start.text} is more than five minutes past; nothing was sent.`,
    { fix: 'Give a time that is ahead, or the word "now".' },
  );
}
