import type { BounceReason } from '../reasons.ts';

/** A reason, and what servers write when it is that one. */
export type Row = readonly [BounceReason, ...(readonly RegExp[])];

/** Words with anything short between them. Bounded, so that no text makes a search long. */
export function near(first: string, second: string, most = 50): RegExp {
  return new RegExp(`(?:${first}).{0,${most}}?(?:${second})`, 'iu');
}
export function any(...alternatives: readonly string[]): RegExp {
  return new RegExp(alternatives.join('|'), 'iu');
}

export const SOMEBODY =
  "\\b(?:users?|usernames?|recipients?|rcpt|mail[ -]?box(?:es)?|address(?:es|ee)?|accounts?|alias|inbox|destinat(?:ion|ary)|subscriber|customer|local[- ]part|mail ?drop|screen ?name|e-?mail(?: id)?|login|user ?id|empfänger|person)\\b(?:['’]s)?";
export const OUR_HOST =
  "\\b(?:(?:your|client|sending|source|sender'?s?|connecting|originating) (?:ip|host|server|network|mail ?server|mta|smtp server|system|domain|isp|provider|address)(?: address)?|ip(?: address)?)\\b";

/** @param text one line */
export function byPhrase(text: string, rows: readonly Row[]): BounceReason | null {
  if (text === '') return null;
  return rows.find(([, ...patterns]) => patterns.some((pattern) => pattern.test(text)))?.[0] ?? null;
}
