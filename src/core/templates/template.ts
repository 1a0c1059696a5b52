import { createHash } from 'node:crypto';

/**
 * A wording that a provider has to approve before it may open a conversation. Nothing here is of one provider: each
 * registry reads its own form into this one, and writes this one into its own.
 *
 *   DRAFT ──submit──▶ PENDING ──▶ APPROVED ◀──▶ PAUSED ──▶ DISABLED
 *     │                  └──────▶ REJECTED         (by the provider, for low quality)
 *     └─ refused at once ──────────▲
 */
export interface TemplateContent {
  /** As the provider writes it: `en`, `en_US`, `pt_BR`. */
  readonly language: string;
  readonly header: TemplateHeader | null;
  /** With slots: `{{1}}`, or `{{first_name}}`. */
  readonly body: string;
  readonly footer: string | null;
  readonly buttons: readonly TemplateButton[];
}

export type TemplateHeader =
  /** With one slot at most. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: MediaKind | 'location' }
  /** A file whose address is part of the template, but for a slot in it: `https://shop.test/{{3}}`. */
  | { readonly kind: 'address'; readonly text: string };
export const MEDIA_KINDS = ['image', 'video', 'document'] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];

export type TemplateButton =
  | { readonly kind: 'quick_reply'; readonly text: string }
  /** A slot may stand at the end of the address. */
  | { readonly kind: 'url'; readonly text: string; readonly url: string }
  | { readonly kind: 'phone'; readonly text: string; readonly phone: string }
  | { readonly kind: 'copy_code'; readonly code: string }
  /** Known to the provider and not to us: it can be read, and not be made. */
  | { readonly kind: 'other'; readonly text: string };

export const CATEGORIES = ['marketing', 'utility'] as const;
export type Category = (typeof CATEGORIES)[number];

/** What the provider says of it; `DRAFT`: it has not heard of it yet; `UNKNOWN`: to be asked for again. */
export const TEMPLATE_STATUSES = [
  'DRAFT',
  'PENDING',
  'APPROVED',
  'REJECTED',
  'PAUSED',
  'DISABLED',
  'IN_APPEAL',
  'ARCHIVED',
  'LIMIT_EXCEEDED',
  'PENDING_DELETION',
  'DELETED',
  'UNKNOWN',
] as const;
export type TemplateStatus = (typeof TEMPLATE_STATUSES)[number];

const BLOCKED: ReadonlySet<TemplateStatus> = new Set([
  'REJECTED',
  'DISABLED',
  'ARCHIVED',
  'LIMIT_EXCEEDED',
  'PENDING_DELETION',
  'DELETED',
]);

/** Whether messages may leave by it, will by themselves one day, or need a person first. */
export function usabilityOf(status: TemplateStatus): 'usable' | 'waits' | 'blocked' {
  if (status === 'APPROVED') return 'usable';
  return BLOCKED.has(status) ? 'blocked' : 'waits';
}

/** Where a value of each recipient goes. */
export interface TemplateSlot {
  /** As callers name it: `1` or `first_name` in the body, `header` or `header.1`, `button.2`. */
  readonly key: string;
  readonly in: 'header' | 'body' | 'button';
  /** Of a button, its place among all of them, from 0; else 0. */
  readonly button: number;
  /** As it is written between the braces; `url`: the end of an address; a kind of media, `location` or `code`. */
  readonly name: string;
  readonly takes: 'text' | 'suffix' | 'code' | MediaKind | 'location';
}

const SLOT = /\{\{\s*(\w+)\s*\}\}/gu;

/** The names of the slots of a text, in their order, as often as they stand there. */
export function slotNames(text: string): string[] {
  return [...text.matchAll(SLOT)].map(([, name]) => name!);
}

/** Every value that a message by this template needs, in the order of its components. */
export function slotsOf({ header, body, buttons }: TemplateContent): TemplateSlot[] {
  const slots: TemplateSlot[] = [];
  if (header?.kind === 'text' || header?.kind === 'address') {
    for (const name of slotNames(header.text))
      slots.push({ key: 'header', in: 'header', button: 0, name, takes: 'text' });
  } else if (header) {
    slots.push({ key: 'header', in: 'header', button: 0, name: header.kind, takes: header.kind });
  }
  for (const name of new Set(slotNames(body)))
    slots.push({ key: name, in: 'body', button: 0, name, takes: 'text' });
  buttons.forEach((button, at) => {
    const one = { key: `button.${at + 1}`, in: 'button', button: at } as const;
    if (button.kind === 'url' && slotNames(button.url).length > 0)
      slots.push({ ...one, name: 'url', takes: 'suffix' });
    if (button.kind === 'copy_code') slots.push({ ...one, name: 'code', takes: 'code' });
  });
  return slots;
}

/** The text with `fill` in place of each slot. */
export function fillSlots(text: string, fill: (name: string, index: number) => string): string {
  let index = 0;
  return text.replace(SLOT, (_, name: string) => fill(name, index++));
}

/**
 * The same for the same wording, whatever its slots are called and whichever samples it was approved with: only exact
 * equality makes one template do for another.
 */
export function contentKey({ language, header, body, footer, buttons }: TemplateContent): string {
  const numbered = (text: string) =>
    fillSlots(text.replaceAll('\r\n', '\n').trim(), (_, at) => `{{${at + 1}}}`);
  const parts = [
    languageKey(language),
    header && (header.kind === 'text' ? numbered(header.text) : keyOfFile(header, numbered)),
    numbered(body),
    footer?.trim() || null,
    buttons.map((button) => {
      if (button.kind === 'url') return [button.kind, button.text, numbered(button.url)];
      if (button.kind === 'phone') return [button.kind, button.text, button.phone.replaceAll(/\D/g, '')];
      return button.kind === 'copy_code' ? [button.kind] : [button.kind, button.text];
    }),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 27);
}

function keyOfFile(
  header: Exclude<TemplateHeader, { kind: 'text' }>,
  numbered: (text: string) => string,
): object {
  return header.kind === 'address'
    ? { kind: header.kind, text: numbered(header.text) }
    : { kind: header.kind };
}

/** Providers write one language in two ways, `en_US` and `en-US`. */
export function languageKey(language: string): string {
  return language.replaceAll('-', '_').toLowerCase();
}

const LONGEST_SLUG = 40;

/** A readable beginning and the key: whoever makes the same again finds it under the same name. */
export function templateName(content: TemplateContent, category: Category): string {
  const slug = fillSlots(content.body, () => ' ')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .slice(0, LONGEST_SLUG)
    .replace(/_+$/, '');
  const hash = createHash('sha256')
    .update(`${contentKey(content)} ${category}`)
    .digest('hex')
    .slice(0, 12);
  return `${slug || 'message'}_${hash}`;
}
