import { timeOf } from '../../core/leads/filter/typed-values.ts';
import { isCountryCode } from '../../core/leads/phone.ts';
import { TidingsError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import type { Test } from './where-words.ts';

const VALUES_MAX = 200;
export const TEXT_MAX = 200;
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

export function listOf(value: unknown, path: string): unknown[] {
  if (!Array.isArray(value) || value.length === 0)
    throw wrong(`${path} is ${show(value)}, and has to be a list.`, 'Give a list of values, or use is.');
  if (value.length > VALUES_MAX)
    throw wrong(`${path} has ${value.length} values.`, `Give at most ${VALUES_MAX}.`);
  return value;
}

export function textsOf(value: unknown, test: Test, path: string): string[] {
  return (test === 'in' ? listOf(value, path) : [value]).map((one) =>
    checkedText(typeof one === 'number' ? String(one) : one, path),
  );
}

export function checkedText(value: unknown, path: string): string {
  if (typeof value !== 'string') throw wrong(`${path} is ${show(value)}.`, 'Give a text.');
  const text = value.trim();
  if (text === '') throw wrong(`${path} is empty.`, 'To find who has none, give exists: false.');
  if (text.length > TEXT_MAX) throw tooLong(path);
  return text;
}

export function timeText(value: unknown, path: string): string {
  const ms = timeOf(value);
  if (ms !== null) return new Date(ms).toISOString();
  throw wrong(
    `${path} is ${show(value)}, which is no date.`,
    'Give ISO 8601: 2026-11-25 or 2026-11-25T18:00:00Z.',
  );
}

export function countryOf(value: string, path: string): string {
  const code = value.trim().toUpperCase();
  if (isCountryCode(code)) return code;
  throw wrong(
    `${path} is ${show(value)}, which is no country.`,
    'Give its two letters (ISO 3166), such as MX, ES or US.',
  );
}

export function prefixOf(value: string, path: string): string {
  const digits = value.replaceAll(/[\s().-]/g, '');
  if (/^\+\d{1,15}$/.test(digits)) return digits;
  throw wrong(`${path} is ${show(value)}.`, 'Give + and digits, such as +52.');
}

export function instantOf(value: string, path: string): string {
  return timeText(value, path);
}

export function idOf(value: string, path: string): string {
  if (UUID.test(value)) return value.toLowerCase();
  throw wrong(`${path} is ${show(value)}, which is no UUID.`, 'Give the id as it was told.');
}

export function oneOf<T extends string>(value: string, known: readonly T[], path: string): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw wrong(`${path} is ${show(value)}${hint(nearest(value, known))}`, `Use one of: ${known.join(', ')}.`);
}

export function hint(near: string | null): string {
  return near === null ? '.' : `; did you mean ${near}?`;
}

export function tooLong(path: string): TidingsError {
  return wrong(`${path} has more than ${TEXT_MAX} characters.`, 'Give a shorter text.');
}

export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

export function wrong(message: string, fix: string): TidingsError {
  return new TidingsError('invalid_argument', message, { fix });
}
