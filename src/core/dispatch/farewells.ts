import type { Ledger } from '../../ledger/ledger.ts';
import type { Log } from '../../log/log.ts';
import { Rounds } from '../../rounds.ts';
import {
  type Farewell,
  giveBackFarewell,
  listFarewells,
  takeFarewell,
} from '../conversations/farewell.store.ts';
import type { PreparedMessage, Sender } from '../deliveries/sender.ts';
import { findHold } from '../holds/hold.ts';
import type { MergeValues } from '../leads/lead.ts';
import { parseMessage } from '../messages/content.ts';
import { farewellIn } from '../messages/farewell.ts';
import { newId } from '../new-id.ts';
import { findSuppression } from '../suppressions/suppression.store.ts';
import { WROTE_TO_US } from '../suppressions/suppression.ts';
import type { Companion } from './with-companions.ts';

/** How late one may be that another process has heard of. */
const POLL_MS = 5_000;
/** Too fast, or out of reach: not before this again. */
const REST_MS = 30_000;
const AT_ONCE = 50;
/** The texts name nobody. */
const NOBODY = { name: null, email: null, phone: null, position: null, company: null, notes: null };
const NO_VALUES: MergeValues = { lead: { ...NOBODY, metadata: {} }, site: { name: null } };

/**
 * Tells whoever wrote STOP that they were heard: one text in the window that their message opened, by whoever has the right
 * to send. It is nobody's delivery and in no total. Taken on disk before it leaves, so that it leaves once at most.
 */
export class Farewells implements Companion {
  readonly #ledger: Ledger;
  readonly #sender: Sender;
  readonly #language: string | null;
  readonly #log: Log;
  readonly #maySend: () => boolean;
  readonly #prepared = new Map<string, PreparedMessage>();
  readonly #rounds: Rounds;

  constructor(options: {
    ledger: Ledger;
    sender: Sender;
    /** Of those whose word is of many languages; null: English. */
    language: string | null;
    log: Log;
    /** Whether this process has the right to send. */
    maySend: () => boolean;
  }) {
    this.#ledger = options.ledger;
    this.#sender = options.sender;
    this.#language = options.language;
    this.#log = options.log;
    this.#maySend = options.maySend;
    this.#rounds = new Rounds({
      look: async () => ((await this.look()) ? POLL_MS : -REST_MS),
      fault: 'people who said STOP cannot be told that they were heard',
      log: options.log,
    });
  }

  start(): void {
    this.#rounds.start();
  }

  wake(): void {
    this.#rounds.wake();
  }

  /** What is on its way goes on; no other begins. */
  stop(): void {
    this.#rounds.stop();
  }

  /** Tells everybody who is to be told. @returns false when some could not be told now */
  async look(): Promise<boolean> {
    if (!this.#maySend() || (await findHold(this.#ledger))) return true;
    const { id } = this.#sender.about;
    for (;;) {
      const some = await listFarewells(this.#ledger, id, AT_ONCE);
      if (some.length === 0) return true;
      for (const one of some) {
        if (this.#rounds.isEnded || !this.#maySend()) return true;
        if (!(await this.#tell(one))) return false;
      }
    }
  }

  async #tell(one: Farewell): Promise<boolean> {
    const { id, channel } = this.#sender.about;
    const { contact } = one;
    const takenAt = Date.now();
    const suppression = await this.#ledger.write(async (tx) =>
      (await takeFarewell(tx, id, contact, takenAt)) ? findSuppression(tx, channel, contact) : undefined,
    );
    // They may want messages again by now.
    if (!suppression) return true;
    const text = farewellIn([one.farewell, this.#language], suppression.source === WROTE_TO_US);
    const deliveryId = `${newId().replaceAll('-', '')}.1`;
    const outcome = await this.#prepare(text).deliver(
      { contact, values: NO_VALUES },
      { deliveryId, attemptId: `${deliveryId}.1`, mayLeave: this.#maySend },
    );
    const isLater = outcome.type === 'transient' || outcome.type === 'throttled';
    if (isLater) await this.#ledger.write((tx) => giveBackFarewell(tx, id, one, takenAt));
    else if (outcome.type !== 'accepted')
      this.#log.warn({ code: outcome.code }, 'somebody who said STOP could not be told that they were heard');
    return !isLater;
  }

  #prepare(text: string): PreparedMessage {
    const known = this.#prepared.get(text);
    if (known) return known;
    const given = { message: text, format: 'text' as const, subject: null, from_name: null };
    const prepared = this.#sender.prepare(parseMessage(given, this.#sender.about.channel));
    this.#prepared.set(text, prepared);
    return prepared;
  }
}
