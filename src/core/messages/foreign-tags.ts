import { literalText, type MergeText } from './merge-text.ts';

/** A merge tag of another tool, which would arrive as it stands. */
export interface ForeignTag {
  /** `*|FNAME|*` */
  readonly tag: string;
  /** `FNAME` */
  readonly name: string;
}

/** Names that people put into brackets of any kind to have them filled, in the languages of the field's tools. */
const FIELD_WORDS = new Set(
  (
    'name names first last full middle firstname lastname fullname fname lname mname givenname familyname surname nickname ' +
    'yourname customername clientname contactname leadname recipientname username email emailaddress mail phone phonenumber ' +
    'mobile mobilenumber company companyname organization organisation business businessname jobtitle position city country ' +
    'state zip zipcode postcode address birthday birthdate salutation greeting subscriber customer recipient contact lead ' +
    'unsubscribe unsubscribelink unsubscribeurl optout webversion viewinbrowser currentyear coupon couponcode discountcode ' +
    'nombre nombres apellido apellidos nombrecompleto correo telefono celular empresa ciudad pais cliente ' +
    'vorname nachname anrede firma telefon stadt prenom nom societe entreprise ville courriel ' +
    'cognome nomecognome azienda telefono citta nome sobrenome primeironome cidade insertname insertfirstname voornaam achternaam ' +
    'имя фамилия отчество 姓名 名字 名前 お名前 氏名 이름 الاسم'
  )
    .split(' ')
    .map(plainWord),
);

/** What a name may look like: it begins with a letter, and is short. */
const NAME = String.raw`\p{L}[\p{L}\p{N}_.:-]{0,60}`;
const WORDS = String.raw`\p{L}[\p{L}\p{N}_.:' -]{0,60}`;
const fallback = String.raw`(?:\s?[|,:][^\n\0{}\[\]]{0,60})?`;

type Judge = (name: string, match: RegExpExecArray, text: string) => boolean;

const always: Judge = () => true;

interface Kind {
  readonly tag: RegExp;
  readonly isTag: Judge;
}

const kind = (source: string, isTag: Judge = always): Kind => ({ tag: new RegExp(source, 'gu'), isTag });

/** Each is tried over the whole text; none has two ways to read one sign, so that each reads it once. */
const KINDS: readonly Kind[] = [
  kind(String.raw`\*\|([^|\n\0]{1,80})\|\*`),
  kind(String.raw`\{\s+\{+\s*([^{}\n\0]{1,80}?)\s*\}\s*\}`),
  kind(String.raw`[$#@]\{\s*(${WORDS}?)\s*\}`),
  kind(String.raw`\{[!$@%#]\s*(${NAME})${fallback}\s*%?\}`),
  kind(String.raw`\{(${NAME})(?:\|[^{}\n\0]{0,60})?\}`, (name, { 0: tag, index }, text) => {
    const isOurs = text[index - 1] === '{' || '$#@'.includes(text[index - 1] ?? ' ');
    return !isOurs && (name.length > 1 || tag.includes('|'));
  }),
  kind(
    String.raw`\{\s?(${WORDS}?)\s?\}`,
    (name, { index }, text) => isFieldWord(name) && text[index - 1] !== '{',
  ),
  kind(String.raw`\{(${NAME}=${NAME})(?:[|][^{}\n\0]{0,60})?\}`),
  kind(String.raw`\{(\d)\}`),
  kind(String.raw`\[\[\s*(${WORDS}?)\s*\]\]`),
  kind(String.raw`\[[%@]\s*(${NAME})${fallback}\s*%?\]`),
  kind(String.raw`\[(${NAME}:${NAME})${fallback}\]`, (name) =>
    /^(?:subscriber|contact|user|customer|lead|link|date|custom)/iu.test(name),
  ),
  kind(String.raw`\[\s?(${WORDS}?)\s?${fallback}\]`, (name, { 0: tag, index }, text) => {
    // `[Name](https://…)` is a link as some people write it.
    return text[index + tag.length] !== '(' && (isFieldWord(name) || isShouted(name));
  }),
  kind(String.raw`<<\s?(${WORDS}?)\s?>>`, isCodeName),
  kind(String.raw`&lt;&lt;\s?(${WORDS}?)\s?&gt;&gt;`, isCodeName),
  kind(String.raw`[«‹]\s?(${WORDS}?)\s?[»›]`, isCodeName),
  kind(String.raw`<%[=-]?\s*([^%<>\n\0]{1,80}?)\s*-?%>`),
  kind(`%%=([^%\n\0]{1,80})=%%`),
  kind(`%{1,2}(${NAME})%{1,2}`, isPercentTag),
  kind(`%(${NAME})[|][^%\n\0]{0,60}%`, (name) => isFieldWord(name) || isShouted(name)),
  // As programs write where a value goes; `5 %s` is no such place.
  kind(String.raw`(?<![\p{N}%]\s?)%(s)(?![\p{L}\p{N}%])`),
  kind(`%{1,2}(${WORDS})%{1,2}`, (name) => isFieldWord(name)),
  kind(
    `##?(${NAME})##?`,
    (name, { 0: tag }) => tag.startsWith('##') && tag.endsWith('##') && name.length > 1,
  ),
  kind(`#(${NAME})#`, (name) => isFieldWord(name)),
  kind(`~(${NAME})~`, (name) => name.includes('.')),
  kind(
    `@@?(${NAME})@@?`,
    (name, { 0: tag }) => tag.startsWith('@@') && tag.endsWith('@@') && name.length > 1,
  ),
  kind(`@(${NAME})@`, (name) => isFieldWord(name)),
  kind(String.raw`\$(${NAME})\$`, (name) => isFieldWord(name)),
  kind(
    String.raw`\$(${NAME})`,
    (name) => isShouted(name) || (isFieldWord(name) && name === name.toUpperCase()),
  ),
  kind(String.raw`\|\|\s?(${WORDS}?)\s?\|\|`, (name) => isFieldWord(name)),
  kind(
    String.raw`(?<![\p{L}\p{N}_-])-(${NAME.replace('-', '')})-(?![\p{L}\p{N}_-])`,
    (name) => isShouted(name) || (isFieldWord(name) && name.includes('_')),
  ),
  // <address> and <mark> are HTML; what browsers do not know they leave out.
  kind(String.raw`<\s?(${WORDS}?)\s?>`, (name) => isFieldWord(name) && plainWord(name) !== 'address'),
  kind(
    String.raw`(?<![\p{L}\p{N}_])__(${NAME}?)__(?![\p{L}\p{N}_])`,
    (name) => isFieldWord(name) || isShouted(name),
  ),
];

function plainWord(name: string): string {
  return name
    .normalize('NFD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase();
}

function isFieldWord(name: string): boolean {
  return FIELD_WORDS.has(plainWord(name));
}

/** `FIRST_NAME`, `ORDER_ID`: nobody writes so but to machines. */
function isShouted(name: string): boolean {
  return /^\p{Lu}[\p{Lu}\p{N}]*(?:_[\p{Lu}\p{N}]+)+$/u.test(name);
}

/** Quotation marks of some languages look like that: a plain word between them is quoted. */
function isCodeName(name: string): boolean {
  return isFieldWord(name) || isShouted(name) || /^\p{L}+(?:[_.]\p{L}+)+$/u.test(name);
}

/** `%20Ana%20` is an address, `50%off%` a price; `100%natural` has one sign only. */
function isPercentTag(name: string, { 0: tag, index }: RegExpExecArray, text: string): boolean {
  if (/[\p{N}%]/u.test(text[index - 1] ?? ' ')) return false;
  if (/^[0-9a-f]{2}/iu.test(name) && isInAddress(text, index)) return false;
  return name.length > 2 || tag.startsWith('%%');
}

function isInAddress(text: string, index: number): boolean {
  const before = text.slice(Math.max(0, index - 500), index);
  return /[/?=&][^\s"'<>]*$/u.test(before.slice(before.search(/[^\s"'<>]*$/u)));
}

/** Where HTML begins to say something to machines, and where that ends: styles and scripts are full of braces. */
const FOR_MACHINES = /<(style|script|head|svg|pre|code)(?=[\s>])|<!--|<!\[|\sstyle\s?=\s?(["'])/giu;

/** Each end is looked for from its beginning on, and never again once there is none: the whole is read twice at most. */
function forPeople(html: string): string {
  const lower = html.toLowerCase();
  const endless = new Set<string>();
  let kept = '';
  let from = 0;
  for (const match of html.matchAll(FOR_MACHINES)) {
    const { 0: start, 1: element, 2: quote, index } = match;
    if (index < from) continue;
    const end = element ? `</${element.toLowerCase()}` : (quote ?? (start === '<!--' ? '-->' : ']>'));
    if (endless.has(end)) continue;
    const at = lower.indexOf(end, index + start.length);
    if (at < 0) {
      endless.add(end);
      continue;
    }
    kept += `${html.slice(from, index)} `;
    from = at + end.length;
  }
  return kept + html.slice(from);
}

const MOST = 10;

/** Tags of other tools in a text, each once, in the order of their kinds; few are enough to be told. */
export function foreignTags(text: MergeText, format: 'text' | 'html'): ForeignTag[] {
  const whole = literalText(text.segments);
  const read = format === 'html' ? forPeople(whole) : whole;
  const found = new Map<string, ForeignTag>();
  let rest = read;
  for (const { tag, isTag } of KINDS) {
    rest = rest.replaceAll(tag, (all: string, name: string, index: number) => {
      const match = Object.assign([all, name], { index }) as unknown as RegExpExecArray;
      if (!isTag(name.trim(), match, rest)) return all;
      if (found.size < MOST) found.set(all, { tag: all, name: name.trim() });
      // Known by now: `{ {lead.name} }` is not told again as `{lead.name}`.
      return ' ';
    });
  }
  return [...found.values()];
}
