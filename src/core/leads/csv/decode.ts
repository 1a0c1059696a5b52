import { isAscii, isUtf8 } from 'node:buffer';
import { refuseBinary } from '../other-files.ts';

/** Large enough to judge an encoding by, small enough to keep the event loop free. */
export const BLOCK_BYTES = 64 * 1024;

/** The file as UTF-8 blocks without a byte order mark, and what was noticed while reading. */
export interface DecodedFile {
  readonly blocks: AsyncGenerator<Buffer>;
  readonly seen: Seen;
}

export interface Seen {
  bytesRead: number;
  /** From here on a U+FFFD may stand for bytes that could not be decoded. */
  badBytes: boolean;
  /** From here on a value may hold NUL characters. */
  nul: boolean;
}

/**
 * UTF-8 and UTF-16 by their byte order mark, else UTF-8 while its bytes are valid. The first block that is not plain
 * ASCII decides: when it is not UTF-8, the file is windows-1252 (Latin-1 as Excel writes it) or Mac Roman from there on, which is
 * also right for a file whose first ñ stands in line 50,000. Bad bytes after that decision belong to single rows.
 */
export function decode(input: AsyncIterable<Uint8Array>): DecodedFile {
  const seen: Seen = { bytesRead: 0, badBytes: false, nul: false };
  return { blocks: decodeBlocks(input, seen), seen };
}

async function* decodeBlocks(input: AsyncIterable<Uint8Array>, seen: Seen): AsyncGenerator<Buffer> {
  let read: ((block: Buffer) => Buffer) | undefined;
  for await (const raw of cutBlocks(input, seen)) {
    read ??= chooseReader(raw, seen);
    const block = read(raw);
    if (block.includes(0)) seen.nul = true;
    if (block.length > 0) yield block;
  }
  const rest = read?.(NOTHING);
  if (rest && rest.length > 0) yield rest;
}

/** A call with this says that the file has ended. */
const NOTHING = Buffer.alloc(0);

function chooseReader(head: Buffer, seen: Seen): (block: Buffer) => Buffer {
  if (head[0] === 0xff && head[1] === 0xfe) return utf16Reader('utf-16le', seen);
  if (head[0] === 0xfe && head[1] === 0xff) return utf16Reader('utf-16be', seen);
  refuseBinary(head);
  return utf8Reader(head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf, seen);
}

function utf16Reader(encoding: 'utf-16le' | 'utf-16be', seen: Seen): (block: Buffer) => Buffer {
  const decoder = new TextDecoder(encoding);
  return (block) => {
    const text = block === NOTHING ? decoder.decode() : decoder.decode(block, { stream: true });
    if (text.includes('\uFFFD')) seen.badBytes = true;
    return Buffer.from(text);
  };
}

function utf8Reader(hasMark: boolean, seen: Seen): (block: Buffer) => Buffer {
  let skip = hasMark ? 3 : 0;
  let encoding: 'undecided' | 'utf-8' | 'other' = hasMark ? 'utf-8' : 'undecided';
  let carry = NOTHING;
  let decoder = new TextDecoder('windows-1252');
  return (raw) => {
    let block: Buffer = skip > 0 ? raw.subarray(skip) : raw;
    skip = 0;
    if (encoding === 'other') return Buffer.from(decoder.decode(block));
    if (carry.length > 0) block = Buffer.concat([carry, block]);
    if (encoding === 'undecided' && isAscii(block)) return block;
    const end = raw === NOTHING ? block.length : completeLength(block);
    const whole = block.subarray(0, end);
    if (encoding === 'undecided') {
      // A small last block may be nothing but a cut sequence: `é` of Latin-1 at the very end.
      const isLast = raw.length < BLOCK_BYTES;
      encoding = isUtf8(isLast ? block : whole) ? 'utf-8' : 'other';
      if (encoding === 'other') {
        if (isMacRoman(block)) decoder = new TextDecoder('macintosh');
        return Buffer.from(decoder.decode(block));
      }
    }
    // A copy: what it is cut from may be a far larger buffer.
    carry = Buffer.from(block.subarray(end));
    if (!isUtf8(whole)) seen.badBytes = true;
    return whole;
  };
}

/**
 * Whether Excel for Mac wrote it. Its accented letters are where Windows has dashes and quotes, which stand within a
 * word only as the apostrophe of "O’Neil"; those of Windows are where a Mac has signs that stand in no word.
 */
function isMacRoman(block: Buffer): boolean {
  const isLetter = (byte: number | undefined) =>
    byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  let [mac, windows] = [0, 0];
  for (let at = 0; at < block.length; at++) {
    const byte = block[at]!;
    if (byte < 0x80) continue;
    const [before, after] = [isLetter(block[at - 1]), isLetter(block[at + 1])];
    if (byte >= 0xc0 && (before || after)) windows += 1;
    else if (
      byte <= 0x9f &&
      byte !== 0x92 &&
      (before || after) &&
      ((byte !== 0x93 && byte !== 0x94 && byte !== 0x84 && byte !== 0x85) || (before && after))
    )
      mac += 1;
    else if (
      byte === 0x92 &&
      before &&
      after &&
      block[at - 1]! >= 0x61 &&
      block[at + 1] !== 0x73 &&
      block[at + 1] !== 0x74
    )
      mac += 1;
  }
  return mac > windows;
}

/** Length without a UTF-8 sequence that goes on in the next block. */
function completeLength(block: Buffer): number {
  for (let back = 1; back <= 3 && back <= block.length; back++) {
    const byte = block[block.length - back]!;
    if (byte < 0x80) break;
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needed > back ? block.length - back : block.length;
    }
  }
  return block.length;
}

/** Blocks of one size however the source is cut, the last one excepted. */
async function* cutBlocks(input: AsyncIterable<Uint8Array>, seen: Seen): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of input) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (heldBytes + rest.length >= BLOCK_BYTES) {
      const cut = BLOCK_BYTES - heldBytes;
      const block =
        held.length === 0 ? rest.subarray(0, cut) : Buffer.concat([...held, rest.subarray(0, cut)]);
      rest = rest.subarray(cut);
      held = [];
      heldBytes = 0;
      seen.bytesRead += block.length;
      yield block;
    }
    if (rest.length > 0) {
      // A copy, since a source may reuse the buffer it gave.
      held.push(Buffer.from(rest));
      heldBytes += rest.length;
    }
  }
  if (heldBytes === 0) return;
  seen.bytesRead += heldBytes;
  yield Buffer.concat(held);
}
