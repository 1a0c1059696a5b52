import type { Ledger } from '../../ledger/ledger.ts';
import type { Log } from '../../log/log.ts';
import { recoverInDoubt } from '../deliveries/recover.ts';
import type { Sender } from '../deliveries/sender.ts';
import { inheritAll, otherSenders } from '../sends/orphan.store.ts';
import { heirsOf } from './heirs.ts';
import { Lease } from './lease.ts';
import type { Timing } from './timing.ts';

const WHY =
  'The process that was sending ended before it could read the answer, and its sender is not configured any more.';

/**
 * Takes over, where one process sends at a time, what senders have left that nobody serves any more. The lease of such
 * a sender is taken first, as its own process would take it: so a living one keeps its sends, and what a dead one had in
 * flight is in doubt before anything of it is sent again.
 */
export class Inheritance {
  readonly #ledger: Ledger;
  readonly #log: Log;
  readonly #timing: Timing;
  readonly #heirs: ReturnType<typeof heirsOf>;
  /** Kept from one look to the next: how long a holder has been silent is measured here. */
  readonly #leases = new Map<string, Lease>();

  constructor(options: { ledger: Ledger; senders: readonly Sender[]; log: Log; timing: Timing }) {
    this.#ledger = options.ledger;
    this.#heirs = heirsOf(options.senders);
    this.#log = options.log;
    this.#timing = options.timing;
  }

  /** @param isServed whether this process has the right to send by it. @returns whether anything was taken over. */
  async take(isServed: (sender: string) => boolean): Promise<boolean> {
    let total = 0;
    for (const heir of this.#heirs) {
      if (!isServed(heir.sender)) continue;
      for (const orphan of await otherSenders(this.#ledger, heir)) {
        // Another sender of this very process, which is not the usual one.
        if (isServed(orphan)) continue;
        const lease = this.#leases.get(orphan) ?? new Lease(this.#ledger, orphan, this.#timing);
        this.#leases.set(orphan, lease);
        let [inDoubt, sends] = [0, 0];
        const isTaken = await lease.tryTake(async (tx) => {
          inDoubt = await recoverInDoubt(tx, orphan, WHY);
          sends = await inheritAll(tx, orphan, heir);
        });
        if (!isTaken) continue;
        await lease.release();
        this.#leases.delete(orphan);
        total += sends;
        this.#log.info(
          { from: orphan, sender: heir.sender, sends, inDoubt },
          'took over from a sender that is gone',
        );
      }
    }
    return total > 0;
  }
}
