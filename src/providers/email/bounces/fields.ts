/** One group of fields in a report (RFC 3464, section 2.1): names in lower case, lines unfolded. */
export type Fields = ReadonlyMap<string, string>;

const MOST_VALUE = 4_000;
const MOST_GROUPS = 200;
const FIELD = /^([A-Za-z][A-Za-z0-9-]{0,60}) ?: ?(.*)$/;

/**
 * Groups stand apart by an empty line. Some servers leave it out, or put one in the middle: a name that only begins a
 * recipient, when it comes again, begins the next group too.
 */
export function readFields(report: string): Fields[] {
  const groups: Map<string, string>[] = [];
  let group = new Map<string, string>();
  let name = '';
  const close = () => {
    if (group.size > 0) groups.push(group);
    group = new Map();
    name = '';
  };
  for (const line of report.split('\n')) {
    if (groups.length >= MOST_GROUPS) break;
    if (line.trim() === '') {
      close();
      continue;
    }
    const field = FIELD.exec(line.trimStart() === line ? line : '');
    if (field) {
      name = field[1]!.toLowerCase();
      if (name === 'final-recipient' && group.has(name)) close();
      name = field[1]!.toLowerCase();
      if (!group.has(name)) group.set(name, field[2]!.trim().slice(0, MOST_VALUE));
    } else if (name !== '') {
      const before = group.get(name)!;
      if (before.length < MOST_VALUE) group.set(name, `${before} ${line.trim()}`.slice(0, MOST_VALUE));
    }
  }
  close();
  return groups;
}

/** `rfc822; ann@example.org` or `utf-8; …` (RFC 6533) without its type; with one, null when it is no address of mail. */
export function withoutType(value: string): string {
  return value.replace(/^[A-Za-z0-9-]{1,20} *; */, '').trim();
}

/** `\x{1F600}` of RFC 6533 and `+2B` of RFC 3461, as the characters that they stand for. */
export function decodeAddress(value: string): string {
  const type = /^([A-Za-z0-9-]{1,20}) *;/.exec(value)?.[1]?.toLowerCase();
  const text = withoutType(value);
  if (type === 'utf-8') {
    return text.replace(/\\x\{([0-9A-Fa-f]{1,6})\}/g, (whole, hex: string) => {
      const code = Number.parseInt(hex, 16);
      return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : whole;
    });
  }
  return text;
}
