import * as z from 'zod';
import { CATEGORIES, MEDIA_KINDS, TEMPLATE_STATUSES } from '../../core/templates/template.ts';

export const templateName = z
  .string()
  .trim()
  .min(1)
  .max(512)
  .describe('As the provider has it: small letters, digits and _');
export const templateLanguage = z
  .string()
  .trim()
  .min(2)
  .max(10)
  .describe('As the provider writes it: en, es, pt_BR. en and en_US are two templates');
export const category = z
  .enum(CATEGORIES)
  .describe(
    'Of a template that is made: marketing (default), or utility for what somebody asked for or bought',
  );

export const header = z
  .object({
    type: z.enum(['text', ...MEDIA_KINDS, 'location']),
    text: z
      .string()
      .max(200)
      .optional()
      .describe('Of type text: up to 60 characters, one merge field at most'),
    link: z
      .string()
      .max(2_000)
      .optional()
      .describe('Of image, video, document: https:// address of the file'),
    filename: z.string().max(240).optional().describe('Of a document: what it is called'),
    location: z
      .string()
      .max(500)
      .optional()
      .describe('Of type location: "latitude, longitude, name, address"'),
  })
  .describe('What stands above the text of a template');

const button = z.object({
  type: z.enum(['quick_reply', 'opt_out', 'url', 'phone', 'copy_code']),
  text: z
    .string()
    .max(100)
    .optional()
    .describe('Up to 25 characters; of opt_out there is one in the language'),
  url: z.string().max(2_000).optional().describe('Of type url; one merge field at most, at its end'),
  phone: z.string().max(30).optional().describe('Of type phone: +15550051310'),
  code: z.string().max(50).optional().describe('Of type copy_code: up to 15 characters'),
});
export const buttons = z
  .array(button)
  .max(10)
  .describe('Below the text of a template. opt_out: a tap stops messages from this sender');

export const footer = z.string().max(200).describe('Below the text of a template, up to 60 characters');

/** Of a send: the template that somebody has, or what stands around the message in one that is made. */
export const templateArgument = z
  .object({
    name: templateName.optional(),
    language: templateLanguage.optional(),
    header: header.optional(),
    footer: footer.optional(),
    buttons: buttons.optional(),
  })
  .describe(
    'WhatsApp: how it reaches people who did not write within 24 hours. With name, that template; else one is made of message, and header, footer and buttons stand around it',
  );
export const templateValues = z
  .record(z.string().max(100), z.string().max(2_000))
  .describe(
    'Of a template with a name: slot → merge text, as {"1": "{{lead.first_name | default: \\"there\\"}}"}; header and button.2 for slots elsewhere',
  );

export type Header = z.output<typeof header>;
export type Buttons = z.output<typeof buttons>;

/** How a send reaches whom no text may reach, as callers are told. */
export const shownUse = z.looseObject({
  name: z.string(),
  language: z.string(),
  category: z.string(),
  status: z.string().describe('DRAFT, PENDING, APPROVED, REJECTED, PAUSED …; only APPROVED leaves'),
  made: z.boolean().describe('true: made of the message'),
  text: z.string().describe('Its words, with slots; where they differ from the message, changes says how'),
  values: z.record(z.string(), z.string()),
  changes: z.array(z.string()).optional(),
  reason: z.string().optional().describe('Why it was rejected or paused'),
});
export type ShownUse = z.output<typeof shownUse>;

export const template = z.looseObject({
  name: z.string(),
  language: z.string(),
  category: z.string().describe('As the provider has it: it may differ from what was asked for'),
  status: z.enum(TEMPLATE_STATUSES),
  reason: z.string().nullable(),
  quality: z.string().nullable().describe('green, yellow or red; null: not known'),
  sender: z.string(),
  header: z.string().nullable(),
  body: z.string(),
  footer: z.string().nullable(),
  buttons: z.array(z.looseObject({ type: z.string(), text: z.string() })),
  slots: z.array(z.string()).describe('What template_values of a send has to fill in'),
  problem: z.string().nullable().describe('Why it could not be submitted or asked for'),
  checked_at: z.string().nullable().describe('When the provider last told of it'),
  next_check_at: z.string().nullable(),
});
