import { type Cipheriv, createCipheriv, createHmac, timingSafeEqual } from 'node:crypto';

/** What a bounce address is bound to. */
export interface BounceToken {
  /** As `Attempt` has it: 32 hexadecimal digits of the send, a dot, the position to the base of 36. */
  readonly deliveryId: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Eight octets that only the secret makes, in hexadecimal. */
  readonly proof: string;
}

/** RFC 4648 in small letters: relays change the case of what stands before an @, and none of these is read as another. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const LETTER_CODES = Buffer.from(ALPHABET);
const VERSION = 1;
const SEND_OCTETS = 16;
const POSITION_OCTETS = 5;
const ATTEMPT_OCTETS = 2;
const PROOF_OCTETS = 8;
const OCTETS = 1 + SEND_OCTETS + POSITION_OCTETS + ATTEMPT_OCTETS + PROOF_OCTETS;
const LETTERS = Math.ceil((OCTETS * 8) / 5);
const BLOCK_OCTETS = 16;
const MOST_CIPHERS = 100;
const MOST_ATTEMPTS = 2 ** (8 * ATTEMPT_OCTETS) - 1;

/**
 * Makes and proves the addresses that bounces go to. The proof is a PRF in two steps, for one message may cost a
 * microsecond or two: HMAC-SHA256 of the send makes a key for it, and AES with that key the proof of position and
 * attempt, which are always one block.
 */
export class BounceAddresses {
  readonly domain: string;
  readonly #secret: Buffer;
  /** Of the sends that are on their way, the newest last. */
  readonly #ciphers = new Map<string, Cipheriv>();
  readonly #octets = Buffer.alloc(OCTETS, 0);
  readonly #block = Buffer.alloc(BLOCK_OCTETS, 0);
  readonly #letters = Buffer.alloc(LETTERS);

  constructor(secret: Buffer, domain: string) {
    this.#secret = secret;
    this.domain = domain;
  }

  /**
   * Where the bounce of one attempt goes (VERP): `b-TOKEN@domain`, with 54 letters before the @ of the 64 that RFC 5321
   * allows. The token is the delivery, the attempt and 64 bits of proof: nothing is stored, and nobody can make a bounce
   * for somebody else's message.
   */
  of(attemptId: string): string {
    const [send = '', position = '', attempt = ''] = attemptId.split('.');
    const octets = this.#octets;
    octets[0] = VERSION;
    octets.write(send, 1, SEND_OCTETS, 'hex');
    octets.writeUIntBE(Number.parseInt(position, 36), 1 + SEND_OCTETS, POSITION_OCTETS);
    octets.writeUInt16BE(Math.min(Number(attempt), MOST_ATTEMPTS), 1 + SEND_OCTETS + POSITION_OCTETS);
    octets.copy(this.#block, 0, 1 + SEND_OCTETS, OCTETS - PROOF_OCTETS);
    this.#cipherOf(send)
      .update(this.#block)
      .copy(octets, OCTETS - PROOF_OCTETS, 0, PROOF_OCTETS);
    encode(octets, this.#letters);
    return `b-${this.#letters.toString('latin1')}@${this.domain}`;
  }

  /** Whether a token was made here. */
  proves(token: BounceToken): boolean {
    const made = findBounceToken(this.of(`${token.deliveryId}.${token.attempt}`));
    return made !== null && timingSafeEqual(Buffer.from(made.proof, 'hex'), Buffer.from(token.proof, 'hex'));
  }

  #cipherOf(send: string): Cipheriv {
    let cipher = this.#ciphers.get(send);
    if (cipher) return cipher;
    const [oldest] = this.#ciphers.keys();
    if (oldest !== undefined && this.#ciphers.size >= MOST_CIPHERS) this.#ciphers.delete(oldest);
    const key = createHmac('sha256', this.#secret).update(`bounce address\0${send}`).digest();
    // One block at a time, none of them twice: ECB is the bare block cipher.
    cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    this.#ciphers.set(send, cipher);
    return cipher;
  }
}

/** The first token in a text, wherever SRS or BATV put it. Whether it is ours, `proves` says. */
export function findBounceToken(text: string): BounceToken | null {
  const found = new RegExp(`(?<![a-z0-9])b-([${ALPHABET}]{${LETTERS}})(?![a-z0-9])`, 'i').exec(text)?.[1];
  const octets = found === undefined ? null : decode(found.toLowerCase());
  if (octets === null || octets[0] !== VERSION) return null;
  const send = octets.toString('hex', 1, 1 + SEND_OCTETS);
  const position = octets.readUIntBE(1 + SEND_OCTETS, POSITION_OCTETS);
  return {
    deliveryId: `${send}.${position.toString(36)}`,
    attempt: octets.readUInt16BE(1 + SEND_OCTETS + POSITION_OCTETS),
    proof: octets.toString('hex', OCTETS - PROOF_OCTETS),
  };
}

function encode(octets: Buffer, letters: Buffer): void {
  let at = 0;
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = ((held << 8) | octet) & 0x1fff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      letters[at++] = LETTER_CODES[(held >> bits) & 31]!;
    }
  }
  if (at < LETTERS) letters[at] = LETTER_CODES[(held << (5 - bits)) & 31]!;
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
