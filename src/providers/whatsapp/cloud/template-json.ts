import * as z from 'zod';
import {
  fillSlots,
  MEDIA_KINDS,
  slotNames,
  TEMPLATE_STATUSES,
  type TemplateButton,
  type TemplateContent,
  type TemplateHeader,
  type TemplateStatus,
} from '../../../core/templates/template.ts';
import type { ProviderTemplate, TemplateDraft } from '../../../core/templates/template-registry.ts';

/** Message templates as Meta writes them (Business Management API, "Message Templates"). */

const text = z.string().catch('');
const component = z.looseObject({
  type: text,
  format: z.string().optional().catch(undefined),
  text: z.string().optional().catch(undefined),
  buttons: z
    .array(z.looseObject({ type: text, text, url: text, phone_number: text }))
    .optional()
    .catch(undefined),
});
export const graphTemplate = z.looseObject({
  // Numbers in webhooks, and texts here; some are beyond what a double holds.
  id: z.union([z.string(), z.number()]).transform(String),
  name: z.string(),
  language: z.string(),
  status: text,
  category: text,
  components: z.array(component).catch([]),
  rejected_reason: z.string().nullish().catch(null),
  quality_score: z.looseObject({ score: text }).nullish().catch(null),
});
export type GraphTemplate = z.output<typeof graphTemplate>;

export const TEMPLATE_FIELDS =
  'id,name,language,status,category,components,parameter_format,rejected_reason,quality_score';

export function readTemplate(given: GraphTemplate): ProviderTemplate {
  const { id, name, language, status, category, components, rejected_reason, quality_score } = given;
  const score = quality_score?.score.toLowerCase() ?? '';
  return {
    providerId: id,
    name,
    status: readStatus(status),
    category: category.toLowerCase(),
    content: readContent(language, components),
    reason: rejected_reason && rejected_reason !== 'NONE' ? rejected_reason : null,
    quality: score === '' || score === 'unknown' ? null : score,
  };
}

/** What is no status of ours (LOCKED, IN_REVIEW …) does not send, and is asked for again. */
export function readStatus(status: string): TemplateStatus {
  return TEMPLATE_STATUSES.find((one) => one === status.toUpperCase()) ?? 'PENDING';
}

function readContent(language: string, components: GraphTemplate['components']): TemplateContent {
  const of = (type: string) => components.find((one) => one.type.toUpperCase() === type);
  return {
    language,
    header: readHeader(of('HEADER')),
    body: of('BODY')?.text ?? '',
    footer: of('FOOTER')?.text ?? null,
    buttons: (of('BUTTONS')?.buttons ?? []).map(readButton),
  };
}

function readHeader(header: GraphTemplate['components'][number] | undefined): TemplateHeader | null {
  if (!header) return null;
  const format = header.format?.toLowerCase() ?? 'text';
  if (format === 'location') return { kind: 'location' };
  const media = MEDIA_KINDS.find((kind) => kind === format);
  return media ? { kind: media } : { kind: 'text', text: header.text ?? '' };
}

function readButton({
  type,
  text: label,
  url,
  phone_number: phone,
}: {
  type: string;
  text: string;
  url: string;
  phone_number: string;
}): TemplateButton {
  switch (type.toUpperCase()) {
    case 'QUICK_REPLY':
      return { kind: 'quick_reply', text: label };
    case 'URL':
      return { kind: 'url', text: label, url };
    case 'PHONE_NUMBER':
      return { kind: 'phone', text: label, phone };
    case 'COPY_CODE':
      return { kind: 'copy_code', code: 'ABC123' };
    default:
      return { kind: 'other', text: label };
  }
}

/**
 * The body of a request that makes a template. Every variable has its sample.
 * @param handle of the sample of a header of media
 */
export function createBody(draft: TemplateDraft, handle: string | null): object {
  const { name, category, content } = draft;
  const isNamed = slotNames(content.body).some((slot) => !/^\d+$/.test(slot));
  return {
    name,
    language: content.language,
    category: category.toUpperCase(),
    parameter_format: isNamed ? 'NAMED' : 'POSITIONAL',
    components: [
      ...headerComponent(draft, isNamed, handle),
      bodyComponent(draft, isNamed),
      ...(content.footer === null ? [] : [{ type: 'FOOTER', text: content.footer }]),
      ...(content.buttons.length === 0
        ? []
        : [{ type: 'BUTTONS', buttons: content.buttons.map((button, at) => buttonJson(button, at, draft)) }]),
    ],
  };
}

function headerComponent(
  { content, samples }: TemplateDraft,
  isNamed: boolean,
  handle: string | null,
): object[] {
  const { header } = content;
  if (header === null) return [];
  if (header.kind !== 'text')
    return [
      {
        type: 'HEADER',
        format: header.kind.toUpperCase(),
        ...(handle !== null && { example: { header_handle: [handle] } }),
      },
    ];
  const [slot] = slotNames(header.text);
  const sample = samples['header'] ?? '';
  const example = isNamed
    ? { header_text_named_params: [{ param_name: slot, example: sample }] }
    : { header_text: [sample] };
  return [{ type: 'HEADER', format: 'TEXT', text: header.text, ...(slot !== undefined && { example }) }];
}

function bodyComponent({ content: { body }, samples }: TemplateDraft, isNamed: boolean): object {
  const slots = [...new Set(slotNames(body))];
  if (!isNamed) slots.sort((one, other) => Number(one) - Number(other));
  const example = isNamed
    ? {
        body_text_named_params: slots.map((slot) => ({ param_name: slot, example: samples[slot] ?? '' })),
      }
    : { body_text: [slots.map((slot) => samples[slot] ?? '')] };
  return { type: 'BODY', text: body, ...(slots.length > 0 && { example }) };
}

function buttonJson(button: TemplateButton, at: number, { samples }: TemplateDraft): object {
  switch (button.kind) {
    case 'quick_reply':
      return { type: 'QUICK_REPLY', text: button.text };
    case 'phone':
      return { type: 'PHONE_NUMBER', text: button.text, phone_number: button.phone };
    case 'copy_code':
      return { type: 'COPY_CODE', example: button.code };
    case 'url': {
      const suffix = samples[`button.${at + 1}`] ?? '';
      const hasSlot = slotNames(button.url).length > 0;
      const url = fillSlots(button.url, () => '{{1}}');
      return {
        type: 'URL',
        text: button.text,
        url,
        ...(hasSlot && { example: [fillSlots(button.url, () => suffix)] }),
      };
    }
    default:
      return { type: 'QUICK_REPLY', text: button.text };
  }
}
