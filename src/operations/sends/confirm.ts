import type { Forecast } from '../../core/deliveries/forecast.ts';
import { CONFIRM_MS, type ConfirmationRow, findConfirmation } from '../../core/sends/confirmation.store.ts';
import { getSend, type SendRow } from '../../core/sends/send.store.ts';
import type { Reader } from '../../ledger/ledger.ts';
import type { Words } from '../../words.ts';
import type { Call } from '../operation.ts';
import { base, count, countsOf, hashOf, people, type Question } from './dry-run.ts';
import type { SendResult } from './send.schema.ts';
import type { Asked, SendContext } from './send-bulk-messages.ts';
import { totalsOf } from './send-result.ts';

/** So many are counted within the transaction that sends: a few milliseconds. More are counted just before it. */
const COUNTED_WITHIN = 1_000;

export type Verdict =
  /** It is what was confirmed or expected, or nothing was: whoever does it uses the token. */
  | { readonly type: 'go'; readonly seen: Forecast | null }
  /** A call before did what was confirmed, and its answer was lost: nothing more is confirmed by it. */
  | { readonly type: 'replay' }
  | { readonly type: 'unconfirmed' }
  | { readonly type: 'changed'; readonly result: SendResult };

/** What was counted of a large audience, and the send as it was then. */
export interface Counted {
  readonly seen: Forecast;
  readonly before: SendRow | undefined;
}

/** Under `TIDINGS_CONFIRM=token` nothing live leaves that a dry run has not shown. */
export function mustConfirm({ confirm }: SendContext, { mode }: Pick<SendRow, 'mode'>): boolean {
  return confirm.policy === 'token' && mode === 'live';
}

/** Counts whom {@link judge} has to know of, where there are too many to count them while all others wait. */
export async function countAhead(
  context: SendContext,
  question: Question,
  asked: Asked,
  by: string,
  signal: AbortSignal | undefined,
): Promise<Counted | null> {
  if (asked.audience.total_count <= COUNTED_WITHIN || !isPromised(question)) return null;
  const { ledger } = context;
  const promised =
    question.confirm === undefined ? undefined : await findConfirmation(ledger, question.confirm);
  if (promised && isReplay(promised, question, asked, by)) return null;
  return { seen: await count(ledger, context, question, asked, null, signal), before: asked.before };
}

/**
 * Whether a call may do what it asks: by the token of a dry run, or by the number that a person had in mind. Within the
 * transaction that does it, so that of two calls with one token one does.
 * @param asked with the send as this transaction finds it
 */
export async function judge(
  tx: Reader,
  context: SendContext,
  { question, asked, counted, by }: Case,
  { signal, caller: { words } }: Call,
): Promise<Verdict> {
  const { confirm, expected_recipients: expected } = question;
  if (confirm === undefined && mustConfirm(context, asked.key)) return { type: 'unconfirmed' };
  if (!isPromised(question)) return { type: 'go', seen: null };
  const promised = confirm === undefined ? undefined : await findConfirmation(tx, confirm);
  if (promised && isReplay(promised, question, asked, by)) return { type: 'replay' };
  const seen = counted?.seen ?? (await count(tx, context, question, asked, null, signal));
  const changed = (why: string): Verdict => ({
    type: 'changed',
    result: toChanged(question, asked, seen, why, words),
  });
  if (counted && !isSame(counted.before, asked.before)) return changed(MEANWHILE);
  if (confirm !== undefined) {
    const why = promised
      ? whatChanged(promised, question, asked, by, seen)
      : `${words.argument('confirm')} is the token of no dry run of the last day.`;
    if (why !== null) return changed(why);
  }
  if (expected !== undefined && expected !== seen.wouldSend)
    return changed(`${people(seen.wouldSend)} would get it, not ${expected}.`);
  return { type: 'go', seen };
}

interface Case {
  readonly question: Question;
  readonly asked: Asked;
  readonly counted: Counted | null;
  /** Whose token it may be. */
  readonly by: string;
}

function isPromised({ confirm, expected_recipients }: Question): boolean {
  return confirm !== undefined || expected_recipients !== undefined;
}

function isReplay(promised: ConfirmationRow, question: Question, asked: Asked, by: string): boolean {
  const { send_id } = promised;
  return send_id !== null && send_id === asked.before?.id && promised.asked === hashOf(question, asked, by);
}

export function isSame(one: SendRow | undefined, other: SendRow | undefined): boolean {
  return one?.id === other?.id && one?.revision === other?.revision && one?.state === other?.state;
}

function whatChanged(
  promised: ConfirmationRow,
  question: Question,
  asked: Asked,
  by: string,
  seen: Forecast,
): string | null {
  if (promised.send_id !== null) return 'That dry run was confirmed already, and is good for one send.';
  if (promised.asked !== hashOf(question, asked, by))
    return 'The call is another one than the dry run: its text, audience, channel, campaign, options or caller differ.';
  if (Date.now() - promised.made_at > CONFIRM_MS)
    return `The dry run is over ${CONFIRM_MS / 60_000} minutes old.`;
  const counts = countsOf(seen, asked);
  if (promised.counts === counts) return null;
  const [before, now] = [promised.counts, counts].map(
    (text) => JSON.parse(text) as { would_send: number; send: string | null },
  ) as [{ would_send: number; send: string | null }, { send: string | null }];
  if (before.send !== now.send) return MEANWHILE;
  return before.would_send === seen.wouldSend
    ? 'As many people would get it as in the dry run, but they are others, or others are skipped.'
    : `${people(seen.wouldSend)} would get it now, and ${before.would_send} in the dry run.`;
}

export const MEANWHILE = 'Another call has made or changed this send meanwhile.';

function toChanged(question: Question, asked: Asked, seen: Forecast, why: string, words: Words): SendResult {
  return {
    ...base(question, asked, seen),
    success: false,
    code: 'changed',
    error: why,
    would_send: seen.wouldSend,
    skips: Object.fromEntries(seen.skips),
    ...lookFirst(question, words),
  };
}

export const UNCONFIRMED = 'Live messages need to be confirmed here (TIDINGS_CONFIRM=token).';

interface Refused {
  readonly code: 'unconfirmed' | 'changed' | 'declined';
  readonly why: string;
  readonly words: Words;
  /** The same call asks the person again. */
  readonly asksAgain?: boolean;
}

/** Nothing was done: nobody has agreed to it. */
export async function toRefused(
  reader: Reader,
  question: Question,
  { sender, audience, before }: Asked,
  { code, why, words, asksAgain }: Refused,
): Promise<SendResult> {
  const send = before && (await getSend(reader, before.seq));
  const total = audience.total_count;
  return {
    success: false,
    code,
    audience_id: question.audience_id,
    channel: question.channel,
    ...totalsOf(send ?? { total, sent: 0, failed: 0, unknown: 0, skipped: 0 }),
    campaign: question.campaign,
    mode: sender.about.mode,
    sender: sender.about.id,
    ...(before && { send_id: before.id, state: before.state }),
    error: why,
    ...(code === 'declined' || asksAgain
      ? { next_step: asksAgain ? ASKS_AGAIN : FINAL, next: [] }
      : lookFirst(question, words)),
  };
}

const ASKS_AGAIN = 'Nothing was sent by this call. The same call asks the person again.';
const FINAL =
  'Nothing was sent by this call. That is their answer: do not call again unless the person asks for it.';

function lookFirst({ campaign, channel }: Question, words: Words): Pick<SendResult, 'next_step' | 'next'> {
  return {
    next_step: `Nothing was sent by this call. Look with ${words.argument('dry_run', true)}, ask the person, and give its ${words.argument('confirm')} to the same call.`,
    next: [
      {
        operation: 'sendBulkMessages',
        arguments: { campaign, channel, dry_run: true },
        reason: 'dry_run',
      },
    ],
  };
}
