/** One header line holds at most this much (RFC 5322, section 2.1.1; RFC 2047, section 2). */
const LINE_LENGTH = 76;
/** Bytes in one encoded word: 52 characters of base64, which fit behind `Subject: ` on the first line. */
const WORD_BYTES = 39;
const PRINTABLE = /^[ -~]*$/;
const ATOMS = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+$/;
const ZONE = /GMT$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it takes out
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Text that cannot end a header line: whatever a value brings, it stays one value of one header. */
export function headerText(text: string): string {
  return text.replace(CONTROLS, ' ').trim().toWellFormed();
}

/** A whole unstructured header such as `Subject: …` with its CRLF, folded or encoded as its text needs. */
export function unstructuredHeader(name: string, text: string): string {
  const clean = headerText(text);
  if (!PRINTABLE.test(clean) || clean.includes('=?')) return `${name}: ${encodedWords(clean)}\r\n`;
  if (name.length + 2 + clean.length <= LINE_LENGTH) return `${name}: ${clean}\r\n`;
  return fold(name, clean) ?? `${name}: ${encodedWords(clean)}\r\n`;
}

/** `From: Name <address>` or another one of its form, the name as atoms, quoted string or encoded words (RFC 5322, section 3.2; RFC 2047). */
export function fromHeader(name: string | null, address: string, field = 'From'): string {
  const clean = name === null ? '' : headerText(name);
  if (!clean) return `${field}: ${address}\r\n`;
  const phrase = displayName(clean);
  const column = phrase.includes('\n')
    ? phrase.length - phrase.lastIndexOf('\n') - 1
    : field.length + 2 + phrase.length;
  const separator = column + ' <>'.length + address.length > LINE_LENGTH ? '\r\n ' : ' ';
  return `${field}: ${phrase}${separator}<${address}>\r\n`;
}

let dated = { second: -1, header: '' };

/** Date in the form of RFC 5322, section 3.3, in UTC; written once a second, for all messages in it. */
export function dateHeader(now: Date): string {
  const second = Math.floor(now.getTime() / 1_000);
  if (dated.second !== second)
    dated = { second, header: `Date: ${now.toUTCString().replace(ZONE, '+0000')}\r\n` };
  return dated.header;
}

function displayName(clean: string): string {
  if (!PRINTABLE.test(clean) || clean.includes('=?') || clean.length > 60) return encodedWords(clean);
  if (ATOMS.test(clean) && !clean.includes('  ')) return clean;
  return `"${clean.replace(/["\\]/g, '\\$&')}"`;
}

/** Folds before a space; null when a single word is longer than a line. */
function fold(name: string, text: string): string | null {
  let out = `${name}:`;
  let column = out.length;
  for (const word of ` ${text}`.split(/(?<=[^ ])(?= )/)) {
    if (column + word.length > LINE_LENGTH) {
      // Never before the first word: a line of the header name alone is dropped by some readers.
      if (column === name.length + 1 || word.length > LINE_LENGTH) return null;
      out += '\r\n';
      column = 0;
    }
    out += word;
    column += word.length;
  }
  return `${out}\r\n`;
}

/** RFC 2047 `B` words in UTF-8, cut between characters and never inside one (section 5). */
function encodedWords(text: string): string {
  const words: string[] = [];
  let chunk = '';
  let bytes = 0;
  for (const char of text) {
    const size = Buffer.byteLength(char);
    if (bytes + size > WORD_BYTES) {
      words.push(chunk);
      chunk = '';
      bytes = 0;
    }
    chunk += char;
    bytes += size;
  }
  words.push(chunk);
  return words.map((word) => `=?UTF-8?B?${Buffer.from(word).toString('base64')}?=`).join('\r\n ');
}
