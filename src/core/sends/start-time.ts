import { TidingsError } from '../../errors.ts';

/** When a caller wants a send to start; null where nothing was said about it. */
export type StartTime =
  /** The word itself: also before the time that was agreed on earlier. */
  | { readonly type: 'now' }
  | { readonly type: 'at'; readonly atMs: number }
  /** A time that is over: what an old call says when it is made again. It asks for nothing that would be new. */
  | { readonly type: 'passed'; readonly text: string; readonly agoMs: number };

/** ISO 8601 as people and programs write it; the offset is looked at on its own, to say what is missing. */
const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.\d{1,9})?)?(Z|z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?$/;
/** Nearer than this is now: nobody could still change their mind. */
const NOW_MS = 1_000;
/** A time that is over for longer than this was never meant as now. */
export const LATE_MS = 5 * 60_000;
const DAY_MS = 86_400_000;
/** A year too many is a slip of the finger, and would never be noticed. */
const LONGEST_DAYS = 366;

/**
 * Reads `schedule_at`: the word `now`, or an ISO 8601 date and time with its offset.
 * @param nowMs milliseconds since 1970 by the clock on the wall
 * @throws TidingsError `invalid_argument` when it is no such time, has no offset, or is more than 366 days ahead
 */
export function readStartTime(given: string | undefined, nowMs: number): StartTime | null {
  if (given === undefined) return null;
  const text = given.trim();
  if (text.toLowerCase() === 'now') return { type: 'now' };
  const example = `${new Date(nowMs + DAY_MS).toISOString().slice(0, 16)}:00`;
  const parts = DATE_TIME.exec(text);
  if (!parts || !isDay(Number(parts[1]), Number(parts[2]), Number(parts[3]))) {
    throw new TidingsError(
      'invalid_argument',
      (words) => `${words.argument('schedule_at')} is "${given}", which is not a date and time.`,
      {
        fix: `Give a time as in "${example}Z" (UTC) or "${example}-06:00", or the word "now".`,
      },
    );
  }
  const offset = parts[7];
  if (offset === undefined) {
    throw new TidingsError(
      'invalid_argument',
      (words) =>
        `${words.argument('schedule_at')} is "${given}", without an offset: in another time zone that is another moment.`,
      { fix: `Add the offset, as in "${text}-06:00", or "${text}Z" for UTC.` },
    );
  }
  const atMs = Date.parse(withFullOffset(text, offset));
  if (atMs - nowMs > LONGEST_DAYS * DAY_MS) {
    throw new TidingsError(
      'invalid_argument',
      (words) => `${words.argument('schedule_at')} is "${given}", more than ${LONGEST_DAYS} days ahead.`,
      { fix: 'Give a time within a year; check the year.' },
    );
  }
  const agoMs = nowMs - atMs;
  return agoMs >= -NOW_MS ? { type: 'passed', text, agoMs } : { type: 'at', atMs };
}

/** JavaScript takes the 30th of February for the 2nd of March. */
function isDay(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** `+02` and `+0200` → `+02:00`, a space → `T`: what ECMA-262 (21.4.1.32) says that `Date.parse` reads. */
function withFullOffset(text: string, offset: string): string {
  const [sign, hours, minutes] = [offset[0]!, offset.slice(1, 3), offset.slice(3).replace(':', '')];
  const full = hours === '' ? 'Z' : `${sign}${hours}:${minutes || '00'}`;
  return `${text.slice(0, 10)}T${text.slice(11, text.length - offset.length)}${full}`;
}
