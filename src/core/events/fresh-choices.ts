import type { Reader } from '../../ledger/ledger.ts';
import { listChoices } from './event.store.ts';
import type { Choice } from './fold-people.ts';

/** How often what other processes heard is looked up: no more than that, however fast messages leave. */
const LOOK_MS = 100;
/** A claim looks at suppressions itself; nothing waits this long between a claim and its hand-over. */
const KEEP_MS = 15 * 60_000;

/**
 * Who said no a moment ago, for whoever is about to hand over a message that was claimed before that: asked for each of
 * them, so it is a set in memory. What this process folds itself is in it at once, what others fold within a tenth of a
 * second: one read for all the messages of that time.
 */
export class FreshChoices {
  readonly #left = new Map<string, number>();
  #seenSeq: number | null = null;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  /** Whether a contact said no and a message to them must not leave any more. */
  has(contact: string, isUtility = false): boolean {
    // Mostly nobody did, and it is asked three times for each message.
    if (this.#left.size === 0) return false;
    return this.#left.has(contact) || (!isUtility && this.#left.has(marketingOf(contact)));
  }

  note(choices: readonly Choice[]): void {
    const now = performance.now();
    for (const { contact, isOut, isMarketing } of choices) {
      const key = isMarketing ? marketingOf(contact) : contact;
      if (isOut) this.#left.set(key, now);
      else this.#left.delete(key);
    }
    for (const [contact, since] of this.#left) {
      if (now - since < KEEP_MS) break;
      this.#left.delete(contact);
    }
  }

  /** Reads what was folded since it was last asked; mostly it only looks at the clock. */
  async look(reader: Reader): Promise<void> {
    const now = performance.now();
    if (now - this.#lookedAtMs < LOOK_MS) return;
    this.#lookedAtMs = now;
    const { foldedSeq, choices } = await listChoices(reader, this.#seenSeq);
    this.#seenSeq = foldedSeq;
    this.note(choices);
  }
}

function marketingOf(contact: string): string {
  return `${contact} marketing`;
}
