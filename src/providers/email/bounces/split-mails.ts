/** What is judged of one mail; the rest of a longer one is passed over. */
const MOST_BYTES = 1_000_000;
/** The line between two mails of an mbox (RFC 4155). The whole of it is asked for: "From here on" begins none. */
const BETWEEN =
  /^From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) +(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) /;
const MOST_LINE = 1_000;
const LF = 0x0a;
const CR = 0x0d;

/** The mails of a file, one or an mbox of any length, in flat memory. */
export async function* splitMails(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  let kept: Buffer[] = [];
  let length = 0;
  let isMbox: boolean | null = null;
  let afterBlank = true;
  const keep = (line: Buffer) => {
    if (length < MOST_BYTES) kept.push(line);
    length += line.length;
  };
  for await (const line of linesOf(input)) {
    const begins = BETWEEN.test(line.toString('latin1', 0, 200));
    isMbox ??= isBlank(line) ? null : begins;
    if (isMbox === true && begins && afterBlank && length > 0) {
      yield Buffer.concat(kept);
      kept = [];
      length = 0;
    }
    keep(line);
    afterBlank = isBlank(line);
  }
  if (length > 0) yield Buffer.concat(kept);
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === LF || byte === CR);
}

/** With their ends; those that never end come in pieces. */
async function* linesOf(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let waiting = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk as Uint8Array);
    let from = 0;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, from)) {
      rest.push(bytes.subarray(from, end + 1));
      yield rest.length === 1 ? rest[0]! : Buffer.concat(rest);
      rest = [];
      waiting = 0;
      from = end + 1;
    }
    if (from === bytes.length) continue;
    rest.push(bytes.subarray(from));
    waiting += bytes.length - from;
    if (waiting < MOST_LINE) continue;
    yield Buffer.concat(rest);
    rest = [];
    waiting = 0;
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}
