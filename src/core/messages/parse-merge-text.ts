import { TidingsError } from '../../errors.ts';
import { canonicalPath } from './field-values.ts';
import { exampleOf, FILTER_NAMES, type Filter, filtered, isUsable } from './filters.ts';
import { type Field, type MergeText, makeChoice, type Segment } from './merge-text.ts';

const PATH = /^[\p{L}_][\p{L}\p{N}_-]*(\.[\p{L}\p{N}_-]+)*$/u;
const FILTER = /^([a-z_]+)\s*(?::\s*(.*))?$/su;
const ARGUMENT = /\s*(?:"([^"]*)"|'([^']*)'|(\d{1,10}))\s*(?:,|$)/suy;
const CURLY = /[“”„‟‘’‚«»″]|&(?:quot|ldquo|rdquo|lsquo|rsquo|#8220|#8221);/u;
const IF = /^#if\s+(.*)$/su;
const MAX_FIELDS = 1_000;
const MAX_FILTERS = 10;
const MAX_PATH = 20;
/** Choices within each other. */
const MAX_DEPTH = 3;

/**
 * Parses merge syntax: `{{ path }}`, `{{ path | filter: "argument" | … }}` and `{{#if path}}…{{else}}…{{/if}}`.
 * @throws TidingsError `invalid_template`, with line and column of the broken place.
 */
export function parseMergeText(source: string, where = 'message'): MergeText {
  return new Parser(source, where).parse();
}

interface Open {
  readonly test: Field;
  readonly at: number;
  readonly yes: Segment[];
  no: Segment[] | null;
}

class Parser {
  readonly #source: string;
  readonly #where: string;
  readonly #segments: Segment[] = [];
  readonly #open: Open[] = [];
  #fieldCount = 0;

  constructor(source: string, where: string) {
    this.#source = source;
    this.#where = where;
  }

  parse(): MergeText {
    const source = this.#source;
    let from = 0;
    for (;;) {
      const open = nextOpening(source, from);
      if (open < 0) break;
      if (source[open + 1] === '%') {
        throw this.#broken(open, 'tags such as {% if %} are not supported; there is {{#if lead.company}}');
      }
      const close = closing(source, open + 2);
      if (close < 0) throw this.#broken(open, '"{{" is never closed by "}}"');
      const inside = source.slice(open + 2, close).trim();
      const isControl = /^[#/]|^else\b/u.test(inside);
      // A line that holds nothing but {{#if …}}, {{else}} or {{/if}} leaves no empty line behind.
      const line = isControl ? lineOf(source, open, close + 2, from) : null;
      this.#add(source.slice(from, line?.start ?? open));
      if (isControl) this.#control(inside, open);
      else this.#add(this.#field(inside, open));
      this.#fieldCount += 1;
      if (this.#fieldCount > MAX_FIELDS) throw this.#broken(open, `more than ${MAX_FIELDS} merge fields`);
      from = line?.end ?? close + 2;
    }
    this.#add(source.slice(from));
    const left = this.#open.at(-1);
    if (left) throw this.#broken(left.at, '{{#if}} is never closed by {{/if}}');
    return { source, segments: this.#segments, fieldCount: this.#fieldCount };
  }

  #add(segment: Segment): void {
    if (segment === '') return;
    const within = this.#open.at(-1);
    (within ? (within.no ?? within.yes) : this.#segments).push(segment);
  }

  #control(inside: string, at: number): void {
    const [, test] = IF.exec(inside) ?? [];
    const within = this.#open.at(-1);
    if (test !== undefined) {
      if (this.#open.length === MAX_DEPTH)
        throw this.#broken(at, `more than ${MAX_DEPTH} {{#if}} within each other`);
      this.#open.push({ test: this.#field(test, at), at, yes: [], no: null });
    } else if (inside === 'else') {
      if (!within) throw this.#broken(at, '{{else}} stands outside of {{#if}}');
      if (within.no) throw this.#broken(at, 'a second {{else}} of one {{#if}}');
      within.no = [];
    } else if (inside === '/if') {
      if (!within) throw this.#broken(at, '{{/if}} without {{#if}}');
      this.#open.pop();
      this.#add(makeChoice(within.test, within.yes, within.no ?? []));
    } else {
      const what = `"{{${inside.slice(0, 40)}}}" is not supported`;
      throw this.#broken(at, `${what}; there is {{#if lead.company}}…{{else}}…{{/if}}`);
    }
  }

  #field(inside: string, at: number): Field {
    const [head, ...rest] = splitPipes(inside);
    const name = head!.trim();
    if (!PATH.test(name)) {
      const what = name ? `"${name.slice(0, 80)}" is not a field name` : 'a merge field is empty';
      throw this.#broken(at, what);
    }
    if (rest.length > MAX_FILTERS) throw this.#broken(at, `more than ${MAX_FILTERS} filters`);
    const filters = rest.map((text) => this.#filter(text.trim(), at));
    return makeField(this.#path(name, at), filters);
  }

  #path(name: string, at: number): readonly string[] {
    const path = name.split('.');
    if (path.length > MAX_PATH) throw this.#broken(at, `a path of more than ${MAX_PATH} names`);
    return canonicalPath(path);
  }

  #filter(text: string, at: number): Filter {
    const [, name, given] = FILTER.exec(text) ?? [];
    if (CURLY.test(text)) {
      throw this.#broken(at, `"${text.slice(0, 80)}" has curly quotes; write straight quotes (")`);
    }
    if (name === undefined) throw this.#broken(at, `"${text.slice(0, 80)}" is not a filter`);
    if (!FILTER_NAMES.includes(name)) {
      throw this.#broken(at, `unknown filter "${name}"; there are ${FILTER_NAMES.join(', ')}`);
    }
    if (name === 'default') return this.#default(given?.trim() ?? '', at);
    const args = given === undefined ? [] : readArguments(given);
    const filter = args === null ? null : { name, args };
    if (filter === null || !isUsable(filter)) {
      throw this.#broken(at, `"${text.slice(0, 80)}" cannot be used; write it as in ${exampleOf(name)}`);
    }
    return filter;
  }

  #default(given: string, at: number): Filter {
    if (PATH.test(given)) return { name: 'default', args: [], field: this.#path(given, at) };
    const args = readArguments(given);
    if (args?.length === 1) return { name: 'default', args };
    const example = '{{lead.first_name | default: "there"}}';
    throw this.#broken(at, `the default filter needs a quoted text or a field, as in ${example}`);
  }

  #broken(at: number, what: string): TidingsError {
    const before = this.#source.slice(0, at).split('\n');
    const column = before.at(-1)!.length + 1;
    const shown = this.#source.slice(at, at + 40).split('\n')[0]!;
    return new TidingsError(
      'invalid_template',
      `The ${this.#where} has broken merge syntax at line ${before.length}, column ${column}: ${what} (near "${shown}").`,
      {
        fix: 'Merge fields look like {{lead.first_name}} or {{lead.first_name | default: "there"}}. Nothing was sent.',
      },
    );
  }
}

export function makeField(path: readonly string[], filters: readonly Filter[]): Field {
  const read = filtered(path, filters);
  return { path, filters, read, render: (values, escapeValue) => escapeValue(read(values) ?? '') };
}

/** One pass: to look for each kind by itself would read on to the end for every field. */
function nextOpening(source: string, from: number): number {
  const opening = /\{[{%]/g;
  opening.lastIndex = from;
  return opening.exec(source)?.index ?? -1;
}

/** The position of the `}}` that ends the field, skipping quoted arguments; -1 when there is none. */
function closing(source: string, from: number): number {
  let quote = '';
  for (let at = from; at < source.length - 1; at++) {
    const char = source[at]!;
    if (quote) {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '}' && source[at + 1] === '}') return at;
    else if (char === '{' && source[at + 1] === '{') return -1;
  }
  return -1;
}

/** Where the line begins and the next one does, when nothing else stands in it; nothing before `from` is taken. */
function lineOf(source: string, open: number, end: number, from: number) {
  let start = open;
  while (start > from && isBlank(source[start - 1])) start -= 1;
  if (start > 0 && source[start - 1] !== '\n') return null;
  let next = end;
  while (isBlank(source[next])) next += 1;
  if (source[next] === '\r') next += 1;
  return source[next] === '\n' ? { start, end: next + 1 } : null;
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t';
}

/** `"a", 2`; null: something else stands among them. */
function readArguments(given: string): string[] | null {
  const args: string[] = [];
  let at = 0;
  while (at < given.length) {
    ARGUMENT.lastIndex = at;
    const match = ARGUMENT.exec(given);
    if (!match) return null;
    args.push(match[1] ?? match[2] ?? match[3]!);
    at = ARGUMENT.lastIndex;
  }
  return args;
}

function splitPipes(text: string): string[] {
  const parts: string[] = [];
  let quote = '';
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quote) {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '|') {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
