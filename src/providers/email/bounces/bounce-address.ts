import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a bounce address is bound to. */
export interface BounceToken {
  /** As `Attempt` has it: 32 hexadecimal digits of the send, a dot, the position to the base of 36. */
  readonly deliveryId: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Eight octets that only the key makes. */
  readonly proof: string;
}

/** RFC 4648 in small letters: relays change the case of what stands before an @, and none of these is read as another. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const VERSION = 1;
const SEND_OCTETS = 16;
const POSITION_OCTETS = 5;
const ATTEMPT_OCTETS = 2;
const PROOF_OCTETS = 8;
const OCTETS = 1 + SEND_OCTETS + POSITION_OCTETS + ATTEMPT_OCTETS + PROOF_OCTETS;
const LETTERS = Math.ceil((OCTETS * 8) / 5);
const MOST_ATTEMPTS = 2 ** (8 * ATTEMPT_OCTETS) - 1;

/**
 * Where the bounce of one attempt goes (VERP): `b-TOKEN@domain`, with 54 letters before the @ of the 64 that RFC 5321
 * allows. The token is the delivery, the attempt and 64 bits of HMAC-SHA256 over both: nothing is stored, and nobody can
 * make a bounce for somebody else's message.
 */
export function bounceAddress(key: Buffer, attemptId: string, domain: string): string {
  const { send, position, attempt } = partsOf(attemptId);
  const octets = Buffer.alloc(OCTETS);
  octets[0] = VERSION;
  octets.write(send, 1, 'hex');
  octets.writeUIntBE(position, 1 + SEND_OCTETS, POSITION_OCTETS);
  octets.writeUInt16BE(Math.min(attempt, MOST_ATTEMPTS), 1 + SEND_OCTETS + POSITION_OCTETS);
  proofOf(key, octets).copy(octets, OCTETS - PROOF_OCTETS);
  return `b-${encode(octets)}@${domain}`;
}

/** The first token in a text, wherever SRS or BATV put it. Whether it is ours, `isProven` says. */
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

/** Whether this key made the token. */
export function isProven(key: Buffer, token: BounceToken): boolean {
  const made = findBounceToken(bounceAddress(key, `${token.deliveryId}.${token.attempt}`, 'x'));
  return made !== null && timingSafeEqual(Buffer.from(made.proof, 'hex'), Buffer.from(token.proof, 'hex'));
}

function partsOf(attemptId: string): { send: string; position: number; attempt: number } {
  const [send = '', position = '', attempt = ''] = attemptId.split('.');
  return { send, position: Number.parseInt(position, 36), attempt: Number(attempt) };
}

function proofOf(key: Buffer, octets: Buffer): Buffer {
  const bound = octets.subarray(0, OCTETS - PROOF_OCTETS);
  return createHmac('sha256', key)
    .update('bounce address\0')
    .update(bound)
    .digest()
    .subarray(0, PROOF_OCTETS);
}

function encode(octets: Buffer): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = (held << 8) | octet;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31];
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
