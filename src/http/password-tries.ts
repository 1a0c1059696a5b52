import { TidingsError } from '../errors.ts';
import { network } from './tries.ts';

const FREE = 5;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 5 * 60_000;
const FORGET_MS = 60 * 60_000;
/** Some 100 bytes each. */
const KEPT_MAX = 10_000;

interface Failed {
  times: number;
  /** By the steady clock: until then nothing is looked at. */
  until: number;
}

/**
 * Wrong passwords, by name and address: five in a row are free, each after that waits twice as long as the one before,
 * up to five minutes. Nobody else's way in is closed by it, since another address has its own; a thousand addresses wait
 * for one scrypt after the other.
 */
export class PasswordTries {
  readonly #failed = new Map<string, Failed>();

  /** @throws TidingsError `busy` when it has to wait */
  async take<T>(
    address: string,
    what: string,
    look: () => Promise<T | null>,
    now = () => performance.now(),
  ): Promise<T | null> {
    const name = `${network(address)} ${what}`;
    const before = this.#failed.get(name);
    const waitMs = (before?.until ?? 0) - now();
    if (waitMs > 0) {
      throw new TidingsError('busy', 'Too many wrong ones were tried.', {
        fix: `Try again in ${Math.ceil(waitMs / 1_000)} s.`,
      });
    }
    // Counted before it is looked at: many at once are as many tries.
    const times = (before && now() - before.until < FORGET_MS ? before.times : 0) + 1;
    const wait = times <= FREE ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (times - FREE - 1), LONGEST_WAIT_MS);
    this.#failed.delete(name);
    this.#failed.set(name, { times, until: now() + wait });
    if (this.#failed.size > KEPT_MAX) this.#failed.delete(this.#failed.keys().next().value!);
    const found = await look();
    if (found !== null) this.#failed.delete(name);
    return found;
  }
}
