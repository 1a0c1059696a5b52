import * as z from 'zod';
import type { AudienceRow } from '../../core/audiences/audience.store.ts';
import { CHANNELS } from '../../core/channel.ts';
import { listMembers } from '../../core/deliveries/list-members.ts';
import type { Sender } from '../../core/deliveries/sender.ts';
import { leadId, success } from '../../core/leads/lead.schema.ts';
import { findLead } from '../../core/leads/lead.store.ts';
import { type LeadRow, toMergeValues } from '../../core/leads/lead.ts';
import { messageFormat, parseMessage } from '../../core/messages/content.ts';
import { unresolvedFields } from '../../core/messages/merge-text.ts';
import { mergeTextsOf } from '../../core/messages/message.ts';
import { putPreheader } from '../../core/messages/preheader.ts';
import { CALL_LIMIT_MS, readyContent } from '../../core/messages/ready-content.ts';
import { missingValues, parseTemplate, templateParts } from '../../core/messages/template-message.ts';
import { MEDIA_KINDS } from '../../core/templates/template.ts';
import { TidingsError } from '../../errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { existingAudience } from '../existing-audience.ts';
import { existingLead } from '../leads.ts';
import { type Operation, operation } from '../operation.ts';
import { previewUse } from '../templates/preview-use.ts';
import { chooseSender } from './choose-sender.ts';
import { sendBulkMessagesInput } from './send.schema.ts';

export interface PreviewContext {
  readonly ledger: Ledger;
  readonly senders: readonly Sender[];
  readonly siteName: string | null;
  /** `WHATSAPP_LANGUAGE` */
  readonly templateLanguage: string | null;
}

/** Members that are looked at behind a place, for one that is still a lead. */
const LOOKED_AT = 100;

const input = sendBulkMessagesInput
  .pick({
    audience_id: true,
    channel: true,
    message: true,
    subject: true,
    preheader: true,
    from: true,
    sender: true,
    template: true,
    template_values: true,
    language: true,
    category: true,
  })
  .extend({
    position: z.int().min(1).default(1).describe('Which lead of the audience, by its place: from 1 to total'),
    lead_id: leadId.optional().describe('This lead, wherever it stands'),
  });

const part = z.looseObject({ kind: z.string(), text: z.string() });
const output = z.looseObject({
  success,
  lead_id: z.string(),
  name: z.string().nullable().describe('Of the lead: data of strangers, as all that is filled in'),
  position: z.int().nullable().describe('null: a lead that was asked for by its id'),
  total: z.int().describe('Leads in the audience'),
  from: z.string().nullable(),
  to: z.string().nullable().describe('null: this lead has no such contact'),
  subject: z.string().nullable(),
  text: z.string().describe('As it arrives; of an HTML email, its text part'),
  html: z.string().optional(),
  missing: z.array(z.string()).describe('Fields that this lead has nothing for'),
  template: z
    .looseObject({
      name: z.string(),
      language: z.string(),
      category: z.string(),
      status: z.string().describe('Only APPROVED leaves'),
      made: z.boolean().describe('true: made of the message'),
      header: part.nullable().describe(`kind: text, address, location, ${MEDIA_KINDS.join(', ')}`),
      body: z.string(),
      footer: z.string().nullable(),
      buttons: z.array(part).readonly(),
      missing: z.array(z.string()).describe('Slots that are empty for this lead, who would be skipped'),
      faults: z.array(z.string()).describe('Why no template can be made of the message'),
    })
    .optional()
    .describe('WhatsApp: what who did not write within 24 hours would see'),
  warnings: z.array(z.string()),
});

/** One message as one lead would get it, by the code that sends: nothing is stored, and no provider is asked. */
export function previewSend({ ledger, senders, siteName, templateLanguage }: PreviewContext): Operation {
  return operation({
    name: 'sends.preview',
    summary:
      'Shows the message as one lead of the audience would get it, by the code that sends. Nothing is sent.',
    effect: 'read',
    route: 'POST /sends/preview',
    input,
    output,
    async run(given, { signal }) {
      const { channel } = given;
      const audience = await existingAudience(ledger, given.audience_id);
      const sender = chooseSender(senders, channel, given.sender);
      const isEmail = CHANNELS[channel].hasSubject;
      const parsed = parseMessage(
        {
          message: isEmail ? putPreheader(given.message, given.preheader) : given.message,
          format: messageFormat(channel, given.message),
          // Whoever writes has it later, and is told when they send.
          subject: isEmail ? given.subject?.trim() || '…' : null,
          from_name: given.from || null,
        },
        channel,
      );
      const { lead, position } = given.lead_id
        ? { lead: await existingLead(ledger, given.lead_id), position: null }
        : await leadAt(ledger, audience, given.position);
      const values = toMergeValues(lead, siteName);
      const prepared = sender.prepare(await readyContent(parsed, CALL_LIMIT_MS, signal));
      const contact = lead[CHANNELS[channel].key] ?? null;
      const { from, subject, text, html } = prepared.preview({ contact: contact ?? '', values });
      const chosen =
        channel === 'whatsapp' ? await previewUse(ledger, sender, parsed, given, templateLanguage) : null;
      const template = chosen && parseTemplate(chosen.use);
      return {
        success: true as const,
        lead_id: lead.id,
        name: lead.name,
        position,
        total: audience.total_count,
        ...{ from, to: contact, subject, text, ...(html !== undefined && { html }) },
        missing: [...new Set(mergeTextsOf(parsed).flatMap((one) => unresolvedFields(one, values)))],
        ...(template && {
          template: {
            ...{ name: template.name, language: template.content.language, category: template.category },
            ...{ status: chosen.status, made: template.isMade, faults: [...chosen.faults] },
            ...templateParts(template, values),
            missing: missingValues(template, values),
          },
        }),
        warnings: prepared.warnings?.() ?? [],
      };
    },
  });
}

/** The lead at a place of the audience; one that was erased since is passed over. */
async function leadAt(
  ledger: Ledger,
  audience: AudienceRow,
  position: number,
): Promise<{ lead: LeadRow; position: number }> {
  for (const row of await listMembers(ledger, audience, 0, position, position + LOOKED_AT)) {
    const lead = row.deleted_at === null && (await findLead(ledger, row.id));
    if (lead) return { lead, position: row.place };
  }
  throw new TidingsError(
    'conflict',
    `The audience "${audience.name}" has nobody at place ${position} whose values could fill in the text.`,
    { fix: (words) => `Give a smaller ${words.argument('position')}, or another audience.` },
  );
}
