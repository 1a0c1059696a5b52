import { randomFillSync } from 'node:crypto';

const BYTES = 10;
/** Asked of the system for many ids at once: a call costs more than making one. */
const random = new Uint8Array(400 * BYTES);
let used = random.length;
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A UUID version 7 (RFC 9562): its order is that of time, so that new rows go to the end of an index. */
export function newId(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const at = used;
  used += BYTES;
  const time = Date.now().toString(16).padStart(12, '0');
  const version = 0x70 | (random[at]! & 0x0f);
  const variant = 0x80 | (random[at + 2]! & 0x3f);
  let tail = '';
  for (let byte = at + 4; byte < used; byte++) tail += hex[random[byte]!];
  return `${time.slice(0, 8)}-${time.slice(8)}-${hex[version]}${hex[random[at + 1]!]}-${hex[variant]}${hex[random[at + 3]!]}-${tail}`;
}
