import { type ReadValue, readerOf } from './field-values.ts';
import { dateWriter } from './format-date.ts';
import { titlecase } from './titlecase.ts';

/** What is done to a value on its way into the message. */
export interface Filter {
  readonly name: string;
  readonly args: readonly string[];
  /** `default` with another field: its path. */
  readonly field?: readonly string[];
}

/** Changes one value; never throws, and what it cannot read it gives back as it came. */
type Change = (text: string) => string;

interface FilterKind {
  /** How it is written, for whoever wrote it otherwise. */
  readonly example: string;
  readonly most: number;
  /** null: the arguments are wrong. */
  readonly make: (args: readonly string[]) => Change | null;
}

const plain = (example: string, change: Change): FilterKind => ({ example, most: 0, make: () => change });

const KINDS: Readonly<Record<string, FilterKind>> = {
  upcase: plain('upcase', (text) => text.toUpperCase()),
  downcase: plain('downcase', (text) => text.toLowerCase()),
  capitalize: plain('capitalize', capitalize),
  titlecase: plain('titlecase', titlecase),
  url_encode: plain('url_encode', (text) => encodeURIComponent(text.toWellFormed())),
  truncate: { example: 'truncate: 20', most: 2, make: truncation },
  number: { example: 'number: 2, "en"', most: 2, make: numberWriter },
  date: {
    example: 'date: "long", "en"',
    most: 2,
    make: ([format = 'medium', language = 'en']) => {
      const locale = localeOf(language);
      return locale === null ? null : dateWriter(format, locale);
    },
  },
};

/** Not for messages: what stands in the path of a link keeps its slashes. See `encodeLinks`. */
const PATH_IN_LINK = 'url_path';

export const FILTER_NAMES: readonly string[] = ['default', ...Object.keys(KINDS)];

/** How a filter is written; null: there is none of that name. */
export function exampleOf(name: string): string | null {
  return Object.hasOwn(KINDS, name) ? KINDS[name]!.example : null;
}

/** Why a filter cannot be used as it is written; null: it can. */
export function isUsable({ name, args }: Filter): boolean {
  const kind = KINDS[name];
  return kind !== undefined && args.length <= kind.most && kind.make(args) !== null;
}

/** The reader of a field with its filters, put together once for each send. */
export function filtered(path: readonly string[], filters: readonly Filter[]): ReadValue {
  let read = readerOf(path);
  for (const filter of filters) read = after(read, filter);
  return read;
}

function after(read: ReadValue, { name, args, field }: Filter): ReadValue {
  if (name === 'default') {
    const fallback = field ? readerOf(field) : () => args[0] ?? null;
    return (values) => read(values) ?? fallback(values);
  }
  const change = name === PATH_IN_LINK ? encodePath : KINDS[name]!.make(args)!;
  return (values) => {
    const text = read(values);
    return text === null ? null : change(text);
  };
}

/** In a query every sign is a value's own; in a path slashes stay, and so does what is encoded already. */
export function linkFilter(place: 'query' | 'path'): Filter {
  return { name: place === 'query' ? 'url_encode' : PATH_IN_LINK, args: [] };
}

function encodePath(text: string): string {
  return encodeURI(text.toWellFormed()).replace(/%25(?=[0-9a-f]{2})/giu, '%');
}

function capitalize(text: string): string {
  const [first = ''] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}

/** As people count: an accent or an emoji is not cut off its letter. The mark counts too. */
function truncation([length, mark = '…']: readonly string[]): Change | null {
  if (length === undefined || !/^[1-9]\d{0,4}$/.test(length) || mark.length > 20) return null;
  const most = Number(length);
  const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  const room = Math.max(0, most - mark.length);
  return (text) => {
    if (text.length <= most) return text;
    let kept = '';
    let count = 0;
    for (const { segment } of letters.segment(text)) {
      count += 1;
      if (count <= room) kept += segment;
      if (count > most) return kept.trimEnd() + mark;
    }
    return text;
  };
}

const PLAIN_NUMBER = /^[+-]?\d{1,20}(?:\.\d{1,20})?$/;
const ENGLISH_NUMBER = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d{1,20})?$/;
const EUROPEAN_NUMBER = /^[+-]?\d{1,3}(?:\.\d{3}){2,}(?:,\d{1,20})?$|^[+-]?\d{1,3}(?:\.\d{3})+,\d{1,20}$/;

function numberWriter(args: readonly string[]): Change | null {
  const [digits, language] = /^\d+$/.test(args[0] ?? '0') ? args : [undefined, ...args];
  const locale = localeOf(language ?? 'en');
  if (locale === null || (digits !== undefined && !/^(?:\d|10)$/.test(digits))) return null;
  const places =
    digits === undefined
      ? { maximumFractionDigits: 10 }
      : { minimumFractionDigits: Number(digits), maximumFractionDigits: Number(digits) };
  const writer = new Intl.NumberFormat(locale, places);
  return (text) => {
    const given = text.trim();
    if (PLAIN_NUMBER.test(given)) return writer.format(Number(given));
    if (ENGLISH_NUMBER.test(given)) return writer.format(Number(given.replaceAll(',', '')));
    if (!EUROPEAN_NUMBER.test(given)) return text;
    return writer.format(Number(given.replaceAll('.', '').replace(',', '.')));
  };
}

/** null: that is no language. */
function localeOf(language: string): string | null {
  try {
    return Intl.getCanonicalLocales(language.replace('_', '-'))[0] ?? null;
  } catch {
    return null;
  }
}
