import type { Transaction } from '../../ledger/ledger.ts';
import { accountKey } from '../leads/phone.ts';
import { transition } from '../sends/send.store.ts';
import { EVERYBODY_REFUSED, type SendProblem } from '../sends/send.ts';
import { suppress } from '../suppressions/suppression.store.ts';
import { CHOSE_AT_PROVIDER, WHATSAPP_MARKETING } from '../suppressions/suppression.ts';
import type { Claim } from './claim.ts';
import {
  forgetEnded,
  markFollowed,
  noteRefused,
  putBack,
  type Run,
  readRun,
  sendsOfOpen,
  takeTrusted,
} from './refusal.store.ts';
import type { Outcome, Sender } from './sender.ts';

/** As many refusals in a row, with nobody accepted in between, say that the sender is refused, not the recipients. */
const BREAKER_AT = 20;
/** What other workers of this sender have heard is looked up so often while messages are accepted. */
const LOOK_MS = 1_000;

export interface Heard {
  readonly claim: Pick<Claim, 'chunk' | 'position' | 'attempts' | 'recipient'>;
  readonly outcome: Outcome;
  readonly startedAtMs: number;
}

type Permanent = Extract<Outcome, { type: 'permanent' }>;

export interface Verdict {
  /** Set: everybody is refused, and this is to be told. */
  readonly problem: SendProblem | null;
  readonly putsBack: boolean;
  readonly refused: boolean;
  readonly known: Known;
}

type Known = Run & { readonly lookedAtMs: number };

/**
 * A relay that refuses everybody says nothing about anybody. So what a refusal would have suppressed is written down
 * with it, in the transaction that settles it, and takes effect in a transaction that settles an acceptance: of an
 * attempt of the same send that began after the refusal was heard. Messages that were on their way together say less:
 * a relay that has just begun to refuse still answers for those it took before. They count when nothing is left to
 * send. Twenty in a row open the breaker, and all of them are pending again.
 *
 * Nothing is kept in memory that another process, or this one after a crash, would need. While no refusal is open, an
 * acceptance costs nothing.
 */
export class RefusalRun {
  readonly #sender: Pick<Sender, 'about' | 'ifEverybodyIsRefused'>;
  #known: Known = {
    active: 0,
    unfollowed: 0,
    counted: 0,
    upTo: 0,
    lookedAtMs: Number.NEGATIVE_INFINITY,
  };

  constructor(sender: Pick<Sender, 'about' | 'ifEverybodyIsRefused'>) {
    this.#sender = sender;
  }

  get #id(): string {
    return this.#sender.about.id;
  }

  /** In the order in which they were heard, before they are settled. Null: nothing to do. */
  async hear(tx: Transaction, results: readonly Heard[]): Promise<Verdict | null> {
    const { active, upTo, lookedAtMs } = this.#known;
    const lastAccepted = results.findLastIndex(({ outcome }) => outcome.type === 'accepted');
    const hasRefused = results.some(({ outcome }) => outcome.type === 'permanent');
    const isLocked = results.some(({ outcome }) => outcome.type === 'account');
    const wants = active > 0 ? lastAccepted >= 0 || isLocked : performance.now() - lookedAtMs > LOOK_MS;
    if (!hasRefused && !wants) return null;
    if (active > 0 && lastAccepted >= 0) {
      const proving = results.filter(
        ({ outcome, startedAtMs }) => outcome.type === 'accepted' && startedAtMs > lookedAtMs,
      );
      const sends = new Set(proving.map(({ claim }) => claim.chunk.send_seq));
      await this.#trust(tx, sends, upTo);
      if (sends.size > 0) await forgetEnded(tx, this.#id, upTo);
      await markFollowed(tx, this.#id, sends.size > 0 ? upTo : null);
    }
    let last: Permanent | null = null;
    for (const [at, { claim, outcome }] of results.entries()) {
      if (outcome.type !== 'permanent') continue;
      // What this person said is no word about the sender: it holds at once, and whatever else is refused.
      if (outcome.suppress === 'opted_out') {
        const contact = accountKey(claim.recipient.contact);
        if (outcome.scope === 'marketing')
          await suppress(tx, WHATSAPP_MARKETING, contact, outcome.suppress, CHOSE_AT_PROVIDER);
        else await suppress(tx, this.#sender.about.channel, contact, outcome.suppress);
        continue;
      }
      last = outcome;
      await noteRefused(tx, this.#id, {
        sendSeq: claim.chunk.send_seq,
        position: claim.position,
        attempts: claim.attempts,
        reason: outcome.suppress ?? null,
        followed: at < lastAccepted,
      });
    }
    const known = await this.#look(tx);
    const opens = last !== null && known.counted >= BREAKER_AT;
    return {
      problem: opens ? this.#problem(last!, known.counted) : null,
      putsBack: opens || isLocked,
      refused: hasRefused,
      known,
    };
  }

  /**
   * When everything is settled. `isIdle`: nothing is on its way, and nothing is left to send.
   * @returns what to {@link remember} once it is committed
   */
  async conclude(
    tx: Transaction,
    { problem, putsBack, refused, known }: Verdict,
    isIdle: boolean,
  ): Promise<Known> {
    if (putsBack || refused) {
      const which = { all: putsBack, problemCode: EVERYBODY_REFUSED };
      const sends = await putBack(tx, this.#id, which);
      if (problem) await reopen(tx, sends, problem);
      if (sends.size > 0) return this.#look(tx);
    }
    if (!isIdle || known.active === 0 || known.unfollowed > 0) return known;
    await this.#trust(tx, await sendsOfOpen(tx, this.#id), known.upTo);
    return this.#look(tx);
  }

  remember(known: Known): void {
    this.#known = known;
  }

  async #look(tx: Transaction): Promise<Known> {
    return { ...(await readRun(tx, this.#id)), lookedAtMs: performance.now() };
  }

  #problem(last: Permanent, count: number): SendProblem {
    const way =
      this.#sender.ifEverybodyIsRefused?.(last) ??
      'Check the account, the login and the sender that messages leave by.';
    return {
      code: EVERYBODY_REFUSED,
      message:
        `${count} recipients in a row were refused, and nobody was accepted in between: that is about the sender, ` +
        `not about them. ${last.message} ${way} They are pending again, and none of them was suppressed. If all of ` +
        'them really are wrong, send to an address that works, then call again.',
      ...(last.said !== undefined && { said: last.said }),
    };
  }

  async #trust(tx: Transaction, sends: Iterable<number>, upTo: number): Promise<void> {
    for (const send of sends)
      for (const { contact, reason } of await takeTrusted(tx, this.#id, send, upTo))
        await suppress(tx, this.#sender.about.channel, contact, reason);
  }
}

/** Small sends that were over, with everybody refused, are not. */
async function reopen(tx: Transaction, sends: Iterable<number>, problem: SendProblem) {
  for (const send of sends) {
    await transition(tx, 'reopen_paused', { where: 'seq = ?', parameters: [send] }, problem);
  }
}
