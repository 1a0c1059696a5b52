import type { Ledger } from '../../ledger/ledger.ts';
import type { Log } from '../../log/log.ts';
import { Rounds } from '../../rounds.ts';
import type { Found, Sender } from '../deliveries/sender.ts';
import { listUnknown, type UnknownDelivery } from '../deliveries/unknown.store.ts';
import type { ProviderEvent } from '../events/event.ts';
import type { Companion } from './with-companions.ts';

/** At one look. A kill leaves a window, which is far less. */
const MOST = 2_000;
/** Providers keep for some days what they may be asked for. */
const ASKED_FOR_MS = 3 * 24 * 60 * 60_000;
/** What is not there yet is asked for again after so many looks: providers find a message some time after they took it. */
const LOOKS_BETWEEN = [2, 10, 60];

type Asks = Sender & { readonly find: NonNullable<Sender['find']> };

/**
 * Asks a provider that can tell what became of messages whose outcome is unknown. It sends nothing: that a message is there
 * is proof, taken in like any other word of the provider; that it is not there proves nothing, and the delivery stays as
 * it is. Two processes that ask the same find the same.
 */
export class Doubts implements Companion {
  readonly #ledger: Ledger;
  readonly #sender: Asks;
  readonly #take: (events: readonly ProviderEvent[]) => Promise<void>;
  readonly #maySend: () => boolean;
  readonly #log: Log;
  readonly #rounds: Rounds;
  /** By attempt: how often it was asked for, and at which look it will be next. */
  #asked = new Map<string, { readonly tries: number; readonly next: number }>();
  #looks = 0;

  constructor(options: {
    ledger: Ledger;
    sender: Asks;
    /** Writes down what was found. */
    take: (events: readonly ProviderEvent[]) => Promise<void>;
    /** Whether this process has the right to send: whoever has asks. */
    maySend: () => boolean;
    /** Milliseconds between two looks. */
    everyMs: number;
    log: Log;
  }) {
    this.#ledger = options.ledger;
    this.#sender = options.sender;
    this.#take = options.take;
    this.#maySend = options.maySend;
    this.#log = options.log;
    const look = async () => {
      await this.look();
      return options.everyMs;
    };
    this.#rounds = new Rounds({
      look,
      fault: 'the provider cannot be asked what became of messages',
      log: options.log,
    });
  }

  start(): void {
    this.#rounds.start();
  }

  /** What is unknown is not in a hurry. */
  wake(): void {}

  stop(): void {
    this.#rounds.stop();
  }

  /** Asks for what is due. */
  async look(): Promise<void> {
    if (!this.#maySend()) return;
    this.#looks += 1;
    const completedAfter = new Date(Date.now() - ASKED_FOR_MS).toISOString();
    const unknown = await listUnknown(this.#ledger, this.#sender.about.id, completedAfter, MOST);
    const known = this.#asked;
    this.#asked = new Map();
    for (const { attemptId } of unknown) {
      const asked = known.get(attemptId);
      if (asked) this.#asked.set(attemptId, asked);
    }
    let settled = 0;
    for (const one of unknown) {
      if (this.#rounds.isEnded) return;
      const { tries, next } = this.#asked.get(one.attemptId) ?? { tries: 0, next: 0 };
      if (next > this.#looks) continue;
      const found = await this.#sender.find(one);
      // Not now: the others would hear the same.
      if (found === 'not_told') break;
      if (found === 'not_there') {
        const looks = LOOKS_BETWEEN[tries] ?? Number.POSITIVE_INFINITY;
        this.#asked.set(one.attemptId, { tries: tries + 1, next: this.#looks + looks });
        continue;
      }
      await this.#take([this.#eventOf(one, found)]);
      settled += 1;
    }
    if (settled > 0)
      this.#log.info(
        { sender: this.#sender.about.id, settled },
        'messages whose outcome was unknown had left',
      );
  }

  #eventOf({ attemptId }: UnknownDelivery, { providerMessageId, at }: Found): ProviderEvent {
    return {
      provider: this.#sender.about.provider,
      key: `found ${attemptId}`,
      type: 'accepted',
      sender: null,
      attemptId,
      contact: null,
      userId: null,
      occurredAt: at,
      code: null,
      detail: { messageId: providerMessageId },
    };
  }
}

/** Whether a sender's provider can be asked. */
export function canAsk(sender: Sender): sender is Asks {
  return sender.find !== undefined;
}
