import { randomInt } from 'node:crypto';
import { allows } from '../../core/access/role.ts';
import type { Forecast } from '../../core/deliveries/forecast.ts';
import {
  type ApprovalRow,
  findAgreed,
  findRequest,
  insertApproval,
  isAgreed,
  isOpen,
  voidRequests,
} from '../../core/sends/approval.store.ts';
import { exactHash } from '../../core/sends/content-hash.ts';
import { getSend, moveSend, type SendRow, setScheduledAt } from '../../core/sends/send.store.ts';
import { AWAITS_APPROVAL } from '../../core/sends/send.ts';
import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { callerName } from '../caller-name.ts';
import type { Call, Caller } from '../operation.ts';
import type { SetsOff } from './agreement.ts';
import { startOf, stepOf } from './ask-person.ts';
import { isSame } from './confirm.ts';
import { count, type Question } from './dry-run.ts';
import type { Asked, SendContext } from './send-bulk-messages.ts';

/** Without letters and digits that are taken for one another. */
const SIGNS = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_SIGNS = 8;

/** Short enough to be read out; it names what is asked, and gives nobody a right. */
export function newCode(): string {
  const signs = Array.from({ length: CODE_SIGNS }, () => SIGNS[randomInt(SIGNS.length)]!);
  return `${signs.slice(0, 4).join('')}-${signs.slice(4).join('')}`;
}

/** What is to become of a call where a person has to approve it. */
export type Approval =
  /** Nobody has to, or somebody has. */
  | 'free'
  /** It is asked already, or was refused: the call looks on. */
  | 'asked'
  /** It is still to be asked. */
  | 'needed'
  /** Another call has changed the send since it was looked at. */
  | 'changed';

/**
 * Under `TIDINGS_CONFIRM=person`, of a caller who may write and not send, and where a person was asked before, whatever
 * this process is told to do.
 */
export async function mustBeApproved(
  reader: Reader,
  { confirm }: SendContext,
  { key, before }: { readonly key: Pick<SendRow, 'mode'>; readonly before: Pick<SendRow, 'seq'> | undefined },
  caller: Caller,
): Promise<boolean> {
  if (key.mode !== 'live') return false;
  if (confirm.policy === 'person' || !allows(caller.principal.role, 'send')) return true;
  const request = before && (await findRequest(reader, before.seq));
  return request !== undefined && request.decision !== 'approved';
}

/** Looks whether a person has to approve a call: outside of the transaction that does it, and within. */
export class ApprovalGate {
  readonly #context: SendContext;
  readonly #question: Question;
  readonly #caller: Caller;
  readonly #setsOff: SetsOff;
  readonly #before: SendRow | undefined;
  /** null: nobody has to, as the send was when it was looked at. */
  readonly #seen: Forecast | null;

  private constructor(
    context: SendContext,
    question: Question,
    caller: Caller,
    setsOff: SetsOff,
    before: SendRow | undefined,
    seen: Forecast | null,
  ) {
    this.#context = context;
    this.#question = question;
    this.#caller = caller;
    this.#setsOff = setsOff;
    this.#before = before;
    this.#seen = seen;
  }

  static async look(
    context: SendContext,
    question: Question,
    asked: Asked,
    call: Call,
    setsOff: SetsOff,
  ): Promise<ApprovalGate> {
    const { before } = asked;
    const { ledger } = context;
    const isWanted = setsOff(before) && (await mustBeApproved(ledger, context, asked, call.caller));
    const seen = isWanted ? await count(ledger, context, question, asked, null, call.signal) : null;
    return new ApprovalGate(context, question, call.caller, setsOff, before, seen);
  }

  /**
   * @param now as the transaction finds it
   * @param isReplay a call before did it already: nothing new is asked
   */
  async judge(tx: Reader, now: Asked, isReplay: boolean): Promise<Approval> {
    const known = now.before;
    if (!this.#setsOff(known) || !(await mustBeApproved(tx, this.#context, now, this.#caller))) return 'free';
    const request = known && (await findRequest(tx, known.seq));
    if (isReplay) return request && request.decision !== 'approved' ? 'asked' : 'free';
    const isSameCall = this.#question.retry === undefined && request && isAbout(request, now);
    if (isSameCall && isUnapproved(request)) return 'asked';
    if (this.#seen === null || !isSame(this.#before, known)) return 'changed';
    if (this.#seen.wouldSend === 0) return 'free';
    const agreed = known && (await findAgreed(tx, known.seq, false));
    return isAgreed(agreed, await stepOf(tx, now, this.#seen)) ? 'free' : 'needed';
  }

  /**
   * Within the transaction, of a send that is there with its new text: it waits, and the person is asked.
   * @param now as the transaction found it
   */
  async hold(tx: Transaction, seq: number, now: Asked): Promise<void> {
    const startsAt = startOf(now);
    await moveSend(tx, seq, 'ask', AWAITS_APPROVAL);
    if (startsAt !== null) await setScheduledAt(tx, seq, startsAt);
    const send = (await getSend(tx, seq))!;
    const { wouldSend, who } = this.#seen!;
    await askForApproval(tx, send, {
      recipients: wouldSend,
      reached: send.sent + send.failed,
      counts: who,
      starts_at: startsAt,
      asked_by: callerName(this.#caller),
    });
  }
}

/** A person is asked, and what they were asked before of this send is void. */
export async function askForApproval(
  tx: Transaction,
  send: SendRow,
  about: Pick<ApprovalRow, 'recipients' | 'reached' | 'counts' | 'starts_at' | 'asked_by'>,
): Promise<string> {
  const nowMs = Date.now();
  const code = newCode();
  await voidRequests(tx, send.seq, nowMs);
  await insertApproval(tx, {
    ...about,
    send_seq: send.seq,
    code,
    content_hash: exactHash(send),
    asked_at: nowMs,
    decision: null,
    decided_by: null,
  });
  return code;
}

/** The same text, and no other time than was asked for. */
function isAbout(request: ApprovalRow, now: Asked): boolean {
  const startsAt = startOf(now);
  const isSameTime = now.start === null || (startsAt ?? 0) === (request.starts_at ?? 0);
  return request.content_hash === exactHash(now.content) && isSameTime;
}

function isUnapproved(request: ApprovalRow): boolean {
  return isOpen(request, Date.now()) || request.decision === 'rejected';
}
