import { UnusedNames } from '../csv/unused-names.ts';
import { type ColumnLook, lookAt } from './cell-kind.ts';
import { type ConsentColumn, consentColumn } from './consent-columns.ts';
import { statusSign } from './consent-words.ts';
import { type ExportPlan, otherColumns, planExport, shownColumns } from './exported-columns.ts';
import { LONGEST_NAME, wordsOf } from './fold.ts';
import { type ColumnField, isOfOthers, type Known, recognise } from './header-words.ts';
import { isName } from './person-name.ts';
import { OUR_COLUMNS } from './reject-columns.ts';

export interface PhoneColumn {
  readonly index: number;
  /** The column beside it that says which phone it is, row by row. */
  readonly label: number | undefined;
}

type PlainField = 'position' | 'company' | 'notes' | 'origin';
/** What is read from each column, by its index in a record. */
export interface ColumnPlan {
  /** Header as shown to people → `email`, or `metadata.city`. */
  readonly shown: Record<string, string>;
  /** What each column is called there, in their order. */
  readonly labels: readonly string[];
  /** Best first: a row is read by the next one where the best has nothing that can be used. */
  readonly names: readonly number[];
  readonly firstNames: readonly number[];
  readonly middleName: number | undefined;
  readonly lastNames: readonly number[];
  readonly emails: readonly number[];
  readonly phones: readonly PhoneColumn[];
  readonly texts: readonly { readonly field: PlainField; readonly index: number }[];
  readonly status: number | undefined;
  /** Where a status goes that is none of ours, since `estado` may as well be a state of Mexico. */
  readonly statusKey: string;
  readonly countries: readonly number[];
  readonly tags: readonly number[];
  readonly consents: readonly ConsentColumn[];
  readonly metadata: readonly { readonly key: string; readonly index: number; readonly label: string }[];
  /** Whether a person can be known from this file at all. */
  readonly usable: boolean;
  /** Columns that hold contacts, and are not read as one. */
  readonly doubts: readonly string[];
  /** The table is an export of ours: how its own columns are read. The rest of the plan is about columns added since. */
  readonly exported?: ExportPlan;
}

export interface PlanOptions {
  /** Header → field, as a person said. */
  readonly map?: Readonly<Record<string, string>>;
  readonly country?: string | null;
}

export const MAPPABLE = [
  'name',
  'first_name',
  'middle_name',
  'last_name',
  'email',
  'phone',
  'position',
  'company',
  'notes',
  'status',
  'origin',
  'country',
  'tags',
  'ignore',
] as const;
/** Enough values to judge a column by. */
const LOOKED_AT = 200;
const NUMBERS_OF_THINGS =
  /^(id|ids|uuid|zip|plz|cp|code|codigo|postal|order|orders|pedido|price|amount|total|date|time|created|birthday|lat|latitude|longitude|ip|age|qty|sku|invoice|account|card|tax|vat|nif|rfc|cpf|cnpj|iban|last4|year|score|rating)$/;

/** How the columns of a table are read. */
export function planColumns(
  header: readonly string[],
  rows: readonly (readonly string[])[] = [],
  options: PlanOptions = {},
): ColumnPlan {
  const exported = planExport(header, options.map);
  if (!exported) return planBySense(header, rows, options);
  const others = planBySense(otherColumns(header, exported), rows, options);
  const added = Object.entries(others.shown).filter(([, field]) => field !== 'ignored');
  const shown = { ...shownColumns(header, exported), ...Object.fromEntries(added) };
  const labels = header.map((column, index) =>
    Object.hasOwn(shown, column) ? column : others.labels[index]!,
  );
  return { ...others, shown, labels, usable: true, exported };
}

/** By what is above them, and by what is in them. */
function planBySense(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  options: PlanOptions,
): ColumnPlan {
  const names = header.map((name) => name.trim().slice(0, LONGEST_NAME).toWellFormed());
  const labels = new UnusedNames((label, number) => `${label} (${number})`, ['__proto__']);
  const shownAs = names.map((name, index) => labels.take(name || `column ${index + 1}`));
  const sample = rows.slice(0, LOOKED_AT);
  const columns = names.map((name, index) => judge(name, index, shownAs[index]!, sample, options));
  const of = (field: ColumnField) =>
    columns.filter((column) => column.field === field).sort((a, b) => a.rank - b.rank || a.index - b.index);
  const asNames = of('name');
  const [emails, phones, firstNames, lastNames] = [
    of('email'),
    of('phone'),
    of('first_name'),
    of('last_name'),
  ];
  // "nombre" beside "apellidos" is the first name only.
  if (lastNames.length > 0 && firstNames.length === 0 && asNames.length > 0 && isShort(asNames[0]!.name))
    firstNames.push(asNames.shift()!);
  // "Prénom, Nom" and "Vorname, Name": there the short word is the last name.
  const isLast = asNames.length > 0 && firstNames.length > 0 && lastNames.length === 0;
  if (isLast && isLastBeside(asNames[0]!.name, firstNames[0]!.name)) lastNames.push(asNames.shift()!);
  if (asNames.length + firstNames.length + lastNames.length === 0 && names.every((name) => name === '')) {
    const unnamed = columns.find(({ index, field }) => field === undefined && holdsNames(sample, index));
    if (unnamed) asNames.push({ ...unnamed, field: 'name' });
  }
  const main = new Map<number, string>();
  for (const list of [asNames, firstNames, emails, phones, lastNames, of('middle_name'), of('status')])
    if (list[0]) main.set(list[0].index, list === lastNames ? 'last_name' : list[0].field!);
  const texts = (['position', 'company', 'notes', 'origin'] as const).flatMap((field) => {
    const best = of(field)[0];
    if (best) main.set(best.index, field);
    return best ? [{ field, index: best.index }] : [];
  });
  if (firstNames[0]) main.set(firstNames[0].index, 'first_name');
  const second = of('second_last_name');
  for (const column of second) main.set(column.index, 'last_name');
  const keys = new UnusedNames((key, number) => `${key}_${number}`);
  const shown: Record<string, string> = {};
  const metadata: { key: string; index: number; label: string }[] = [];
  const consents = columns.flatMap(({ consent }) => consent ?? []);
  for (const { index, name, field, isIgnored, consent, mappedKey } of columns) {
    const label = shownAs[index]!;
    const key = () => mappedKey ?? keys.take(metadataKey(name) || `column_${index + 1}`);
    if (isIgnored) shown[label] = 'ignored';
    else if (main.has(index)) {
      shown[label] = main.get(index)!;
    } else {
      const taken = key();
      metadata.push({ key: taken, index, label });
      const also = consent ? 'consent, ' : alsoReadAs(field);
      shown[label] = `${also}metadata.${taken}`;
    }
  }
  const status = of('status')[0]?.index;
  return {
    shown,
    labels: shownAs,
    names: asNames.map(({ index }) => index),
    firstNames: firstNames.map(({ index }) => index),
    middleName: of('middle_name')[0]?.index,
    lastNames: [...lastNames.slice(0, 1), ...second].map(({ index }) => index),
    emails: emails.map(({ index }) => index),
    phones: phones.map(({ index }) => ({ index, label: labelOf(names, index) })),
    texts,
    status,
    statusKey: keys.take((status !== undefined && metadataKey(names[status]!)) || 'status'),
    countries: of('country').map(({ index }) => index),
    tags: of('tags').map(({ index }) => index),
    consents,
    metadata,
    usable: [asNames, firstNames, lastNames, emails, phones].some((list) => list.length > 0),
    doubts: columns.filter(({ isDoubtful }) => isDoubtful).map(({ index }) => shownAs[index]!),
  };
}

interface Column {
  readonly index: number;
  readonly name: string;
  readonly field?: ColumnField | undefined;
  readonly rank: number;
  readonly isIgnored?: boolean;
  readonly consent?: ConsentColumn | undefined;
  readonly isDoubtful?: boolean;
  readonly mappedKey?: string;
}

const LAST = 1_000;

function judge(
  name: string,
  index: number,
  label: string,
  rows: readonly (readonly string[])[],
  { map, country = null }: PlanOptions,
): Column {
  const plain = { index, name, rank: LAST };
  const mapped = map?.[label] ?? map?.[name];
  if (mapped === 'ignore') return { ...plain, isIgnored: true };
  if (mapped !== undefined)
    return mapped.startsWith('metadata.')
      ? { ...plain, mappedKey: mapped.slice('metadata.'.length) }
      : { ...plain, field: mapped as ColumnField, rank: -1 };
  if (OUR_COLUMNS.includes(name)) return { ...plain, isIgnored: true };
  const look = lookAt(rows, index, country);
  const known = agreeing(recognise(name), look);
  const consent =
    known && !['status', 'phone', 'email'].includes(known.field)
      ? undefined
      : consentColumn(name, index, label);
  const isConsent =
    consent &&
    !(
      known &&
      (known.field === 'email' || known.field === 'phone') &&
      look.emails + look.phones + look.digits + look.possible > 0
    );
  const read = isConsent ? { ...consent, isOfMail: consent.isOfMail || saysMail(rows, index) } : undefined;
  if (read && known?.field !== 'status') return { ...plain, consent: read };
  if (known) return { ...plain, field: known.field, rank: known.rank, consent: read };
  const byValue = fieldByValue(name, look);
  if (byValue === undefined) return plain;
  // The people of the house have addresses too.
  return isOfOthers(name) ? { ...plain, isDoubtful: true } : { ...plain, field: byValue };
}

/** Where some have left a list or bounced, "cancelled" is said of the list as well. */
function saysMail(rows: readonly (readonly string[])[], index: number): boolean {
  return rows.some((row) => statusSign(row[index] ?? '')?.isPlain === true);
}

/** What a header says holds unless the values under it say otherwise. */
function agreeing(known: Known | undefined, look: ColumnLook): Known | undefined {
  if (!known || look.filled === 0) return known?.isWeak && known.field === 'phone' ? undefined : known;
  const { filled, emails, phones, digits, possible } = look;
  const numbers = phones + digits + possible;
  if (known.field === 'email') {
    if (emails === 0 && numbers > filled / 2) return { ...known, field: 'phone', rank: LAST };
    return emails === 0 && known.isWeak ? undefined : known;
  }
  if (known.field === 'phone') {
    if (emails > filled / 2) return { ...known, field: 'email', rank: LAST };
    return numbers === 0 && known.isWeak ? undefined : known;
  }
  if (emails > filled / 2) return { field: 'email', rank: LAST, isWeak: true };
  if (known.field === 'name' && phones + digits > filled / 2)
    return { field: 'phone', rank: LAST, isWeak: true };
  return known;
}

function fieldByValue(
  name: string,
  { filled, emails, phones, digits }: ColumnLook,
): 'email' | 'phone' | undefined {
  if (filled === 0) return undefined;
  if (emails >= filled * 0.6) return 'email';
  const words = wordsOf(name);
  if (words.some((word) => NUMBERS_OF_THINGS.test(word))) return undefined;
  if (phones >= filled * 0.6) return 'phone';
  // Digits alone may be anything: only where nothing stands above them, or all of them can be dialled.
  return phones + digits === filled && (name === '' || filled >= 3 || phones > 0) && words.length < 4
    ? 'phone'
    : undefined;
}

function labelOf(names: readonly string[], index: number): number | undefined {
  if (!/value$/i.test(names[index]!)) return undefined;
  const stem = names[index]!.replace(/value$/i, '').toLowerCase();
  const label = names.findIndex(
    (name) => /(label|type)$/i.test(name) && name.replace(/(label|type)$/i, '').toLowerCase() === stem,
  );
  return label < 0 ? undefined : label;
}

/** What a column is used for besides being kept. */
function alsoReadAs(field: ColumnField | undefined): string {
  if (field === 'email' || field === 'phone') return `${field} where others are blank, `;
  return field === 'country' || field === 'tags' ? `${field}, ` : '';
}

function isLastBeside(header: string, firstHeader: string): boolean {
  return /^nom$/i.test(header.trim()) || (/^name$/i.test(header.trim()) && /vorname/i.test(firstHeader));
}

/** A few words in letters, in nearly every row. */
function holdsNames(rows: readonly (readonly string[])[], index: number): boolean {
  const cells = rows.map((row) => row[index]?.trim() ?? '').filter((cell) => cell !== '');
  const names = cells.filter((cell) => cell.length < 60 && !/\p{N}/u.test(cell) && isName(cell));
  return names.length > 0 && names.length >= cells.length * 0.8;
}

function isShort(header: string): boolean {
  return /^(name|nombres?|nome|nom|namn|имя|名)$/i.test(header.trim());
}

/** A key that a merge field can name: `Fecha de alta` is `{{lead.metadata.Fecha_de_alta}}`. */
function metadataKey(header: string): string {
  const key = header
    .normalize('NFC')
    .trim()
    .replace(/^metadata\./i, '')
    .replace(/[^\p{L}\p{N}_-]+/gu, '_');
  // Assigning `__proto__` would be lost without a word.
  if (key === '__proto__') return 'proto';
  return /[\p{L}\p{N}]/u.test(key) ? key.replace(/_+$/, '') : '';
}
