/** As it was written: a date of a person has no time zone, and must not become the day before. */
interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

const STYLES = ['short', 'medium', 'long', 'full'] as const;
type Style = (typeof STYLES)[number];
const MAX_FORMAT = 100;

/**
 * Writes dates in a style of the language (`long`), with the signs that other tools know (`%d/%m/%Y`), or by a pattern
 * (`DD.MM.YYYY`). A value that is no date, or that could be two (3/4/2026), stays as it came.
 * @returns null when the format says nothing
 */
export function dateWriter(format: string, locale: string): ((text: string) => string) | null {
  const write = writerOf(format, locale);
  if (write === null) return null;
  return (text) => {
    const moment = readDate(text.trim());
    return moment === null ? text : write(moment);
  };
}

function writerOf(format: string, locale: string): ((moment: Moment) => string) | null {
  const style = STYLES.find((one) => one === format.toLowerCase());
  if (style !== undefined) return styled(locale, { dateStyle: style satisfies Style });
  if (format.length > MAX_FORMAT) return null;
  const isSigned = format.includes('%');
  const tokens = isSigned ? /%-?[YymdeBbAaHM]/g : /YYYY|YY|MMMM|MMM|MM|M|DD|D|dddd|ddd|HH|mm/g;
  const used = format.match(tokens);
  if (used === null) return null;
  const write = new Map(used.map((token) => [token, tokenWriter(token, isSigned, locale)]));
  return (moment) => format.replace(tokens, (token) => write.get(token)!(moment));
}

const SIGNS: Readonly<Record<string, string>> = {
  '%Y': 'YYYY',
  '%y': 'YY',
  '%m': 'MM',
  '%-m': 'M',
  '%d': 'DD',
  '%-d': 'D',
  '%e': 'D',
  '%B': 'MMMM',
  '%b': 'MMM',
  '%A': 'dddd',
  '%a': 'ddd',
  '%H': 'HH',
  '%M': 'mm',
};

function tokenWriter(token: string, isSigned: boolean, locale: string): (moment: Moment) => string {
  const two = (number: number) => String(number).padStart(2, '0');
  switch (isSigned ? (SIGNS[token] ?? SIGNS[token.replace('-', '')]) : token) {
    case 'YYYY':
      return ({ year }) => String(year);
    case 'YY':
      return ({ year }) => two(year % 100);
    case 'MMMM':
      return styled(locale, { month: 'long' });
    case 'MMM':
      return styled(locale, { month: 'short' });
    case 'MM':
      return ({ month }) => two(month);
    case 'M':
      return ({ month }) => String(month);
    case 'DD':
      return ({ day }) => two(day);
    case 'dddd':
      return styled(locale, { weekday: 'long' });
    case 'ddd':
      return styled(locale, { weekday: 'short' });
    case 'HH':
      return ({ hour }) => two(hour);
    case 'mm':
      return ({ minute }) => two(minute);
    default:
      return ({ day }) => String(day);
  }
}

function styled(locale: string, options: Intl.DateTimeFormatOptions): (moment: Moment) => string {
  const writer = new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
  return ({ year, month, day, hour, minute }) => writer.format(Date.UTC(year, month - 1, day, hour, minute));
}

const ISO =
  /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::\d{2}(?:[.,]\d+)?)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?$/i;
const COMPACT = /^(\d{4})(\d{2})(\d{2})$/;
const DAYS_FIRST = /^(\d{1,2})([./-])(\d{1,2})\2(\d{4})$/;
const SECONDS = /^\d{10}(?:\d{3})?$/;
const WITH_MONTH = /^(?=.*\p{L}{3})[\p{L}\d ,.]{6,40}$/u;

function readDate(text: string): Moment | null {
  if (text.length > 60) return null;
  const [, year, month, day, hour = '0', minute = '0'] = ISO.exec(text) ?? COMPACT.exec(text) ?? [];
  if (year) return real(Number(year), Number(month), Number(day), Number(hour), Number(minute));
  const [, first, sign, second, last] = DAYS_FIRST.exec(text) ?? [];
  if (first) {
    const [a, b] = [Number(first), Number(second)];
    if (sign === '.' || a > 12 || a === b) return real(Number(last), b, a);
    return b > 12 ? real(Number(last), a, b) : null;
  }
  if (SECONDS.test(text)) return ofTime(Number(text) * (text.length === 10 ? 1_000 : 1));
  return WITH_MONTH.test(text) && /\d{4}/.test(text) ? ofTime(Date.parse(`${text} UTC`)) : null;
}

function ofTime(ms: number): Moment | null {
  if (Number.isNaN(ms)) return null;
  const date = new Date(ms);
  return real(
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
  );
}

/** null: there is no such day. */
function real(year: number, month: number, day: number, hour = 0, minute = 0): Moment | null {
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute));
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60;
  return isReal && year >= 1_000 ? { year, month, day, hour, minute } : null;
}
