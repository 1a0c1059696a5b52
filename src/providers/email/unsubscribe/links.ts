import {
  type DeliveryToken,
  type DeliveryTokens,
  readToken,
  TOKEN_LETTERS,
  TOKEN_PATTERN,
} from '../delivery-token.ts';

/** The links by which people leave: `https://tidings.example.com/u/TOKEN`. */
export class UnsubscribeLinks {
  /** Whether mail programs may offer it as a button: RFC 8058 wants https. */
  readonly isOneClick: boolean;
  /** Only this machine can follow it: good for trying out, and for nobody's mailbox. */
  readonly isLocal: boolean;
  readonly #base: string;
  readonly #tokens: DeliveryTokens;

  /** @param url `PUBLIC_URL`, or where this server is on its own machine. */
  constructor(url: string, tokens: DeliveryTokens, isLocal = false) {
    const { protocol, origin, pathname } = new URL(url);
    this.isOneClick = protocol === 'https:';
    this.isLocal = isLocal;
    this.#base = `${origin}${pathname.replace(/\/+$/, '')}/u/`;
    this.#tokens = tokens;
  }

  /** Takes about a microsecond. */
  of(attemptId: string): string {
    return this.#base + this.#tokens.of(attemptId);
  }

  /** For a message that is only looked at: as long as a real one, and nobody's. */
  get example(): string {
    return this.#base + 'example'.padEnd(TOKEN_LETTERS, 'x');
  }
}

const IN_TEXT = new RegExp(`/u/(${TOKEN_PATTERN})(?![a-z0-9])`, 'gi');
const MOST_TOKENS = 20;

/** Those of links in a text, up to some. Whether one is ours, `DeliveryTokens.proves` says. */
export function findUnsubscribeTokens(text: string): DeliveryToken[] {
  return [...text.matchAll(IN_TEXT).take(MOST_TOKENS)].flatMap(([, letters]) => readToken(letters!) ?? []);
}
