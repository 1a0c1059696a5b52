/**
 * How a number of a cell is shown, as far as that changes what it is: a date, a time, a share of a hundred, and codes
 * whose leading zeros or + stand only in the format. Of all others the number itself is wanted, without separators.
 */
export type NumberFormat = (value: number, is1904: boolean) => string;

/** Formats that have no code in the file (ECMA-376, part 1, 18.8.30), with those of East Asia. */
const BUILT_IN: Readonly<Record<number, string>> = {
  9: '0%',
  10: '0.00%',
  14: 'yyyy-mm-dd',
  15: 'd-mmm-yy',
  16: 'd-mmm',
  17: 'mmm-yy',
  18: 'h:mm AM/PM',
  19: 'h:mm:ss AM/PM',
  20: 'h:mm',
  21: 'h:mm:ss',
  22: 'yyyy-mm-dd h:mm',
  45: 'mm:ss',
  46: '[h]:mm:ss',
  47: 'mm:ss',
};
const EAST_ASIAN_DAYS = new Set([27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 55, 56, 57, 58]);
const EAST_ASIAN_TIMES = new Set([32, 33, 34, 35]);

const LONGEST_CODE = 1_000;

/** @param code of a format that the file defines; undefined: a built-in one */
export function toNumberFormat(id: number, code?: string): NumberFormat {
  if (code === undefined) {
    if (EAST_ASIAN_DAYS.has(id)) code = 'd';
    if (EAST_ASIAN_TIMES.has(id)) code = 'h';
  }
  const sections = splitSections((code ?? BUILT_IN[id] ?? 'General').slice(0, LONGEST_CODE)).map(readSection);
  return (value, is1904) => {
    const section = sections.find(({ holds }) => holds?.(value)) ?? sections.find(({ holds }) => !holds);
    return section?.show(value, is1904) ?? plainNumber(value);
  };
}

/** As it was typed: without an exponent, and without what a computer's fractions add to it. */
export function plainNumber(value: number): string {
  const text = String(Number.isInteger(value) ? value : Number(value.toPrecision(15)));
  if (!text.includes('e')) return text === '-0' ? '0' : text;
  if (Number.isInteger(value)) return BigInt(value).toString();
  return value.toFixed(20).replace(/0+$/, '').replace(/\.$/, '');
}

interface Section {
  /** For which numbers; undefined: for those that no other is for. */
  readonly holds: ((value: number) => boolean) | undefined;
  readonly show: (value: number, is1904: boolean) => string | undefined;
}

interface Token {
  readonly text: string;
  readonly isLiteral: boolean;
}

const TOKEN = /"([^"]*)"?|\\(.)|[_*].|\[([^\]]*)\]?|([\s\S])/gu;

function splitSections(code: string): Token[][] {
  const sections: Token[][] = [[]];
  for (const [, quoted, escaped, bracket, plain] of code.matchAll(TOKEN)) {
    const last = sections.at(-1)!;
    if (plain === ';') sections.push([]);
    else if (plain !== undefined) last.push({ text: plain, isLiteral: /[+\-()/: $!&'~{}<>=^]/.test(plain) });
    else if (bracket !== undefined) last.push({ text: `[${bracket}]`, isLiteral: false });
    else if (quoted !== undefined || escaped !== undefined)
      last.push({ text: quoted ?? escaped ?? '', isLiteral: true });
  }
  return sections.slice(0, 4);
}

function readSection(tokens: readonly Token[], at: number, all: readonly (readonly Token[])[]): Section {
  const isElse = at === 1 && conditionOf(all[0]!) !== undefined;
  const holds = conditionOf(tokens) ?? (isElse ? undefined : bySign(at, all.length));
  const codes = tokens.filter(({ isLiteral }) => !isLiteral).map(({ text }) => text);
  const elapsed = codes.some((text) => /^\[(?:h+|m+|s+)\]$/i.test(text));
  const letters = codes
    .filter((text) => !text.startsWith('['))
    .join('')
    .toLowerCase();
  if (elapsed) return { holds, show: showElapsed };
  if (letters.includes('general') || letters.includes('@')) return { holds, show: () => undefined };
  const hasClock = /[hs]/.test(letters);
  const hasDay = /[yd]/.test(letters) || (letters.includes('m') && !hasClock);
  if (hasDay || hasClock)
    return { holds, show: (value, is1904) => showTime(value, is1904, hasDay, hasClock) };
  if (letters.includes('%')) {
    const decimals = /\.[0#?]*/.exec(letters)?.[0].slice(1).length ?? 0;
    return { holds, show: (value) => `${plainNumber(Number((value * 100).toFixed(decimals)))}%` };
  }
  return { holds, show: toMask(tokens) ?? (() => undefined) };
}

function conditionOf(tokens: readonly Token[]): Section['holds'] {
  for (const { text, isLiteral } of tokens) {
    const found = isLiteral ? null : /^\[(<=|>=|<>|<|>|=)(-?[\d.]+)\]$/.exec(text);
    if (!found) continue;
    const limit = Number(found[2]);
    const holds: Readonly<Record<string, (value: number) => boolean>> = {
      '<=': (value) => value <= limit,
      '>=': (value) => value >= limit,
      '<>': (value) => value !== limit,
      '<': (value) => value < limit,
      '>': (value) => value > limit,
      '=': (value) => value === limit,
    };
    return holds[found[1]!];
  }
  return undefined;
}

/** Positive; negative; zero; text. */
function bySign(at: number, count: number): Section['holds'] {
  if (at === 1) return (value) => value < 0;
  if (at === 2) return (value) => value === 0;
  if (at === 3) return () => false;
  return count > 1 ? undefined : () => true;
}

/** `00000`, `(00) 00000-0000`, `"+"0`: what would be lost of it as a number. undefined: nothing. */
function toMask(tokens: readonly Token[]): ((value: number) => string | undefined) | undefined {
  const mask = tokens.filter(({ text, isLiteral }) => isLiteral || !/^\[.*\]$/s.test(text));
  const places = mask.filter(({ isLiteral }) => !isLiteral);
  const isOfDigits = places.length > 0 && places.every(({ text }) => /^[0#?]$/.test(text));
  const zeros = places.filter(({ text }) => text === '0').length;
  const hasPlus = mask.some(({ text, isLiteral }) => isLiteral && text.includes('+'));
  if (!isOfDigits || !(zeros > 1 || hasPlus)) return undefined;
  return (value) => {
    if (value < 0 || !Number.isInteger(value)) return undefined;
    let digits = plainNumber(value);
    let left = places.length;
    let text = '';
    for (const token of mask.toReversed()) {
      if (token.isLiteral) {
        text = token.text + text;
        continue;
      }
      left -= 1;
      const taken = left === 0 ? digits : digits.slice(-1);
      digits = digits.slice(0, -1);
      text = (taken || (token.text === '0' ? '0' : '')) + text;
    }
    return text.trim();
  };
}

const DAY_SECONDS = 86_400;
/** 31 December 9999. */
const LAST_DAY = 2_958_465;
const DAYS_1904 = 1_462;

/** ISO 8601, of local time: `2024-03-05`, `2024-03-05T14:30:00`, `14:30:00`. */
function showTime(value: number, is1904: boolean, hasDay: boolean, hasClock: boolean): string | undefined {
  if (!(value >= 0) || value >= LAST_DAY + 1 - (is1904 ? DAYS_1904 : 0)) return undefined;
  const seconds = hasClock ? Math.round(value * DAY_SECONDS) : Math.floor(value) * DAY_SECONDS;
  const day = Math.floor(seconds / DAY_SECONDS);
  const clock = clockOf(seconds - day * DAY_SECONDS);
  if (!hasDay) return clock;
  // Zero is what is there when there is no date.
  if (day === 0 && !is1904) return hasClock && value > 0 ? clock : '';
  // The system of 1900 counts a 29th of February of that year.
  const epoch = is1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, day < 60 ? 31 : 30);
  const date = new Date(epoch + day * DAY_SECONDS * 1_000).toISOString().slice(0, 10);
  return hasClock ? `${date}T${clock}` : date;
}

function showElapsed(value: number): string | undefined {
  if (!(value >= 0) || value > LAST_DAY) return undefined;
  return clockOf(Math.round(value * DAY_SECONDS));
}

function clockOf(seconds: number): string {
  const two = (part: number) => String(Math.floor(part)).padStart(2, '0');
  return `${two(seconds / 3_600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}
