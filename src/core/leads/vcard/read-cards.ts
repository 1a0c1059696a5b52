import { StringDecoder } from 'node:string_decoder';
import type { CsvRecord } from '../csv/read-records.ts';
import { type Property, parseProperty, piecesOf, textOf } from './parse-property.ts';

/** What a file of cards begins with. */
export const IS_CARDS = /^\s*BEGIN:VCARD\s*[\r\n]/i;

/** As a table: the header is read like that of any file. */
const COLUMNS = [
  'Full name',
  'First name',
  'Middle name',
  'Last name',
  'Email',
  'Email 2',
  'Mobile phone',
  'Phone',
  'Phone 2',
  'Company',
  'Job title',
  'Notes',
  'Tags',
  'Country',
  'Birthday',
] as const;
type Row = Partial<Record<(typeof COLUMNS)[number], string>>;

/** Of one line, and of one card: pictures are passed over, and nothing else comes near. */
const LONGEST_LINE = 200_000;
const MOST_PROPERTIES = 2_000;
const BINARY = /^(?:[^:;]*\.)?(?:PHOTO|LOGO|SOUND|KEY|X-MS-CARDPICTURE)[;:]/i;
const MOBILE = /^(cell|iphone|mobile|movil|móvil|celular|whatsapp|handy|portable|main cell)$/i;
const NO_PHONE = /^(fax|pager|x400)$|fax/i;

interface Card {
  readonly line: number;
  readonly properties: Property[];
  problem: string | null;
}

/** Reads cards of vCard 2.1, 3.0 and 4.0 in flat memory, each as a record; one that is broken is told, and the next is read. */
export async function* readCards(blocks: AsyncIterable<Buffer>): AsyncGenerator<CsvRecord[]> {
  yield [{ line: 1, fields: [...COLUMNS] }];
  let card: Card | null = null;
  for await (const lines of unfolded(blocks)) {
    const records: CsvRecord[] = [];
    for (const { line, text } of lines) {
      if (/^BEGIN:VCARD\s*$/i.test(text)) {
        if (card) records.push(broken(card, 'the card has no end'));
        card = { line, properties: [], problem: null };
      } else if (/^END:VCARD\s*$/i.test(text)) {
        if (card) records.push(toRecord(card));
        card = null;
      } else if (card && text !== '' && !BINARY.test(text.slice(0, 200))) {
        const property = text.length > LONGEST_LINE ? null : parseProperty(text);
        if (property && card.properties.length < MOST_PROPERTIES) card.properties.push(property);
        else card.problem ??= text.length > LONGEST_LINE ? 'a line of the card is too long' : null;
      }
    }
    yield records;
  }
  if (card) yield [broken(card, 'the card has no end')];
}

/** Lines as they were meant: what follows a space or tab, or a quoted-printable line that ends in `=`, goes on with it. */
async function* unfolded(
  blocks: AsyncIterable<Buffer>,
): AsyncGenerator<{ readonly line: number; readonly text: string }[]> {
  let current: Unfolding | null = null;
  let number = 0;
  for await (const lines of physicalLines(blocks)) {
    const done: Unfolding[] = [];
    for (const text of lines) {
      number += 1;
      const isSoft: boolean = current?.isSoft === true;
      if (current !== null && (isSoft || /^[ \t]/.test(text))) {
        current.isSoft = current.isQuoted && text.endsWith('=');
        const more = current.isSoft ? text.slice(0, -1) : text;
        // Pictures are long, and not looked at.
        if (!current.isBinary && current.text.length <= LONGEST_LINE)
          current.text += isSoft ? more : more.slice(1);
      } else {
        if (current) done.push(current);
        const isQuoted = isQuotedPrintable(text);
        const goesOn = isQuoted && text.endsWith('=');
        current = {
          line: number,
          text: goesOn ? text.slice(0, -1) : text,
          isBinary: BINARY.test(text.slice(0, 200)),
          isQuoted,
          isSoft: goesOn,
        };
      }
    }
    yield done;
  }
  if (current) yield [current];
}

interface Unfolding {
  readonly line: number;
  text: string;
  readonly isBinary: boolean;
  readonly isQuoted: boolean;
  /** Ends in the `=` that says that the next line goes on with it. */
  isSoft: boolean;
}

function isQuotedPrintable(text: string): boolean {
  return /^[^:]{0,200}[;=]QUOTED-PRINTABLE[;:]/i.test(text);
}

async function* physicalLines(blocks: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const block of blocks) {
    const lines = (rest + decoder.write(block)).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    // A line without an end: its beginning says what it is.
    if (rest.length > 2 * LONGEST_LINE) rest = rest.slice(0, LONGEST_LINE + 1);
    yield lines;
  }
  if (rest !== '') yield [rest.replace(/\r$/, '')];
}

function broken({ line }: Card, problem: string): CsvRecord {
  return { line, fields: COLUMNS.map(() => ''), problem };
}

function toRecord(card: Card): CsvRecord {
  if (card.problem !== null) return broken(card, card.problem);
  const row = toRow(card.properties);
  const fields = COLUMNS.map((column) => row[column] ?? '');
  if (fields.every((field) => field === '')) return broken(card, 'the card says nothing of anybody');
  return { line: card.line, fields };
}

function toRow(properties: readonly Property[]): Row {
  const first = (name: string) => properties.find((property) => property.name === name);
  const labels = new Map<string, string>();
  for (const property of properties)
    if (property.name === 'X-ABLABEL' && property.group !== null)
      labels.set(property.group, textOf(property).replace(/^_\$!<(.*)>!\$_$/s, '$1'));
  const typesOf = ({ group, types }: Property) =>
    group !== null && labels.has(group) ? [...types, labels.get(group)!] : types;
  const isPreferred = (property: Property) => (property.types.includes('pref') ? 0 : 1);
  const all = (name: string) =>
    properties
      .filter((property) => property.name === name)
      .sort((one, other) => isPreferred(one) - isPreferred(other));
  const emails = all('EMAIL')
    .map((property) => textOf(property).replace(/^mailto:/i, ''))
    .filter(Boolean);
  const phones = all('TEL')
    .filter((property) => !typesOf(property).some((type) => NO_PHONE.test(type)))
    .map((property) => ({
      number: phoneOf(property),
      isMobile: typesOf(property).some((type) => MOBILE.test(type)),
    }))
    .filter(({ number }) => number !== '');
  const mobile = phones.find(({ isMobile }) => isMobile);
  const [phone, phone2] = phones.filter((one) => one !== mobile);
  const [last, given, middle] = first('N') ? piecesOf(first('N')!) : [];
  const address = all('ADR')[0];
  const text = (name: string) => (first(name) ? textOf(first(name)!) : undefined);
  return dropBlanks({
    'Full name': text('FN') || text('NICKNAME'),
    'First name': given,
    'Middle name': middle,
    'Last name': last,
    Email: emails[0],
    'Email 2': emails[1],
    'Mobile phone': mobile?.number,
    Phone: phone?.number,
    'Phone 2': phone2?.number,
    Company: first('ORG') && piecesOf(first('ORG')!)[0],
    'Job title': text('TITLE') || text('ROLE'),
    Notes: text('NOTE'),
    Tags: text('CATEGORIES'),
    Country: address && piecesOf(address)[6],
    Birthday: text('BDAY'),
  });
}

/** Version 4.0 writes `tel:+1-418-656-9254;ext=102`. */
function phoneOf(property: Property): string {
  const text = textOf(property);
  return /^tel:/i.test(text) ? text.slice(4).split(';')[0]!.trim() : text;
}

function dropBlanks(row: { readonly [Column in keyof Row]: string | undefined }): Row {
  return Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== undefined && value !== ''),
  ) as Row;
}
