import { count } from './amounts.ts';
import { TidingsError } from './errors.ts';

/** A variable of the environment, trimmed; null: it is not set, or empty. */
export type Get = (name: string) => string | null;

export function days(name: string, text: string | null): number | null {
  return text === null ? null : number(name, text, 0, 1, 36_500, true);
}

const ON = ['true', '1', 'yes', 'on'];
const OFF = ['false', '0', 'no', 'off'];

/** What is neither stops the start: whoever wrote it wanted something kept. */
export function onOrOff(name: string, text: string | null): boolean {
  const word = text?.toLowerCase() ?? 'off';
  if (ON.includes(word)) return true;
  if (OFF.includes(word)) return false;
  throw wrong(name, text!, 'is neither on nor off', 'Write true or false.');
}

/** 0: any free one. */
export function port<T>(name: string, text: string | null, fallback: T): number | T {
  return text === null ? fallback : number(name, text, 0, 0, 65_535, true);
}

export function rate(name: string, text: string | null, fallback: number | null): number | null {
  return text === null ? fallback : number(name, text, 0, 0.01, 1_000_000, false);
}

export function number(
  name: string,
  text: string | null,
  fallback: number,
  min: number,
  max: number,
  whole: boolean,
): number {
  if (text === null) return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || value < min || value > max || (whole && !Number.isInteger(value))) {
    throw wrong(
      name,
      text,
      'is out of range',
      `Use a ${whole ? 'whole ' : ''}number from ${count(min)} to ${count(max)}.`,
    );
  }
  return value;
}

export function wrong(name: string, value: string, what: string, fix: string): TidingsError {
  return new TidingsError('configuration', `${name} is "${value}", which ${what}.`, { fix });
}

export function missing(name: string, because: string, fix: string): TidingsError {
  return new TidingsError('configuration', `${because} is set, but ${name} is not.`, { fix });
}
