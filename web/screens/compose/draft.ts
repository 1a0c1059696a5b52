import type { Input, Output } from '../../api/catalogue.ts';
import { listKept, readKept } from '../../api/kept.ts';

/** A message as its form has it: every field a text, empty where nothing was written. */
export interface Draft {
  readonly audience_id: string;
  readonly channel: 'email' | 'whatsapp';
  readonly subject: string;
  readonly preheader: string;
  readonly from: string;
  readonly message: string;
  readonly campaign: string;
  /** WhatsApp: the name of a template and its language; empty: one is made of the message. */
  readonly template: string;
  readonly language: string;
  /** Slot → merge text. */
  readonly values: Readonly<Record<string, string>>;
}

export const EMPTY: Draft = {
  ...{ audience_id: '', channel: 'email', subject: '', preheader: '', from: '' },
  ...{ message: '', campaign: '', template: '', language: '', values: {} },
};

type Content = Output<'drafts.get'>['content'];

export function fromContent(content: Content): Draft {
  const { template, template_values, ...texts } = content;
  const known = Object.fromEntries(
    Object.entries(texts).filter(([name, value]) => name in EMPTY && typeof value === 'string'),
  );
  return {
    ...EMPTY,
    ...(known as Partial<Draft>),
    ...(template?.name !== undefined && { template: template.name }),
    language: texts.language ?? template?.language ?? '',
    values: template_values ?? {},
  };
}

/** What is kept of it. What the form does not show, an assistant may have put there: it stays. */
export function toContent(draft: Draft, before: Content): Content {
  const { template, values, ...texts } = draft;
  const written = Object.entries(texts).filter(([, value]) => value !== '');
  const other = Object.entries(before).filter(
    ([name]) => !(name in EMPTY) && (name !== 'template_values' || template !== ''),
  );
  return {
    ...Object.fromEntries(other),
    ...(Object.fromEntries(written) as Content),
    ...(template !== '' && { template: { name: template }, template_values: values }),
    ...(template === '' &&
      before.template &&
      before.template.name === undefined && { template: before.template }),
  };
}

/** The call that sends it, without what says how. */
export function toInput(draft: Draft, before: Content, isSandbox: boolean): Input<'sendBulkMessages'> {
  const { audience_id: _, channel: __, message: ___, sender, ...rest } = toContent(draft, before);
  const { subject, preheader, from, tracking, template, template_values, language, category, ...both } = rest;
  const own =
    draft.channel === 'email'
      ? { subject, preheader, from, tracking }
      : { template, template_values, language, category };
  const given = Object.entries({ ...both, ...own }).filter(([, value]) => value !== undefined);
  return {
    ...{ audience_id: draft.audience_id, channel: draft.channel, message: draft.message },
    ...Object.fromEntries(given),
    ...(isSandbox ? { sender: 'sandbox' } : sender !== undefined && { sender }),
  };
}

export function isSame(one: Draft, other: Draft): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

/** By name: an object of a server has its own order. */
function sorted(draft: Draft): unknown {
  const values = Object.entries(draft.values).filter(([, value]) => value !== '');
  const fields = Object.entries({ ...draft, values: values.toSorted(([a], [b]) => (a < b ? -1 : 1)) });
  return fields.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** What this browser keeps of a draft: all of it until the server has it. */
export interface Local {
  readonly draft: Draft;
  readonly content: Content;
  /** On which revision it is written; 0: the server does not know it yet. */
  readonly revision: number;
  readonly isSaved: boolean;
}

export function readLocal(id: string): Local | null {
  const kept = readKept<Local>(id);
  return kept && { ...kept, draft: { ...EMPTY, ...kept.draft } };
}

/** Drafts of which the server does not have everything. */
export function listUnsaved(): { readonly id: string; readonly local: Local }[] {
  return listKept().flatMap((id) => {
    const local = readLocal(id);
    return local && !local.isSaved ? [{ id, local }] : [];
  });
}

const fresh = new Set<string>();

/** Of which nobody has heard yet. */
export function isFresh(id: string): boolean {
  return fresh.has(id);
}

export function startDraft(): string {
  const id = newDraftId();
  fresh.add(id);
  return id;
}

/** `crypto.randomUUID` is there on https and this machine only. */
export function newDraftId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
