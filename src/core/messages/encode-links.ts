import { linkFilter } from './filters.ts';
import { isChoice, type MergeText, makeChoice, type Segment } from './merge-text.ts';
import { makeField } from './parse-merge-text.ts';

/** Attributes that hold an address. */
const ADDRESSES = new Set(['href', 'src', 'action', 'background', 'poster']);
const ATTRIBUTE = /\s*([^\s=>"']+)(?:\s*=\s*(?:"([^"]*)("|$)|'([^']*)('|$)|([^\s>"']*)))?/y;
/** A tag or an address longer than this is none that anybody wrote. */
const LONGEST = 8_000;
/** Where a field stands. */
const FIELD = '\u0000';

/**
 * Values that become part of a link are encoded by themselves, so that `ana+tag@example.com` and `Ana & Co` arrive at the
 * shop as they are. A link that is a value as a whole is left alone, and so is whoever encodes with `url_encode`.
 */
export function encodeLinks(text: MergeText, format: 'text' | 'html'): MergeText {
  if (text.fieldCount === 0) return text;
  return { ...text, segments: walk(text.segments, '', format).segments };
}

/** @param before what was written since the last tag (in plain text: since the last space) began */
function walk(
  segments: readonly Segment[],
  before: string,
  format: 'text' | 'html',
): { segments: Segment[]; before: string } {
  const encoded: Segment[] = [];
  let since = before;
  for (const segment of segments) {
    if (typeof segment === 'string') {
      since = follow(since, segment, format);
      encoded.push(segment);
    } else if (isChoice(segment)) {
      const yes = walk(segment.yes, since, format);
      encoded.push(makeChoice(segment.test, yes.segments, walk(segment.no, since, format).segments));
      since = yes.before;
    } else {
      const place = placeOf(format === 'html' ? addressIn(since) : since, format);
      const isDone = segment.filters.some(({ name }) => name === 'url_encode');
      encoded.push(
        place === null || isDone ? segment : makeField(segment.path, [...segment.filters, linkFilter(place)]),
      );
      since += FIELD;
    }
  }
  return { segments: encoded, before: since };
}

function follow(since: string, literal: string, format: 'text' | 'html'): string {
  const start = format === 'html' ? literal.lastIndexOf('<') : lastBreak(literal);
  const now = start < 0 ? since + literal : literal.slice(format === 'html' ? start : start + 1);
  return now.length > LONGEST ? '' : now;
}

/** Behind which a link may begin; by hand, since an expression tried at every place reads on from each. */
function lastBreak(literal: string): number {
  let at = literal.length - 1;
  while (at >= 0 && !/[\s<>"'()]/u.test(literal[at]!)) at -= 1;
  return at;
}

/** What was written of the address in whose attribute `tag` ends; null: it ends in none. */
function addressIn(tag: string): string | null {
  const name = /^<[a-z][a-z0-9]*(?=\s)/iu.exec(tag);
  if (!name) return null;
  let at = name[0].length;
  for (;;) {
    ATTRIBUTE.lastIndex = at;
    const match = ATTRIBUTE.exec(tag);
    if (!match) return null;
    at = ATTRIBUTE.lastIndex;
    if (at < tag.length) continue;
    const [, attribute, double, doubleEnd, single, singleEnd, bare] = match;
    const value = double ?? single ?? bare;
    const isOpen = (doubleEnd ?? singleEnd ?? '') === '';
    return value !== undefined && isOpen && ADDRESSES.has(attribute!.toLowerCase()) ? value : null;
  }
}

function placeOf(address: string | null, format: 'text' | 'html'): 'query' | 'path' | null {
  if (address === null || address === '') return null;
  if (format === 'text' && !/^https?:\/\//iu.test(address)) return null;
  if (/[?#]/u.test(address)) return 'query';
  if (format === 'text') return null;
  // Of `https://{{…}}` the value may be the host; of `mailto:` an address keeps its @.
  return /^(?:https?:\/\/[^/]+\/|mailto:|\/[^/])/iu.test(address) ? 'path' : null;
}
