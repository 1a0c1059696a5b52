import * as z from 'zod';
import {
  fillSlots,
  slotNames,
  type TemplateButton,
  type TemplateContent,
  type TemplateStatus,
} from '../../../core/templates/template.ts';
import type { ProviderTemplate, TemplateDraft } from '../../../core/templates/template-registry.ts';
import { OPT_OUT_PAYLOAD, readChoice } from '../opt-out-words.ts';
import { numberOfButton, numberSlots, numbersIn, SAME } from './slot-numbers.ts';

/** Content as Twilio writes it (Content API, "Content Resource" and "Content Approval Request"). */

const text = z.string().catch('');
const action = z.looseObject({
  type: text,
  title: text,
  url: z.string().optional().catch(undefined),
  phone: z.string().optional().catch(undefined),
  code: z.string().optional().catch(undefined),
});
const part = z.looseObject({
  body: z.string().optional().catch(undefined),
  title: z.string().optional().catch(undefined),
  header_text: z.string().nullish().catch(null),
  footer: z.string().nullish().catch(null),
  subtitle: z.string().nullish().catch(null),
  media: z.array(z.string()).nullish().catch(null),
  actions: z.array(action).nullish().catch(null),
});
const approval = z.looseObject({
  status: z.string().optional().catch(undefined),
  category: z.string().nullish().catch(null),
  rejection_reason: z.string().nullish().catch(null),
});
export const twilioContent = z.looseObject({
  sid: z.string().regex(/^HX[0-9a-zA-Z]{1,64}$/),
  friendly_name: text,
  language: text,
  types: z.record(z.string(), z.unknown()).catch({}),
  // Flat in the specification; one below `whatsapp`, or in a list, elsewhere.
  approval_requests: z.unknown(),
});
export type TwilioContent = z.output<typeof twilioContent>;

/** The kinds that have a wording of their own; the others are known by name only. */
const KINDS = [
  'twilio/text',
  'whatsapp/card',
  'twilio/card',
  'twilio/quick-reply',
  'twilio/call-to-action',
  'twilio/media',
];

export function readContent(given: TwilioContent): ProviderTemplate {
  const { status, category, rejection_reason } = readApproval(given.approval_requests);
  const reason = rejection_reason?.trim() || null;
  return {
    providerId: given.sid,
    name: given.friendly_name || given.sid,
    status: toStatus(status),
    category: (category ?? '').toLowerCase(),
    content: contentOf(given),
    reason: reason ?? (status === 'unsubmitted' ? 'It was not submitted for approval.' : null),
    quality: null,
  };
}

/** What was never submitted is approved by nobody, whoever waits. */
const STATUSES: Readonly<Record<string, TemplateStatus>> = {
  unsubmitted: 'REJECTED',
  received: 'PENDING',
  pending: 'PENDING',
  approved: 'APPROVED',
  rejected: 'REJECTED',
  paused: 'PAUSED',
  disabled: 'DISABLED',
};

export function toStatus(status: string): TemplateStatus {
  return STATUSES[status] ?? 'PENDING';
}

/** An answer without a request is one that nobody made. */
export function readApproval(given: unknown): z.output<typeof approval> & { status: string } {
  const one = Array.isArray(given) ? given[0] : given;
  const nested = typeof one === 'object' && one !== null && 'whatsapp' in one ? one.whatsapp : one;
  const read = approval.safeParse(nested);
  return { ...(read.success ? read.data : {}), status: read.data?.status?.toLowerCase() ?? 'unsubmitted' };
}

function contentOf({ types, language }: TwilioContent): TemplateContent {
  const kind = KINDS.find((one) => one in types);
  const read = kind === undefined ? null : part.safeParse(types[kind]);
  if (!read?.success) {
    const other = { kind: 'other', text: Object.keys(types)[0]?.slice(0, 60) ?? 'unknown' } as const;
    return { language, header: null, body: '', footer: null, buttons: [other] };
  }
  const { body, title, header_text, footer, subtitle, actions, media } = read.data;
  // Without a slot it goes along by itself; with one and no value everybody would get the sample.
  const file = media?.find((address) => slotNames(address).length > 0);
  const content: TemplateContent = {
    language,
    header: header_text
      ? { kind: 'text', text: header_text }
      : file === undefined
        ? null
        : { kind: 'address', text: file },
    body: body ?? title ?? '',
    footer: footer ?? subtitle ?? null,
    buttons: (actions ?? []).map(readButton),
  };
  return withOwnSlots(content);
}

function readButton({ type, title, url, phone, code }: z.output<typeof action>): TemplateButton {
  switch (type.toUpperCase()) {
    case 'QUICK_REPLY':
      return { kind: 'quick_reply', text: title };
    case 'URL':
      return { kind: 'url', text: title, url: url ?? '' };
    case 'PHONE_NUMBER':
      return { kind: 'phone', text: title, phone: phone ?? '' };
    case 'COPY_CODE':
      return { kind: 'copy_code', code: code ?? '' };
    default:
      return { kind: 'other', text: title };
  }
}

/** A number that stands in two parts is one value: the second is told from a slot of its own. */
function withOwnSlots(content: TemplateContent): TemplateContent {
  const seen = new Set(slotNames(content.body));
  const own = (text: string) => {
    const told = fillSlots(text, (name) => `{{${seen.has(name) ? SAME : ''}${name}}}`);
    for (const name of slotNames(text)) seen.add(name);
    return told;
  };
  const { header } = content;
  return {
    ...content,
    header: header && 'text' in header ? { ...header, text: own(header.text) } : header,
    buttons: content.buttons.map((button) =>
      button.kind === 'url' ? { ...button, url: own(button.url) } : button,
    ),
  };
}

/** The body of a request that makes a template: its samples are by the number of the slot. */
export function createBody({ name, content, samples }: TemplateDraft): object {
  const variables = Object.fromEntries(
    numberSlots(content).flatMap(({ slot, number }) =>
      number === null ? [] : [[number, samples[slot.key] || 'Ana']],
    ),
  );
  return {
    friendly_name: name,
    language: content.language,
    ...(Object.keys(variables).length > 0 && { variables }),
    types: typesOf(content),
  };
}

function typesOf(content: TemplateContent): object {
  const { header, footer, buttons } = content;
  const body = renumber(content.body, numbersIn(content, 'body'));
  if (header === null && footer === null && buttons.length === 0) return { 'twilio/text': { body } };
  return {
    'whatsapp/card': {
      body,
      ...(header?.kind === 'text' && { header_text: renumber(header.text, numbersIn(content, 'header')) }),
      ...(footer !== null && { footer }),
      ...(buttons.length > 0 && { actions: buttons.map((button, at) => actionOf(button, at, content)) }),
    },
  };
}

function renumber(wording: string, numbers: ReadonlyMap<string, string>): string {
  return fillSlots(wording, (name) => `{{${numbers.get(name) ?? name}}}`);
}

function actionOf(button: TemplateButton, at: number, content: TemplateContent): object {
  const number = numberOfButton(content, at);
  switch (button.kind) {
    case 'url':
      return { type: 'URL', title: button.text, url: fillSlots(button.url, () => `{{${number}}}`) };
    case 'phone':
      return { type: 'PHONE_NUMBER', title: button.text, phone: button.phone };
    case 'copy_code':
      return { type: 'COPY_CODE', title: 'Copy code', code: `{{${number}}}` };
    default: {
      const isWayOut = readChoice(button.text) === 'stop';
      return { type: 'QUICK_REPLY', title: button.text, id: isWayOut ? OPT_OUT_PAYLOAD : `reply_${at + 1}` };
    }
  }
}
