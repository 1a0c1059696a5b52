import type { MergeValues } from '../leads/lead.ts';
import {
  type Category,
  fillSlots,
  slotsOf,
  type TemplateButton,
  type TemplateContent,
  type TemplateHeader,
  type TemplateSlot,
} from '../templates/template.ts';
import { type MergeText, renderMergeText } from './merge-text.ts';
import { parseMergeText } from './parse-merge-text.ts';

/** By which template a send leaves, and what stands in its slots: all that is needed later, whatever becomes of others. */
export interface TemplateUse {
  readonly name: string;
  readonly content: TemplateContent;
  readonly category: Category;
  /** Made of the message; else somebody named it. */
  readonly isMade: boolean;
  /** By the key of each slot, as merge text. Of a header of media its address, or an id at the provider. */
  readonly values: Readonly<Record<string, string>>;
  /** Of a document: what its reader sees it called. */
  readonly filename?: string;
  /** What a tap on each quick reply tells us, by the place of the button from 0. */
  readonly payloads?: Readonly<Record<number, string>>;
}

/** A use that can be filled in for anybody. */
export interface TemplateMessage extends TemplateUse {
  readonly slots: readonly FilledSlot[];
}

export interface FilledSlot {
  readonly slot: TemplateSlot;
  readonly text: MergeText;
}

/** What a tap on our button to leave tells us. */
export const OPT_OUT_PAYLOAD = 'tidings:optout';

/** @throws TidingsError `invalid_template` where a value is no merge text */
export function parseTemplate(use: TemplateUse): TemplateMessage {
  return {
    ...use,
    slots: slotsOf(use.content).map((slot) => ({
      slot,
      text: parseMergeText(use.values[slot.key] ?? '', `value of ${slot.key}`),
    })),
  };
}

/** A value as it may stand in a template: on one line, without runs of spaces. Empty: there is none. */
export function fillSlot({ slot, text }: FilledSlot, values: MergeValues): string {
  const value = renderMergeText(text, values)
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return slot.takes === 'suffix' ? encodeSuffix(value) : value;
}

/** What is encoded already stays as it is. */
function encodeSuffix(value: string): string {
  return encodeURI(value.toWellFormed()).replace(/%25(?=[0-9a-f]{2})/giu, '%');
}

/** The keys of the slots that this recipient has nothing for. */
export function missingValues({ slots }: TemplateMessage, values: MergeValues): string[] {
  return slots.filter((one) => fillSlot(one, values) === '').map(({ slot }) => slot.key);
}

/** What its reader sees, part by part. A header of media and a button hold the address or the code that was filled in. */
export interface TemplateParts {
  readonly header: { readonly kind: TemplateHeader['kind']; readonly text: string } | null;
  readonly body: string;
  readonly footer: string | null;
  readonly buttons: readonly { readonly kind: TemplateButton['kind']; readonly text: string }[];
}

export function templateParts(message: TemplateMessage, values: MergeValues): TemplateParts {
  const { header, body, footer, buttons } = message.content;
  const filled = new Map(message.slots.map((one) => [one.slot.key, fillSlot(one, values)]));
  const top = filled.get('header') ?? '';
  return {
    header: header && {
      kind: header.kind,
      text: header.kind === 'text' || header.kind === 'address' ? fillSlots(header.text, () => top) : top,
    },
    body: fillSlots(body, (name) => filled.get(name) ?? ''),
    footer,
    buttons: buttons.map((button, at) => ({
      kind: button.kind,
      text: button.kind === 'copy_code' ? (filled.get(`button.${at + 1}`) ?? button.code) : button.text,
    })),
  };
}

/** As its reader sees it. */
export function templateText(message: TemplateMessage, values: MergeValues): string {
  const { header, body, footer } = templateParts(message, values);
  const head = header && (header.kind === 'text' ? header.text : `[${header.kind}]`);
  return [head, body, footer].filter((part) => part).join('\n\n');
}
