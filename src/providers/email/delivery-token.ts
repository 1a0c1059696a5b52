import { type Cipheriv, createCipheriv, createHmac, timingSafeEqual } from 'node:crypto';

/** What a token is bound to. */
export interface DeliveryToken {
  /** As `Attempt` has it: 32 hexadecimal digits of the send, a dot, the position to the base of 36. */
  readonly deliveryId: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Eight octets that only the secret makes, in hexadecimal. */
  readonly proof: string;
}

/** RFC 4648 in small letters: relays change the case of what stands before an @, and none of these is read as another. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
/** Two letters for each ten bits. */
const PAIRS = Uint16Array.from({ length: 1024 }, (_, bits) =>
  Buffer.from(ALPHABET[bits >> 5]! + ALPHABET[bits & 31]!).readUInt16BE(),
);
const VERSION = 1;
const SEND_OCTETS = 16;
const POSITION_OCTETS = 5;
const ATTEMPT_OCTETS = 2;
const PROOF_OCTETS = 8;
const OCTETS = 1 + SEND_OCTETS + POSITION_OCTETS + ATTEMPT_OCTETS + PROOF_OCTETS;
export const TOKEN_LETTERS = Math.ceil((OCTETS * 8) / 5);
/** As a part of an expression, without regard to case. */
export const TOKEN_PATTERN = `[${ALPHABET}]{${TOKEN_LETTERS}}`;
const BLOCK_OCTETS = 16;
const BLOCKS = 64;
/** What tokens of one send have in common, as far as their letters do: 24 of them. */
const COMMON_OCTETS = 15;
const MOST_CIPHERS = 100;
const MOST_ATTEMPTS = 2 ** (8 * ATTEMPT_OCTETS) - 1;

/**
 * Makes and proves tokens for one purpose: a token is a delivery, an attempt and 64 bits of proof, so that nothing is
 * stored, it holds for ever, and nobody makes one for somebody else's message or of another purpose. The proof is a PRF in
 * two steps, for one message may cost a microsecond or two: HMAC-SHA256 of the send makes a key for it, and AES with that
 * key the proof of position and attempt, which are always one block; some at a time, since positions come in a row.
 */
export class DeliveryTokens {
  readonly #secret: Buffer;
  readonly #purpose: string;
  /** Of the sends that are on their way, the newest last. */
  readonly #ciphers = new Map<string, Cipheriv>();
  readonly #octets = Buffer.alloc(OCTETS, 0);
  readonly #blocks = Buffer.alloc(BLOCKS * BLOCK_OCTETS, 0);
  readonly #letters = Buffer.alloc(TOKEN_LETTERS);
  /** Proofs of `BLOCKS` positions from `#first` on, of one send and attempt number. */
  #proofs = Buffer.alloc(0);
  #send = '.';
  #first = -1;
  #attempt = -1;

  constructor(secret: Buffer, purpose: string) {
    this.#secret = secret;
    this.#purpose = purpose;
  }

  /** @param attemptId as `Attempt` has it. @returns 52 small letters and digits */
  of(attemptId: string): string {
    if (!attemptId.startsWith(this.#send)) this.#begin(attemptId.slice(0, attemptId.indexOf('.')));
    const behindPosition = attemptId.indexOf('.', this.#send.length + 1);
    const position = Number.parseInt(attemptId.slice(this.#send.length + 1, behindPosition), 36);
    const attempt = Math.min(Number(attemptId.slice(behindPosition + 1)), MOST_ATTEMPTS);
    const at = position % BLOCKS;
    if (position - at !== this.#first || attempt !== this.#attempt) this.#prove(position - at, attempt);
    const octets = this.#octets;
    octets.writeUIntBE(position, 1 + SEND_OCTETS, POSITION_OCTETS);
    octets.writeUInt16BE(attempt, 1 + SEND_OCTETS + POSITION_OCTETS);
    for (let octet = 0; octet < PROOF_OCTETS; octet++)
      octets[OCTETS - PROOF_OCTETS + octet] = this.#proofs[at * BLOCK_OCTETS + octet]!;
    encode(octets, this.#letters, COMMON_OCTETS);
    return this.#letters.toString('latin1');
  }

  /** Whether a token was made here, for this purpose. */
  proves(token: DeliveryToken): boolean {
    const made = readToken(this.of(`${token.deliveryId}.${token.attempt}`));
    return made !== null && timingSafeEqual(Buffer.from(made.proof, 'hex'), Buffer.from(token.proof, 'hex'));
  }

  #begin(send: string): void {
    this.#send = send;
    this.#first = -1;
    this.#octets[0] = VERSION;
    this.#octets.write(send, 1, SEND_OCTETS, 'hex');
    encode(this.#octets, this.#letters, 0);
  }

  #prove(first: number, attempt: number): void {
    this.#first = first;
    this.#attempt = attempt;
    for (let at = 0; at < BLOCKS; at++) {
      const block = at * BLOCK_OCTETS;
      this.#blocks.writeUIntBE(first + at, block, POSITION_OCTETS);
      this.#blocks.writeUInt16BE(attempt, block + POSITION_OCTETS);
    }
    this.#proofs = this.#cipherOf(this.#send).update(this.#blocks);
  }

  #cipherOf(send: string): Cipheriv {
    let cipher = this.#ciphers.get(send);
    if (cipher) return cipher;
    const [oldest] = this.#ciphers.keys();
    if (oldest !== undefined && this.#ciphers.size >= MOST_CIPHERS) this.#ciphers.delete(oldest);
    const key = createHmac('sha256', this.#secret).update(`${this.#purpose}\0${send}`).digest();
    // One block at a time, none of them twice: ECB is the bare block cipher.
    cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    this.#ciphers.set(send, cipher);
    return cipher;
  }
}

/** What {@link TOKEN_PATTERN} matches, in any case; null for another version. Whether it is ours, `proves` says. */
export function readToken(letters: string): DeliveryToken | null {
  const octets = decode(letters.toLowerCase());
  if (octets[0] !== VERSION) return null;
  const send = octets.toString('hex', 1, 1 + SEND_OCTETS);
  const position = octets.readUIntBE(1 + SEND_OCTETS, POSITION_OCTETS);
  return {
    deliveryId: `${send}.${position.toString(36)}`,
    attempt: octets.readUInt16BE(1 + SEND_OCTETS + POSITION_OCTETS),
    proof: octets.toString('hex', OCTETS - PROOF_OCTETS),
  };
}

/** @param from a multiple of five octets, which are eight letters */
function encode(octets: Buffer, letters: Buffer, from: number): void {
  let at = (from / 5) * 8;
  let bits = 0;
  let held = 0;
  for (let octet = from; octet < OCTETS; octet++) {
    held = ((held << 8) | octets[octet]!) & 0x3ffff;
    bits += 8;
    if (bits < 10) continue;
    bits -= 10;
    const pair = PAIRS[(held >> bits) & 1023]!;
    letters[at++] = pair >> 8;
    letters[at++] = pair & 255;
  }
  const pair = PAIRS[(held << (10 - bits)) & 1023]!;
  letters[at++] = pair >> 8;
  if (at < TOKEN_LETTERS) letters[at] = pair & 255;
}

function decode(text: string): Buffer {
  const octets = Buffer.alloc(OCTETS);
  let at = 0;
  let bits = 0;
  let held = 0;
  for (const letter of text) {
    held = (held << 5) | ALPHABET.indexOf(letter);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    octets[at++] = held >> bits;
    held &= (1 << bits) - 1;
  }
  return octets;
}
