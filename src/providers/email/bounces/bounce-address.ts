import { type DeliveryToken, DeliveryTokens, readToken, TOKEN_PATTERN } from '../delivery-token.ts';

/** Makes and proves the addresses that bounces go to. */
export class BounceAddresses {
  readonly domain: string;
  readonly #tokens: DeliveryTokens;

  constructor(secret: Buffer, domain: string) {
    this.#tokens = new DeliveryTokens(secret, 'bounce address');
    this.domain = domain;
  }

  /**
   * Where the bounce of one attempt goes (VERP): `b-TOKEN@domain`, with 54 letters before the @ of the 64 that RFC 5321
   * allows.
   */
  of(attemptId: string): string {
    return `b-${this.#tokens.of(attemptId)}@${this.domain}`;
  }

  /** Whether a token was made here. */
  proves(token: DeliveryToken): boolean {
    return this.#tokens.proves(token);
  }
}

const IN_TEXT = new RegExp(`(?<![a-z0-9])b-(${TOKEN_PATTERN})(?![a-z0-9])`, 'i');
const ALL_IN_TEXT = new RegExp(IN_TEXT, 'gi');
const MOST_TOKENS = 20;

/** The first token in a text, wherever SRS or BATV put it. Whether it is ours, `proves` says. */
export function findBounceToken(text: string): DeliveryToken | null {
  const found = IN_TEXT.exec(text)?.[1];
  return found === undefined ? null : readToken(found);
}

/** All of them, up to some, for whoever looks for the one that is ours among others. */
export function findBounceTokens(text: string): DeliveryToken[] {
  return [...text.matchAll(ALL_IN_TEXT).take(MOST_TOKENS)].flatMap(
    ([, letters]) => readToken(letters!) ?? [],
  );
}
