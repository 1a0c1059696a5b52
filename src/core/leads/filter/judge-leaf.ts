import { countryOfPhone } from '../numbering-plan.ts';
import { foldText } from './fold-text.ts';
import type { Leaf, OrderTest, TextTest } from './node.ts';
import { placeInSample } from './sample.ts';
import { numberOf, timeOf } from './typed-values.ts';

/** What {@link leafSql} leaves open. @param texts what {@link judgedTexts} names, of one lead */
export function judgeLeaf(leaf: Leaf, texts: readonly (string | null)[]): boolean {
  const [text = null] = texts;
  switch (leaf.kind) {
    case 'text':
      return texts.some((one) => testsText(one, leaf.test, leaf.values));
    case 'tag':
      return (JSON.parse(text ?? '[]') as string[]).some((tag) => testsText(tag, leaf.test, leaf.values));
    case 'metadata': {
      const found = valuesAt(JSON.parse(text ?? '{}'), leaf.key);
      return found.some((value) => testsValue(value, leaf));
    }
    case 'country':
      return leaf.countries.includes(countryOfPhone(text ?? '') ?? '');
    case 'sample':
      return placeInSample(text!, leaf.seed) <= leaf.through;
    default:
      throw new Error(`The database tells ${leaf.kind}.`);
  }
}

function testsText(text: string | null, test: TextTest, wanted: readonly unknown[]): boolean {
  if (text === null) return false;
  const folded = foldText(text);
  return wanted.some((value) => {
    if (typeof value !== 'string') return false;
    if (test === 'is') return folded === value;
    return test === 'contains' ? folded.includes(value) : folded.startsWith(value);
  });
}

/** Keys are known without case and accents; several may be one then, and a list has several values. */
function valuesAt(value: unknown, key: string): unknown[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const folded = foldText(name);
    if (folded === key) return Array.isArray(inner) ? inner : [inner];
    return key.startsWith(`${folded}.`) ? valuesAt(inner, key.slice(folded.length + 1)) : [];
  });
}

function testsValue(value: unknown, { test, values }: Leaf & { kind: 'metadata' }): boolean {
  if (value === null || value === '') return false;
  if (test === 'exists') return true;
  if (typeof value === 'object') return false;
  if (test === 'is') return values.some((wanted) => isSame(value, wanted));
  if (test === 'contains' || test === 'starts_with') return testsText(String(value), test, values);
  return values.some((wanted) => isInOrder(value, test, wanted));
}

function isSame(value: unknown, wanted: string | number | boolean): boolean {
  if (typeof wanted === 'number') return numberOf(value) === wanted;
  if (typeof wanted === 'boolean') return value === wanted || foldText(String(value)) === String(wanted);
  return foldText(String(value)) === wanted;
}

function isInOrder(value: unknown, test: OrderTest, wanted: string | number | boolean): boolean {
  const [left, right] =
    typeof wanted === 'number' ? [numberOf(value), wanted] : [timeOf(value), timeOf(wanted)];
  if (left === null || right === null) return false;
  if (test === 'before') return left < right;
  if (test === 'after') return left > right;
  return test === 'at_least' ? left >= right : left <= right;
}
