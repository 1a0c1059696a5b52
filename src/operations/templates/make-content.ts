import { makeBody, sourceOf } from '../../core/messages/make-template.ts';
import type { MergeText } from '../../core/messages/merge-text.ts';
import { parseMergeText } from '../../core/messages/parse-merge-text.ts';
import { OPT_OUT_PAYLOAD } from '../../core/messages/template-message.ts';
import { checkTemplate, MOST } from '../../core/templates/check-template.ts';
import {
  languageKey,
  type TemplateButton,
  type TemplateContent,
  type TemplateHeader,
} from '../../core/templates/template.ts';
import { TidingsError } from '../../errors.ts';
import type { Buttons, Header } from './template.schema.ts';

export interface Around {
  readonly header?: Header | undefined;
  readonly footer?: string | undefined;
  readonly buttons?: Buttons | undefined;
}

/** A template made of a message, with what stands in its slots. */
export interface MadeTemplate {
  readonly content: TemplateContent;
  readonly values: Readonly<Record<string, string>>;
  readonly filename?: string;
  readonly payloads: Readonly<Record<number, string>>;
  readonly changes: readonly string[];
  readonly faults: readonly string[];
}

/** What a button to leave says where nobody wrote it. */
const OPT_OUT: Readonly<Record<string, string>> = {
  en: 'Stop promotions',
  es: 'No recibir más',
  pt: 'Não receber mais',
  fr: 'Ne plus recevoir',
  de: 'Abmelden',
  it: 'Non ricevere più',
  nl: 'Afmelden',
  tr: 'Bildirimleri durdur',
  id: 'Berhenti',
};

/**
 * The words of a message, with a header, a footer and buttons around them.
 * @throws TidingsError `invalid_argument` where what stands around is not whole
 */
export function makeContent(text: MergeText, language: string, around: Around): MadeTemplate {
  const made = makeBody(text, language);
  const values: Record<string, string> = { ...made.values };
  const header = around.header ? makeHeader(around.header, values) : null;
  const payloads: Record<number, string> = {};
  const buttons = (around.buttons ?? []).map((button, at) =>
    makeButton(button, at, language, values, payloads),
  );
  const content: TemplateContent = {
    language,
    header,
    body: made.body,
    footer: around.footer?.trim() || null,
    buttons,
  };
  const { filename } = around.header ?? {};
  return {
    content,
    values,
    ...(filename !== undefined && { filename }),
    payloads,
    changes: made.changes,
    faults: checkTemplate('made', content),
  };
}

function makeHeader(given: Header, values: Record<string, string>): TemplateHeader {
  if (given.type === 'text') {
    const parts = parseMergeText(needed(given.text, 'header.text', 'its text'), 'header').segments;
    let slots = 0;
    const text = parts
      .map((part) => {
        if (typeof part === 'string') return part;
        slots += 1;
        values['header'] = sourceOf(part);
        return `{{${slots}}}`;
      })
      .join('');
    return { kind: 'text', text };
  }
  const isPlace = given.type === 'location';
  values['header'] = isPlace
    ? needed(given.location, 'header.location', '"latitude, longitude, name, address"')
    : needed(given.link, 'header.link', 'the https:// address of the file');
  return { kind: given.type };
}

function makeButton(
  given: Buttons[number],
  at: number,
  language: string,
  values: Record<string, string>,
  payloads: Record<number, string>,
): TemplateButton {
  const which = `buttons[${at}]`;
  switch (given.type) {
    case 'opt_out': {
      payloads[at] = OPT_OUT_PAYLOAD;
      const usual = OPT_OUT[languageKey(language).split('_')[0]!];
      return { kind: 'quick_reply', text: needed(given.text ?? usual, `${which}.text`, 'what it says') };
    }
    case 'quick_reply':
      return { kind: 'quick_reply', text: needed(given.text, `${which}.text`, 'what it says') };
    case 'phone':
      return {
        kind: 'phone',
        text: needed(given.text, `${which}.text`, 'what it says'),
        phone: needed(given.phone, `${which}.phone`, 'the number, as +15550051310'),
      };
    case 'copy_code': {
      const code = needed(given.code, `${which}.code`, `the code, up to ${MOST.code} characters`);
      values[`button.${at + 1}`] = code;
      return { kind: 'copy_code', code };
    }
    case 'url': {
      const parts = parseMergeText(needed(given.url, `${which}.url`, 'the address'), 'button').segments;
      let slots = 0;
      const url = parts
        .map((part) => {
          if (typeof part === 'string') return part;
          slots += 1;
          values[`button.${at + 1}`] = sourceOf(part);
          return `{{${slots}}}`;
        })
        .join('');
      return { kind: 'url', text: needed(given.text, `${which}.text`, 'what it says'), url };
    }
  }
}

function needed(value: string | undefined, name: string, what: string): string {
  if (value?.trim()) return value.trim();
  throw new TidingsError('invalid_argument', `template.${name} is missing.`, { fix: `Give ${what}.` });
}
