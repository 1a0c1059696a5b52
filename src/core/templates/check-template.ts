import { slotNames, type TemplateButton, type TemplateContent } from './template.ts';

/** The rules by which WhatsApp takes a template in (whatsapp.md of Meta's pages, "Message templates", 2026). */
export const MOST = {
  name: 512,
  body: 1_024,
  header: 60,
  footer: 60,
  buttons: 10,
  quickReplies: 10,
  urls: 2,
  phones: 1,
  codes: 1,
  buttonText: 25,
  url: 2_000,
  phone: 20,
  code: 15,
  emojis: 10,
} as const;

/** Advisory: a provider adds languages, so one that is not here is a doubt and not a fault. */
const LANGUAGES = new Set(
  (
    'af sq ar ar_AE ar_EG ar_LB ar_MA ar_QA ar_SA az be_BY bn bn_IN bg ca zh_CN zh_HK zh_TW hr cs da prs_AF nl nl_BE en ' +
    'en_AE en_AU en_CA en_GB en_GH en_IE en_IN en_US et fil fi fr fr_BE fr_CA ka de el gu ha he hi hu id ga it ja kn kk ' +
    'rw_RW ko ky_KG lo lv lt mk ms ml mr nb fa pl pt_BR pt_PT pa ro ru sr sk sl es es_AR es_CL es_CO es_ES es_MX es_PE ' +
    'es_VE sw sv ta te th tr uk ur uz vi zu'
  ).split(' '),
);

/** As providers write it, whatever case and dash it was given in; null: it is of no form that a language has. */
export function canonicalLanguage(given: string): string | null {
  const [, language, region] = /^([a-z]{2,3})(?:[-_]([a-z]{2}))?$/i.exec(given.trim()) ?? [];
  if (!language) return null;
  return region ? `${language.toLowerCase()}_${region.toUpperCase()}` : language.toLowerCase();
}

export function isKnownLanguage(language: string): boolean {
  return LANGUAGES.has(language);
}

/** As people count: an emoji is one. */
export function characters(text: string): number {
  return [...text].length;
}

/** Words that stand in the text itself: punctuation is none, and neither is a slot. */
export function fixedWords(text: string): number {
  return (
    text.replaceAll(/\{\{\s*\w+\s*\}\}/gu, ' ').match(/[\p{L}\p{N}]+(?:['’.-][\p{L}\p{N}]+)*/gu)?.length ?? 0
  );
}

/** Whether nothing but signs and spaces stands there. */
export function hasNoWord(text: string): boolean {
  return !/[\p{L}\p{N}]/u.test(text);
}

/** A fault with what to do about it, one sentence each; empty: it may be submitted. */
export function checkTemplate(name: string, content: TemplateContent): string[] {
  return [
    ...checkName(name),
    ...checkBody(content.body),
    ...checkHeader(content),
    ...checkFooter(content.footer),
    ...checkButtons(content.buttons),
  ];
}

function checkName(name: string): string[] {
  if (/^[a-z0-9_]{1,512}$/.test(name)) return [];
  return [`The name "${name}" may hold small letters, digits and _ only, ${MOST.name} at most.`];
}

export function checkBody(body: string): string[] {
  const faults: string[] = [];
  if (body.trim() === '') return ['The body is empty.'];
  const length = characters(body);
  if (length > MOST.body)
    faults.push(
      `The text has ${length} characters and a template holds ${MOST.body}: shorten it by ${length - MOST.body}.`,
    );
  faults.push(...checkSlots(body));
  const pieces = body.split(/\{\{\s*\w+\s*\}\}/u);
  if (pieces.length > 1) {
    if (hasNoWord(pieces[0]!)) faults.push('It begins with a variable: put a word before it.');
    if (hasNoWord(pieces.at(-1)!)) faults.push('It ends with a variable: put a word behind it.');
    if (pieces.slice(1, -1).some((piece) => piece.trim() === ''))
      faults.push('Two variables stand side by side: put a word between them.');
    const variables = pieces.length - 1;
    const [words, needed] = [fixedWords(body), 2 * variables + 1];
    if (words < needed)
      faults.push(
        `${variables} variable${variables === 1 ? ' needs' : 's need'} ${needed} words of fixed text around them, and there ${words === 1 ? 'is' : 'are'} ${words}: write more, or use fewer variables.`,
      );
  }
  const emojis = body.match(/\p{Extended_Pictographic}/gu)?.length ?? 0;
  if (emojis > MOST.emojis)
    faults.push(`It has ${emojis} emojis and a template holds ${MOST.emojis}: take some out.`);
  return faults;
}

/** Numbers from 1 with none left out, or names, and no mixture of both. */
function checkSlots(text: string): string[] {
  const names = slotNames(text);
  const numbers = names.filter((name) => /^\d+$/.test(name));
  if (numbers.length > 0 && numbers.length < names.length)
    return ['It has numbered variables beside named ones: use one kind.'];
  if (numbers.length > 0) {
    const known = new Set(numbers.map(Number));
    const missing = Array.from({ length: Math.max(...known) }, (_, at) => at + 1).find(
      (one) => !known.has(one),
    );
    return missing === undefined ? [] : [`Variables are numbered from 1 on, and {{${missing}}} is missing.`];
  }
  const wrong = names.find((name) => !/^[a-z_]+$/.test(name));
  if (wrong !== undefined) return [`{{${wrong}}} may hold small letters and _ only.`];
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  return twice === undefined
    ? []
    : [`{{${twice}}} stands there twice: give each variable a name of its own.`];
}

function checkHeader({ header }: TemplateContent): string[] {
  if (header?.kind !== 'text') return [];
  const faults: string[] = [];
  if (header.text.trim() === '') faults.push('The header is empty: leave it out.');
  if (characters(header.text) > MOST.header)
    faults.push(`The header has ${characters(header.text)} characters, and holds ${MOST.header}.`);
  if (slotNames(header.text).length > 1) faults.push('The header holds one variable at most.');
  if (/[\n\r]/u.test(header.text)) faults.push('The header has a line break.');
  if (/[*~`]|(?:^|\W)_\S.*_(?:\W|$)/u.test(header.text))
    faults.push('The header takes no formatting (* _ ~ `).');
  return faults;
}

function checkFooter(footer: string | null): string[] {
  if (footer === null) return [];
  const faults: string[] = [];
  if (footer.trim() === '') faults.push('The footer is empty: leave it out.');
  if (characters(footer) > MOST.footer)
    faults.push(`The footer has ${characters(footer)} characters, and holds ${MOST.footer}.`);
  if (slotNames(footer).length > 0 || footer.includes('{{')) faults.push('The footer holds no variable.');
  return faults;
}

function checkButtons(buttons: readonly TemplateButton[]): string[] {
  const faults: string[] = [];
  const count = (kind: TemplateButton['kind']) => buttons.filter((button) => button.kind === kind).length;
  const tooMany = (what: string, has: number, most: number) => {
    if (has > most) faults.push(`It has ${has} ${what} and holds ${most}.`);
  };
  tooMany('buttons', buttons.length, MOST.buttons);
  tooMany('buttons with a link', count('url'), MOST.urls);
  tooMany('buttons that call', count('phone'), MOST.phones);
  tooMany('buttons with a code', count('copy_code'), MOST.codes);
  buttons.forEach((button, at) => {
    const which = `Button ${at + 1}`;
    if (button.kind === 'other') faults.push(`${which} is of a kind that can be used, but not be made here.`);
    if (button.kind === 'copy_code') {
      if (!/^\S{1,15}$/u.test(button.code)) faults.push(`${which}: a code has 1 to ${MOST.code} characters.`);
      return;
    }
    if (button.text.trim() === '' || characters(button.text) > MOST.buttonText)
      faults.push(`${which}: its text has 1 to ${MOST.buttonText} characters, without a variable.`);
    if (button.kind === 'url') faults.push(...checkUrl(which, button.url));
    if (button.kind === 'phone' && !/^\+?\d{5,19}$/.test(button.phone))
      faults.push(`${which}: a number is written like +15550051310.`);
  });
  // A quick reply between others is refused: they stand together.
  const groups = buttons.filter(
    ({ kind }, at) => kind === 'quick_reply' && buttons[at - 1]?.kind !== 'quick_reply',
  );
  if (groups.length > 1)
    faults.push('Quick replies stand together: put the other buttons before or behind all of them.');
  return faults;
}

function checkUrl(which: string, url: string): string[] {
  const names = slotNames(url);
  const filled = url.replace(/\{\{\s*\w+\s*\}\}/u, 'x');
  if (url.length > MOST.url) return [`${which}: its address is longer than ${MOST.url} characters.`];
  if (!/^https?:\/\//i.test(url) || !URL.canParse(filled) || filled.includes('{{'))
    return [`${which}: "${url.slice(0, 80)}" is no web address with one variable at most.`];
  return names.length === 1 && !/\{\{\s*\w+\s*\}\}$/u.test(url)
    ? [`${which}: the variable of an address stands at its end.`]
    : [];
}
