import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  type DeliveryToken,
  type DeliveryTokens,
  readToken,
  TOKEN_LETTERS,
  TOKEN_PATTERN,
} from '../delivery-token.ts';

/** What a link that counts says: whose it is, and where it leads. */
export interface Click {
  readonly token: DeliveryToken;
  readonly destination: string;
}

const SIGN_LETTERS = 22;
/** A link gets a third longer, and 100 characters: longer ones are left as they are. */
export const LONGEST_DESTINATION = 1_500;
const PATH = new RegExp(`^(${TOKEN_PATTERN})/([\\w-]{${SIGN_LETTERS}})/([\\w-]{1,6000})$`);

/**
 * Links that lead on through this server: `https://tidings.example.com/c/TOKEN/SIGN/DESTINATION`. The token is a delivery's, and
 * the sign is ours, of the destination: nobody else makes a link that leads anywhere from here.
 */
export class ClickLinks {
  /** Before the token. */
  readonly base: string;
  /** Of the server itself: what leads to it is not counted. */
  readonly #own: string;
  readonly #tokens: DeliveryTokens;
  readonly #secret: Buffer;

  /** @param url `PUBLIC_URL` */
  constructor(url: string, tokens: DeliveryTokens, secret: Buffer) {
    const { origin, pathname } = new URL(url);
    this.#own = `${origin}${pathname.replace(/\/+$/, '')}/`;
    this.base = `${this.#own}c/`;
    this.#tokens = tokens;
    this.#secret = secret;
  }

  /** Whether clicks on it are counted: no link to unsubscribe, to this server or to anything but the web. */
  counts(destination: string): boolean {
    return (
      /^https?:\/\/[^/]/i.test(destination) &&
      destination.length <= LONGEST_DESTINATION &&
      !destination.toLowerCase().startsWith(this.#own.toLowerCase()) &&
      URL.canParse(destination)
    );
  }

  tokenOf(attemptId: string): string {
    return this.#tokens.of(attemptId);
  }

  /** For a message that is only looked at: it leads nowhere. */
  get exampleToken(): string {
    return 'example'.padEnd(TOKEN_LETTERS, 'x');
  }

  /** What follows the token. */
  tail(destination: string): string {
    return `/${this.#sign(destination)}/${Buffer.from(destination).toString('base64url')}`;
  }

  /** @param path behind `/c/`. null: nobody here made it */
  read(path: string): Click | null {
    const [, letters, sign, encoded] = PATH.exec(path) ?? [];
    if (letters === undefined) return null;
    const destination = Buffer.from(encoded!, 'base64url').toString();
    const token = readToken(letters);
    const isOurs = timingSafeEqual(Buffer.from(sign!), Buffer.from(this.#sign(destination)));
    return isOurs && token !== null && this.#tokens.proves(token) ? { token, destination } : null;
  }

  #sign(destination: string): string {
    const hash = createHmac('sha256', this.#secret).update(`click\0${destination}`).digest('base64url');
    return hash.slice(0, SIGN_LETTERS);
  }
}
