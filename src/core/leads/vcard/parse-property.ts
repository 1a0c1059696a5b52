/** A line of a card: `item1.TEL;TYPE=cell:+52…`. RFC 6350, and what vCard 2.1 and 3.0 wrote. */
export interface Property {
  readonly group: string | null;
  /** In capitals. */
  readonly name: string;
  /** `cell`, `pref`, …: values of TYPE, and parameters without a name, in small letters. */
  readonly types: readonly string[];
  readonly isQuotedPrintable: boolean;
  readonly charset: string;
  readonly value: string;
}

/** @returns null for what is no property. */
export function parseProperty(line: string): Property | null {
  const colon = outsideQuotes(line, ':')[0];
  if (colon === undefined) return null;
  const [full = '', ...parameters] = splitAt(line.slice(0, colon), outsideQuotes(line.slice(0, colon), ';'));
  const dot = full.indexOf('.');
  const name = full
    .slice(dot + 1)
    .trim()
    .toUpperCase();
  if (!/^[A-Z0-9-]{1,60}$/.test(name)) return null;
  const types: string[] = [];
  let isQuotedPrintable = false;
  let charset = 'utf-8';
  for (const parameter of parameters) {
    const at = parameter.indexOf('=');
    const key = at < 0 ? 'TYPE' : parameter.slice(0, at).trim().toUpperCase();
    const given = parameter
      .slice(at + 1)
      .replaceAll('"', '')
      .trim()
      .toLowerCase();
    if (given === 'quoted-printable') isQuotedPrintable = true;
    else if (key === 'CHARSET') charset = given;
    else if (key === 'PREF') types.push('pref');
    else if (key === 'TYPE') types.push(...given.split(',').map((type) => type.trim()));
  }
  const group = dot < 0 ? null : full.slice(0, dot).trim().toLowerCase();
  return { group, name, types, isQuotedPrintable, charset, value: line.slice(colon + 1) };
}

/** What the value says, in pieces between `;` where it has more than one. */
export function piecesOf({ value, isQuotedPrintable, charset }: Property): string[] {
  const text = isQuotedPrintable ? decodeQuotedPrintable(value, charset) : value;
  const pieces: string[] = [];
  let piece = '';
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!;
    const next = text[at + 1];
    if (sign === '\\' && next !== undefined) {
      piece += next === 'n' || next === 'N' ? '\n' : next;
      at += 1;
    } else if (sign === ';') {
      pieces.push(piece.trim());
      piece = '';
    } else piece += sign;
  }
  return [...pieces, piece.trim()];
}

/** The same as one text. */
export function textOf(property: Property): string {
  return piecesOf(property).join(';').trim();
}

function decodeQuotedPrintable(text: string, charset: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = /^=[0-9a-f]{2}/i.test(text.slice(at, at + 3))
      ? Number.parseInt(text.slice(at + 1, at + 3), 16)
      : null;
    if (code === null) bytes.push(...Buffer.from(text[at]!));
    else {
      bytes.push(code);
      at += 2;
    }
  }
  try {
    return new TextDecoder(charset).decode(Uint8Array.from(bytes));
  } catch {
    // A character set that nobody knows.
    return new TextDecoder().decode(Uint8Array.from(bytes));
  }
}

/** Places of a sign that no quotes hide. */
function outsideQuotes(text: string, sign: string): number[] {
  const places: number[] = [];
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (!isQuoted && text[at] === sign) {
      places.push(at);
      if (sign === ':') break;
    }
  }
  return places;
}

function splitAt(text: string, places: readonly number[]): string[] {
  return [...places, text.length].map((place, index) =>
    text.slice(index === 0 ? 0 : places[index - 1]! + 1, place),
  );
}
