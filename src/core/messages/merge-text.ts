import type { MergeValues } from '../leads/lead.ts';
import { isUnsubscribeUrl } from './field-values.ts';
import type { Filter } from './filters.ts';

/**
 * A message with merge fields, parsed once for each send: `parseMergeText` reads it.
 *
 * There are no loops or assignments on purpose, and a choice only takes one of two texts: rendering is one pass over the
 * segments, so no merge text can run long or grow beyond its own values.
 */
export interface MergeText {
  readonly source: string;
  readonly segments: readonly Segment[];
  /** How many fields it has, those within choices too. */
  readonly fieldCount: number;
}

/** A literal piece of text, or what each recipient has another text for. */
export type Segment = string | Slot;
export type Slot = Field | Choice;

/** Changes a value, and not the text around it: what the format of the message needs. */
type EscapeValue = (value: string) => string;

export interface Field {
  /** For example `['lead', 'metadata', 'plan']`. */
  readonly path: readonly string[];
  readonly filters: readonly Filter[];
  /** null: this recipient has no value, and there is no fallback. */
  read(values: MergeValues): string | null;
  render(values: MergeValues, escapeValue: EscapeValue): string;
}

/** `{{#if path}}yes{{else}}no{{/if}}` */
export interface Choice {
  readonly test: Field;
  readonly yes: readonly Segment[];
  readonly no: readonly Segment[];
  render(values: MergeValues, escapeValue: EscapeValue): string;
}

export function makeChoice(test: Field, yes: readonly Segment[], no: readonly Segment[]): Choice {
  return {
    test,
    yes,
    no,
    render(values, escapeValue) {
      return renderSegments(branchFor(this, values), values, escapeValue);
    },
  };
}

export function isChoice(segment: Segment): segment is Choice {
  return typeof segment === 'object' && 'test' in segment;
}

/** What a table holds in place of "no". */
const NOT = /^(?:false|0)$/iu;

function branchFor({ test, yes, no }: Choice, values: MergeValues): readonly Segment[] {
  const value = test.read(values);
  return value === null || NOT.test(value.trim()) ? no : yes;
}

/** Renders with every value passed through `escapeValue`; fields without a value become nothing. */
export function renderMergeText(
  text: Pick<MergeText, 'segments'>,
  values: MergeValues,
  escapeValue: EscapeValue = String,
): string {
  return renderSegments(text.segments, values, escapeValue);
}

function renderSegments(segments: readonly Segment[], values: MergeValues, escapeValue: EscapeValue): string {
  let out = '';
  for (const segment of segments) {
    out += typeof segment === 'string' ? segment : segment.render(values, escapeValue);
  }
  return out;
}

/** The same segments with every literal changed, those within choices too. */
export function mapLiterals(segments: readonly Segment[], change: (literal: string) => string): Segment[] {
  return segments.map((segment) => {
    if (typeof segment === 'string') return change(segment);
    if (!isChoice(segment)) return segment;
    return makeChoice(segment.test, mapLiterals(segment.yes, change), mapLiterals(segment.no, change));
  });
}

/** Merge text taken apart: its text once, and each slot that it has once, however often it stands there. */
export interface MergeTextParts {
  /** A number: here stands the text of that slot. */
  readonly parts: readonly (string | number)[];
  readonly slots: readonly Slot[];
}

export function takeApart({ segments }: MergeText): MergeTextParts {
  const slots = new Map<string, { readonly at: number; readonly slot: Slot }>();
  const parts = segments.map((segment) => {
    if (typeof segment === 'string') return segment;
    const key = JSON.stringify(segment);
    const known = slots.get(key) ?? { at: slots.size, slot: segment };
    slots.set(key, known);
    return known.at;
  });
  return { parts, slots: [...slots.values()].map(({ slot }) => slot) };
}

/** Every field that could be shown or asked about, with those of fallbacks and choices. */
export function fieldPaths(segments: readonly Segment[]): (readonly string[])[] {
  return segments.flatMap((segment) => {
    if (typeof segment === 'string') return [];
    if (isChoice(segment)) return [...fieldPaths([segment.test, ...segment.yes, ...segment.no])];
    return [segment.path, ...segment.filters.flatMap(({ field }) => (field ? [field] : []))];
  });
}

/** The text itself, without what stands in its fields: both texts of a choice, a gap for each field. */
export function literalText(segments: readonly Segment[]): string {
  return segments
    .map((segment) => {
      if (typeof segment === 'string') return segment;
      return isChoice(segment) ? `${literalText(segment.yes)}\u0000${literalText(segment.no)}` : '\u0000';
    })
    .join('');
}

/** The fewest characters that anybody's text can have. */
export function fewestCharacters(segments: readonly Segment[], count: (literal: string) => number): number {
  let least = 0;
  for (const segment of segments) {
    if (typeof segment === 'string') least += count(segment);
    else if (isChoice(segment))
      least += Math.min(fewestCharacters(segment.yes, count), fewestCharacters(segment.no, count));
  }
  return least;
}

/** The fields that this recipient would be shown and has no value for, as written in paths (`lead.company`). */
export function unresolvedFields(text: MergeText, values: MergeValues): string[] {
  const missing: string[] = [];
  eachShownField(text.segments, values, (field, value) => {
    if (value === null && !isUnsubscribeUrl(field.path)) missing.push(field.path.join('.'));
  });
  return missing;
}

/** How many characters the values of one recipient bring into the message. */
export function lengthOfValues(text: MergeText, values: MergeValues): number {
  let length = 0;
  eachShownField(text.segments, values, (_, value) => {
    length += value?.length ?? 0;
  });
  return length;
}

function eachShownField(
  segments: readonly Segment[],
  values: MergeValues,
  see: (field: Field, value: string | null) => void,
): void {
  for (const segment of segments) {
    if (typeof segment === 'string') continue;
    if (isChoice(segment)) eachShownField(branchFor(segment, values), values, see);
    else see(segment, segment.read(values));
  }
}
