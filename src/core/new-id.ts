import { randomFillSync } from 'node:crypto';

const random = new Uint8Array(10);
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A UUID version 7 (RFC 9562): its order is that of time, so that new rows go to the end of an index. */
export function newId(): string {
  randomFillSync(random);
  const time = Date.now().toString(16).padStart(12, '0');
  const version = 0x70 | (random[0]! & 0x0f);
  const variant = 0x80 | (random[2]! & 0x3f);
  let tail = '';
  for (let at = 4; at < 10; at++) tail += hex[random[at]!];
  return `${time.slice(0, 8)}-${time.slice(8)}-${hex[version]}${hex[random[1]!]}-${hex[variant]}${hex[random[3]!]}-${tail}`;
}
