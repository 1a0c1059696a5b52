import { checkBody, hasNoWord } from '../templates/check-template.ts';
import { languageKey } from '../templates/template.ts';
import { type Field, isChoice, type MergeText, type Segment } from './merge-text.ts';

/** The words of a message as a template: each merge field a numbered slot. */
export interface MadeBody {
  readonly body: string;
  /** By the number of its slot, from 1: what stands there, as it was written. */
  readonly values: Readonly<Record<string, string>>;
  /** What was changed so that it can be taken; sentences. Empty: it says what the message says. */
  readonly changes: readonly string[];
  /** Why it cannot be taken all the same. */
  readonly faults: readonly string[];
}

interface Phrases {
  /** Before a name that begins a message. */
  readonly greeting: string;
  /** Behind a value that would end it. */
  readonly closing: string;
}

/** What is safe to add to anybody's message; in other languages a person writes it. */
const PHRASES: Readonly<Record<string, Phrases>> = {
  en: { greeting: 'Hi', closing: 'Thank you.' },
  es: { greeting: 'Hola', closing: 'Gracias.' },
  pt: { greeting: 'Olá', closing: 'Obrigado pela atenção.' },
  fr: { greeting: 'Bonjour', closing: 'Merci.' },
  de: { greeting: 'Hallo', closing: 'Vielen Dank.' },
  it: { greeting: 'Ciao', closing: 'Grazie.' },
  nl: { greeting: 'Hallo', closing: 'Bedankt.' },
  tr: { greeting: 'Merhaba', closing: 'Teşekkürler.' },
  id: { greeting: 'Halo', closing: 'Terima kasih.' },
  pl: { greeting: 'Dzień dobry', closing: 'Dziękujemy.' },
  ru: { greeting: 'Здравствуйте', closing: 'Спасибо.' },
  ar: { greeting: 'مرحبا', closing: 'شكرا لكم.' },
};

/** A piece of text, or a slot with what stands there. */
type Piece = string | { readonly source: string; readonly isName: boolean };

/**
 * Makes a body of a message, by the rules of those who review it: nobody reads a variable first, last, or beside another.
 * What is broken by that is put right where the words for it are safe, and said.
 */
export function makeBody(text: MergeText, language: string): MadeBody {
  const changes: string[] = [];
  const phrases = PHRASES[languageKey(language).split('_')[0]!];
  let pieces = withinSpaces(joinNeighbours(text.segments.map(toPiece), changes));
  if (typeof pieces[0] === 'string' && hasNoWord(pieces[0]) && isSlot(pieces[1]) && phrases) {
    pieces = greet(pieces[0], pieces.slice(1), phrases.greeting);
    changes.push(`"${phrases.greeting}" was put before the value that it begins with.`);
  } else if (isSlot(pieces[0]) && phrases) {
    pieces = greet('', pieces, phrases.greeting);
    changes.push(`"${phrases.greeting}" was put before the value that it begins with.`);
  }
  const last = pieces.at(-1);
  if (phrases && (isSlot(last) || (typeof last === 'string' && hasNoWord(last) && pieces.length > 1))) {
    const end = typeof last === 'string' ? last.trimEnd() : '';
    const mark = /[.!?…。！？:;)]$/u.test(end) ? '' : '.';
    pieces = [...(isSlot(last) ? pieces : pieces.slice(0, -1)), `${end}${mark} ${phrases.closing}`];
    changes.push(`"${phrases.closing}" was put behind the value that it ends with.`);
  }
  const values: Record<string, string> = {};
  let slot = 0;
  const body = pieces
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      slot += 1;
      values[slot] = piece.source;
      return `{{${slot}}}`;
    })
    .join('')
    .trim();
  return { body, values, changes, faults: checkBody(body) };
}

function isSlot(piece: Piece | undefined): piece is Exclude<Piece, string> {
  return typeof piece === 'object';
}

function toPiece(segment: Segment): Piece {
  if (typeof segment === 'string') return segment.replaceAll('\r\n', '\n');
  return { source: sourceOf(segment), isName: !isChoice(segment) && isNameField(segment) };
}

function isNameField({ path }: Field): boolean {
  return path[0] === 'lead' && /name$/.test(path[1] ?? '');
}

/** As it would be written: what is parsed again says the same. */
export function sourceOf(segment: Segment): string {
  if (typeof segment === 'string') return segment;
  if (isChoice(segment)) {
    const [yes, no] = [segment.yes, segment.no].map((one) => one.map(sourceOf).join(''));
    const test = fieldSource(segment.test);
    return `{{#if ${test}}}${yes}${no === '' ? '' : `{{else}}${no}`}{{/if}}`;
  }
  return `{{${fieldSource(segment)}}}`;
}

function fieldSource({ path, filters }: Field): string {
  const written = filters
    // What is put into a link is encoded by itself again.
    .filter(({ name }) => name !== 'url_path')
    .map(({ name, args, field }) => {
      const given = field ? [field.join('.')] : args.map(quoted);
      return ` | ${name}${given.length > 0 ? `: ${given.join(', ')}` : ''}`;
    });
  return path.join('.') + written.join('');
}

function quoted(arg: string): string {
  if (/^\d+$/.test(arg)) return arg;
  return arg.includes('"') ? `'${arg}'` : `"${arg}"`;
}

/** Values with nothing but a space between them are one: "Ann" and "Lee" are a name. */
function joinNeighbours(pieces: readonly Piece[], changes: string[]): Piece[] {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const before = joined.at(-1);
    const slot = isSlot(before) ? before : joined.at(-2);
    const between = isSlot(before) ? '' : (before as string | undefined);
    if (isSlot(piece) && isSlot(slot) && between !== undefined && /^[ \t]*$/.test(between)) {
      if (!isSlot(before)) joined.pop();
      joined.pop();
      joined.push({ source: `${slot.source}${between}${piece.source}`, isName: slot.isName });
      const note = 'Values that stood side by side became one.';
      if (!changes.includes(note)) changes.push(note);
    } else if (piece !== '') joined.push(piece);
  }
  return joined;
}

/** Spaces at both ends of the whole are nobody's. */
function withinSpaces(pieces: readonly Piece[]): Piece[] {
  const trimmed = [...pieces];
  if (typeof trimmed[0] === 'string') trimmed[0] = trimmed[0].trimStart();
  const last = trimmed.at(-1);
  if (typeof last === 'string') trimmed[trimmed.length - 1] = last.trimEnd();
  return trimmed.filter((piece) => piece !== '');
}

function greet(signs: string, pieces: readonly Piece[], greeting: string): Piece[] {
  const [first, ...others] = pieces;
  const isName = isSlot(first) && first.isName;
  return [`${signs}${greeting}${isName ? ' ' : ', '}`, first!, ...others];
}
