import { useConfirmation } from '../../core/sends/confirmation.store.ts';
import type { SendRow } from '../../core/sends/send.store.ts';
import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { callerName } from '../caller-name.ts';
import type { Call } from '../operation.ts';
import { askPerson, byForm, mayAsk, noteAgreed, type Said } from './ask-person.ts';
import { type Counted, countAhead, isSame, judge, MEANWHILE, toRefused, type Verdict } from './confirm.ts';
import type { Question } from './dry-run.ts';
import type { SendResult } from './send.schema.ts';
import type { Asked, SendContext } from './send-bulk-messages.ts';

/** Whether messages may leave by a call that would not leave without it, as its send stands. */
export type SetsOff = (known: SendRow | undefined) => boolean;

/** What a call has in its favour: the token of a dry run, a number, a person's word by a form. */
export class Agreement {
  readonly #context: SendContext;
  readonly #question: Question;
  readonly #call: Call;
  readonly #setsOff: SetsOff;
  readonly #said: Exclude<Said, { type: 'no' }>;
  readonly #counted: Counted | null;

  private constructor(
    context: SendContext,
    question: Question,
    call: Call,
    setsOff: SetsOff,
    said: Exclude<Said, { type: 'no' }>,
    counted: Counted | null,
  ) {
    this.#context = context;
    this.#question = question;
    this.#call = call;
    this.#setsOff = setsOff;
    this.#said = said;
    this.#counted = counted;
  }

  /**
   * Before the transaction that does it: the person is asked where that is to be, and large audiences are counted.
   * @returns the answer to the call, where the person said no
   * @throws FormNeeded
   */
  static async find(
    context: SendContext,
    question: Question,
    asked: Asked,
    call: Call,
    setsOff: SetsOff,
  ): Promise<Agreement | SendResult> {
    const said = await askPerson(context, question, asked, call, setsOff(asked.before));
    if (said.type === 'no') return said.result;
    const counted =
      said.type === 'yes'
        ? await countAhead(
            context,
            { ...question, confirm: said.state },
            asked,
            byForm(call.caller),
            call.signal,
          )
        : await countAhead(context, question, asked, callerName(call.caller), call.signal);
    return new Agreement(context, question, call, setsOff, said, counted);
  }

  /**
   * Within that transaction, so that of two calls by one token or form one does it.
   * @param now as this transaction finds it
   */
  async judge(tx: Reader, now: Asked): Promise<Verdict> {
    const [context, question, call] = [this.#context, this.#question, this.#call];
    const of = { asked: now, counted: this.#counted };
    const verdict = await judge(tx, context, { ...of, question, by: callerName(call.caller) }, call);
    if (verdict.type === 'changed') return verdict;
    const said = this.#said;
    if (said.type === 'yes') {
      const form = { ...question, confirm: said.state };
      return judge(tx, context, { ...of, question: form, by: byForm(call.caller) }, call);
    }
    // Nobody had to be asked, and then somebody else moved it.
    if (mayAsk(context, now.key, call) && this.#setsOff(now.before) && !isSame(said.before, now.before)) {
      const why = { code: 'changed' as const, why: MEANWHILE, words: call.caller.words };
      return { type: 'changed', result: await toRefused(tx, question, now, why) };
    }
    return verdict;
  }

  /** Within the same transaction: token and form are used up by this send, and what was agreed to is kept. */
  async use(tx: Transaction, send: Pick<SendRow, 'id' | 'seq'>, now: Asked, verdict: Verdict): Promise<void> {
    const { confirm } = this.#question;
    if (confirm !== undefined) await useConfirmation(tx, confirm, send.id);
    if (this.#said.type !== 'yes' || verdict.type !== 'go') return;
    await useConfirmation(tx, this.#said.state, send.id);
    await noteAgreed(tx, send.seq, now, verdict.seen!, this.#call.caller);
  }
}
