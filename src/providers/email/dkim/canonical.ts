/** One header field as it stands in the message, with its line breaks, without the last one. */
export interface RawField {
  /** In small letters. */
  readonly name: string;
  readonly raw: string;
}

/** The header of a message with CRLF line ends, field by field, and its body. */
export function takeApart(message: string): { readonly fields: readonly RawField[]; readonly body: string } {
  const end = message.indexOf('\r\n\r\n');
  const head = end < 0 ? message : message.slice(0, end);
  const fields = head.split(/\r\n(?![ \t])/).map((raw) => ({
    name: raw.slice(0, raw.indexOf(':')).trimEnd().toLowerCase(),
    raw,
  }));
  return { fields, body: end < 0 ? '' : message.slice(end + 4) };
}

/** RFC 6376, section 3.4.2: small letters, unfolded, one space for each run of them. Without a line break behind it. */
export function relaxedField({ name, raw }: RawField): string {
  const value = raw
    .slice(raw.indexOf(':') + 1)
    .replaceAll('\r\n', '')
    .replace(/[ \t]+/g, ' ');
  return `${name}:${value.replace(/^ | $/g, '')}`;
}

/**
 * RFC 6376, section 3.4.4: no white space at the end of a line, one space for each run of it, no empty lines at the end.
 * An empty body stays empty; any other one ends with CRLF, whether it was written or not: SMTP adds it.
 */
export function relaxedBody(body: string): string {
  // Most bodies have none of it: quoted-printable keeps no white space at the end of a line.
  let text = /[ \t][ \t\r]|\t|[ \t]$/.test(body)
    ? body
        .replace(/[ \t]+/g, ' ')
        .replaceAll(' \r\n', '\r\n')
        .replace(/ $/, '')
    : body;
  let end = text.length;
  while (end >= 2 && text[end - 1] === '\n' && text[end - 2] === '\r') end -= 2;
  text = text.slice(0, end);
  return text === '' ? '' : `${text}\r\n`;
}
