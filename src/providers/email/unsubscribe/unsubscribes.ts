import { setTimeout as sleep } from 'node:timers/promises';
import { findReached, type Reached, resubscribe, unsubscribe } from '../../../core/deliveries/unsubscribe.ts';
import { anyUnfolded, insertEvents } from '../../../core/events/event.store.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import type { Log } from '../../../log/log.ts';
import { type DeliveryToken, type DeliveryTokens, readToken, TOKEN_PATTERN } from '../delivery-token.ts';

export interface UnsubscribesOptions {
  readonly ledger: Ledger;
  readonly tokens: DeliveryTokens;
  /** Who sends, as a person knows it; null: nobody said. */
  readonly sender: string | null;
  readonly log: Log;
  /** Somebody left: what is claimed and has not left must not. */
  readonly onLeft: () => void;
  /** Somebody did not want to leave after all. */
  readonly onUndone: (contacts: readonly string[]) => void;
}

const WHOLE = new RegExp(`^${TOKEN_PATTERN}$`, 'i');
/** Of what is counted beside a send; a provider's name as any other. */
const PROVIDER = 'tidings';
/** An undo waits for the effect of what it takes back: mostly that is there after some milliseconds. */
const FOLDED_MS = 3_000;
const LOOK_MS = 50;

/** What the links to unsubscribe do, for whichever door they come in by. What is no token of ours does nothing. */
export class Unsubscribes {
  readonly sender: string | null;
  readonly #options: UnsubscribesOptions;

  constructor(options: UnsubscribesOptions) {
    this.#options = options;
    this.sender = options.sender;
  }

  /** Whose link it is. */
  async find(text: string): Promise<Reached | null> {
    const token = this.#read(text);
    return token === null ? null : findReached(this.#options.ledger, token.deliveryId);
  }

  /** @param everywhere over every channel, not by email alone */
  async leave(text: string, everywhere: boolean): Promise<void> {
    const token = this.#read(text);
    if (token === null) return;
    const { ledger, log, onLeft } = this.#options;
    const { deliveryId: delivery, attempt } = token;
    const left = await ledger.write(async (tx) => {
      const found = await unsubscribe(tx, delivery, everywhere);
      // Counted beside its send, once; whoever is about to send hears of it by this, too.
      if (found?.mode === 'live') await insertEvents(tx, [eventOf(delivery, attempt)], Date.now());
      return found;
    });
    if (left === null) return;
    onLeft();
    log.info({ delivery, everywhere }, 'somebody unsubscribed');
  }

  /** @returns whether the token had done anything that still held */
  async undo(text: string): Promise<boolean> {
    const token = this.#read(text);
    if (token === null) return false;
    const { ledger, log, onUndone } = this.#options;
    const until = performance.now() + FOLDED_MS;
    while ((await anyUnfolded(ledger)) && performance.now() < until) await sleep(LOOK_MS);
    const contacts = await ledger.write((tx) => resubscribe(tx, token.deliveryId));
    if (contacts.length === 0) return false;
    onUndone(contacts);
    log.info({ delivery: token.deliveryId }, 'somebody took back that they unsubscribed');
    return true;
  }

  #read(text: string): DeliveryToken | null {
    const token = WHOLE.test(text) ? readToken(text) : null;
    return token !== null && this.#options.tokens.proves(token) ? token : null;
  }
}

function eventOf(deliveryId: string, attempt: number) {
  return {
    provider: PROVIDER,
    key: `unsubscribed:${deliveryId}`,
    type: 'unsubscribed',
    sender: null,
    attemptId: `${deliveryId}.${attempt}`,
    contact: null,
    userId: null,
    occurredAt: Date.now(),
    code: null,
    detail: null,
  } as const;
}
