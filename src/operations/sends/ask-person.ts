import { allows } from '../../core/access/role.ts';
import type { Forecast } from '../../core/deliveries/forecast.ts';
import { findAgreed, insertApproval, isAgreed, type Step } from '../../core/sends/approval.store.ts';
import {
  type ConfirmationRow,
  findConfirmation,
  forgetConfirmation,
  makeConfirmation,
} from '../../core/sends/confirmation.store.ts';
import { exactHash } from '../../core/sends/content-hash.ts';
import { getSend, type SendRow } from '../../core/sends/send.store.ts';
import { APPROVAL_NEEDED, APPROVAL_REJECTED, PAUSED_BY_REQUEST } from '../../core/sends/send.ts';
import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { callerName } from '../caller-name.ts';
import { type FormAnswer, FormNeeded } from '../form.ts';
import type { Call, Caller } from '../operation.ts';
import { toRefused } from './confirm.ts';
import { count, countsOf, hashOf, type Question } from './dry-run.ts';
import { formText } from './form-text.ts';
import { Samples } from './samples.ts';
import type { SendResult } from './send.schema.ts';
import type { Asked, SendContext } from './send-bulk-messages.ts';
import { isAhead } from './send-result.ts';

/** What a person has said of a call. */
export type Said =
  /** Nobody has to be asked of the send as it was then. */
  | { readonly type: 'free'; readonly before: SendRow | undefined }
  /** Yes, by this form: it stands for exactly what it showed. */
  | { readonly type: 'yes'; readonly state: string }
  | { readonly type: 'no'; readonly result: SendResult };

/**
 * Under `TIDINGS_CONFIRM=ask`: a live call that sets off more than so many messages is asked of the person, where the
 * program that calls can show a form. Asked again is whatever reaches more people, says another text, or starts sooner
 * than somebody has agreed to. No argument of the call stands for it.
 * @param setsOff whether messages may leave by the call that would not leave without it
 * @throws FormNeeded which the door shows, and calls again with the answer
 */
export async function askPerson(
  context: SendContext,
  question: Question,
  asked: Asked,
  call: Call,
  setsOff: boolean,
): Promise<Said> {
  const { before } = asked;
  const { ledger, confirm } = context;
  if (!mayAsk(context, asked.key, call)) return { type: 'free', before };
  if (call.form!.answer) return readAnswer(context, question, asked, call.form!.answer, call);
  if (!setsOff) return { type: 'free', before };
  const samples = new Samples(asked);
  const seen = await count(ledger, context, question, asked, samples, call.signal);
  if (seen.wouldSend <= confirm.above) return { type: 'free', before };
  const agreed = before && (await findAgreed(ledger, before.seq, true));
  if (isAgreed(agreed, await stepOf(ledger, asked, seen))) return { type: 'free', before };
  const text = await formText(context, asked, {
    seen,
    samples: samples.shown(),
    agreed,
    startsAt: startOf(asked),
  });
  const promise = { asked: hashOf(question, asked, byForm(call.caller)), counts: countsOf(seen, asked) };
  const state = await ledger.write((tx) => makeConfirmation(tx, promise, Date.now()));
  throw new FormNeeded(text, state);
}

/** Who may not send is asked of by an approval alone: two questions about one thing would be one too many. */
export function mayAsk(
  { confirm }: SendContext,
  { mode }: Pick<SendRow, 'mode'>,
  { form, caller }: Call,
): boolean {
  const isAsked = confirm.policy === 'ask' && mode === 'live' && form !== undefined;
  return isAsked && allows(caller.principal.role, 'send');
}

/** A form is no token of a dry run, and the other way round: the person is always the one who is asked. */
export function byForm(caller: Caller): string {
  return `form ${callerName(caller)}`;
}

async function readAnswer(
  { ledger }: SendContext,
  question: Question,
  asked: Asked,
  { state, action, recipients }: FormAnswer,
  { caller: { words } }: Call,
): Promise<Said> {
  const promised = state === null ? undefined : await findConfirmation(ledger, state);
  const no = async (code: 'declined' | 'unconfirmed', why: string): Promise<Said> => {
    if (state !== null) await ledger.write((tx) => forgetConfirmation(tx, state));
    return {
      type: 'no',
      result: await toRefused(ledger, question, asked, {
        code,
        why,
        words,
        asksAgain: code === 'unconfirmed',
      }),
    };
  };
  if (action === 'decline') return no('declined', 'The person who was asked said no.');
  if (action === 'cancel')
    return no('declined', 'The person who was asked closed the form without an answer.');
  if (!promised) return no('unconfirmed', 'The form that was answered is not known, or was answered before.');
  const shown = recipientsOf(promised);
  const typed = typeof recipients === 'string' ? recipients.trim() : recipients;
  if (String(typed) === String(shown)) return { type: 'yes', state: state! };
  const what = typed === undefined || typed === '' ? 'no number' : `${JSON.stringify(typed)}`.slice(0, 40);
  return no('unconfirmed', `The form asked for the number of people, ${shown}, and came back with ${what}.`);
}

function recipientsOf({ counts }: ConfirmationRow): number {
  return (JSON.parse(counts) as { would_send: number }).would_send;
}

export async function stepOf(reader: Reader, { content, ...asked }: Asked, seen: Forecast): Promise<Step> {
  // Not as they would stand after it: who failed was reached, and is to be reached again.
  const send = asked.before && (await getSend(reader, asked.before.seq));
  return {
    contentHash: exactHash(content),
    wouldSend: seen.wouldSend,
    reached: send ? send.sent + send.failed : 0,
    startsAtMs: startOf(asked) ?? Date.now(),
  };
}

const KEEPS_ITS_TIME: readonly (string | null)[] = [PAUSED_BY_REQUEST, APPROVAL_NEEDED, APPROVAL_REJECTED];

/** Milliseconds since 1970; null: at once. */
export function startOf({ start, before }: Pick<Asked, 'start' | 'before'>): number | null {
  if (start?.type === 'at') return start.atMs;
  if (start || !before || !isAhead(before, Date.now())) return null;
  const waits = before.state !== 'paused' || KEEPS_ITS_TIME.includes(before.problem_code);
  return waits ? before.scheduled_at : null;
}

/** Within the transaction that does it: what a person has agreed to, so that going on with it asks nobody again. */
export async function noteAgreed(
  tx: Transaction,
  sendSeq: number,
  asked: Asked,
  seen: Forecast,
  caller: Caller,
): Promise<void> {
  await insertApproval(tx, {
    send_seq: sendSeq,
    code: null,
    content_hash: exactHash(asked.content),
    recipients: seen.wouldSend,
    reached: seen.sent + seen.failed,
    counts: countsOf(seen, asked),
    starts_at: startOf(asked),
    asked_by: callerName(caller),
    asked_at: Date.now(),
    decision: 'approved',
    decided_by: 'form',
  });
}
