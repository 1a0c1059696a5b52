import type { Forecast } from '../../core/deliveries/forecast.ts';
import { CONFIRM_MS, type ConfirmationRow, findConfirmation } from '../../core/sends/confirmation.store.ts';
import { getSend, type SendRow } from '../../core/sends/send.store.ts';
import type { Reader } from '../../ledger/ledger.ts';
import type { Words } from '../../words.ts';
import type { Call } from '../operation.ts';
import { base, count, countsOf, hashOf, type Question } from './dry-run.ts';
import type { SendResult } from './send.schema.ts';
import type { Asked, SendContext } from './send-bulk-messages.ts';
import { totalsOf } from './send-result.ts';

/** So many are counted within the transaction that sends: a few milliseconds. More are counted just before it. */
const COUNTED_WITHIN = 1_000;

export type Verdict =
  /** It is what was confirmed or expected, or nothing was: whoever does it uses the token. */
  | { readonly type: 'go' }
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
export function mustConfirm({ needsToken }: SendContext, { mode }: Pick<SendRow, 'mode'>): boolean {
  return needsToken && mode === 'live';
}

/** Counts whom {@link judge} has to know of, where there are too many to count them while all others wait. */
export async function countAhead(
  context: SendContext,
  question: Question,
  asked: Asked,
  signal: AbortSignal | undefined,
): Promise<Counted | null> {
  if (asked.audience.total_count <= COUNTED_WITHIN || !isPromised(question)) return null;
  const { ledger } = context;
  const promised =
    question.confirm === undefined ? undefined : await findConfirmation(ledger, question.confirm);
  if (promised && isReplay(promised, question, asked)) return null;
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
  { question, asked, counted }: Case,
  { signal, caller: { words } }: Call,
): Promise<Verdict> {
  const { confirm, expected_recipients: expected } = question;
  if (confirm === undefined && mustConfirm(context, asked.key)) return { type: 'unconfirmed' };
  if (!isPromised(question)) return { type: 'go' };
  const promised = confirm === undefined ? undefined : await findConfirmation(tx, confirm);
  if (promised && isReplay(promised, question, asked)) return { type: 'replay' };
  const seen = counted?.seen ?? (await count(tx, context, question, asked, null, signal));
  const changed = (why: string): Verdict => ({
    type: 'changed',
    result: toChanged(question, asked, seen, why, words),
  });
  if (counted && !isSame(counted.before, asked.before)) return changed(MEANWHILE);
  if (confirm !== undefined) {
    const why = promised
      ? whatChanged(promised, question, asked, seen)
      : `${words.argument('confirm')} is the token of no dry run of the last day.`;
    if (why !== null) return changed(why);
  }
  if (expected !== undefined && expected !== seen.wouldSend)
    return changed(`${people(seen.wouldSend)} would get it, not ${expected}.`);
  return { type: 'go' };
}

interface Case {
  readonly question: Question;
  readonly asked: Asked;
  readonly counted: Counted | null;
}

function isPromised({ confirm, expected_recipients }: Question): boolean {
  return confirm !== undefined || expected_recipients !== undefined;
}

function isReplay(promised: ConfirmationRow, question: Question, asked: Asked): boolean {
  const { send_id } = promised;
  return send_id !== null && send_id === asked.before?.id && promised.asked === hashOf(question, asked);
}

function isSame(one: SendRow | undefined, other: SendRow | undefined): boolean {
  return one?.id === other?.id && one?.revision === other?.revision && one?.state === other?.state;
}

function whatChanged(
  promised: ConfirmationRow,
  question: Question,
  asked: Asked,
  seen: Forecast,
): string | null {
  if (promised.send_id !== null) return 'That dry run was confirmed already, and is good for one send.';
  if (promised.asked !== hashOf(question, asked))
    return 'The call is another one than the dry run: its text, audience, channel, campaign or options differ.';
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

const MEANWHILE = 'Another call has made or changed this send meanwhile.';
const people = (count: number) => (count === 1 ? '1 person' : `${count} people`);

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

/** Nothing was done: nobody has looked at what it would be. */
export async function toUnconfirmed(
  reader: Reader,
  question: Question,
  { sender, audience, before }: Asked,
  words: Words,
): Promise<SendResult> {
  const send = before && (await getSend(reader, before.seq));
  const total = audience.total_count;
  return {
    success: false,
    code: 'unconfirmed',
    audience_id: question.audience_id,
    channel: question.channel,
    ...totalsOf(send ?? { total, sent: 0, failed: 0, unknown: 0, skipped: 0 }),
    campaign: question.campaign,
    mode: sender.about.mode,
    sender: sender.about.id,
    ...(before && { send_id: before.id, state: before.state }),
    error: UNCONFIRMED,
    ...lookFirst(question, words),
  };
}

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
