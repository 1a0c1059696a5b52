import { dailyLimitOf, spend } from '../../core/access/daily-limit.ts';
import type { SendRow } from '../../core/sends/send.store.ts';
import { getSend } from '../../core/sends/send.store.ts';
import { TidingsError } from '../../errors.ts';
import type { Transaction } from '../../ledger/ledger.ts';
import type { Call } from '../operation.ts';
import type { SetsOff } from './agreement.ts';
import { isSame, MEANWHILE } from './confirm.ts';
import { count, type Question } from './dry-run.ts';
import type { Asked, SendContext } from './send-bulk-messages.ts';
import { totalsOf } from './send-result.ts';

/**
 * How many people a call would reach, counted before its transaction where its key has a limit of them a day; what
 * sets off nothing is not counted.
 */
export class DailyLimit {
  readonly #call: Call;
  readonly #setsOff: SetsOff;
  readonly #before: SendRow | undefined;
  readonly #wouldSend: number;

  private constructor(call: Call, setsOff: SetsOff, before: SendRow | undefined, wouldSend: number) {
    this.#call = call;
    this.#setsOff = setsOff;
    this.#before = before;
    this.#wouldSend = wouldSend;
  }

  /** @returns null: the caller has no limit, or nothing really leaves */
  static async look(
    context: SendContext,
    question: Question,
    asked: Asked,
    call: Call,
    setsOff: SetsOff,
  ): Promise<DailyLimit | null> {
    const { ledger } = context;
    if (asked.key.mode !== 'live' || (await dailyLimitOf(ledger, call.caller.principal)) === null)
      return null;
    const seen = setsOff(asked.before)
      ? await count(ledger, context, question, asked, null, call.signal)
      : null;
    return new DailyLimit(call, setsOff, asked.before, seen?.wouldSend ?? 0);
  }

  /**
   * Within the transaction that sets it off.
   * @param known the send as this transaction finds it
   * @param waits it does not begin now: who can be reached then nobody knows, so all who are pending count
   * @throws TidingsError `forbidden`; `changed` when another call changed the send since it was looked at
   */
  async spend(
    tx: Transaction,
    send: { id: string; total: number },
    known: SendRow | undefined,
    waits: boolean,
  ) {
    if (!this.#setsOff(known)) return;
    if (!isSame(this.#before, known))
      throw new TidingsError('changed', MEANWHILE, { fix: 'Look at the send, and call again.' });
    const fresh = { total: send.total, sent: 0, failed: 0, unknown: 0, skipped: 0 };
    const totals = totalsOf((known && (await getSend(tx, known.seq))) ?? fresh);
    await spend(tx, this.#call.caller.principal, {
      sendId: send.id,
      recipients: waits ? Math.max(this.#wouldSend, totals.total_remaining) : this.#wouldSend,
      reached: totals.total_sent + totals.total_failed,
      remaining: known ? totals.total_remaining : 0,
    });
  }
}
