import * as z from 'zod';
import type { Sender } from '../../core/deliveries/sender.ts';
import { success } from '../../core/leads/lead.schema.ts';
import { detectLanguage } from '../../core/messages/language-of.ts';
import { literalText } from '../../core/messages/merge-text.ts';
import { parseMergeText } from '../../core/messages/parse-merge-text.ts';
import { canonicalLanguage } from '../../core/templates/check-template.ts';
import {
  contentOf,
  deleteTemplate,
  findByName,
  findTemplate,
  insertDraft,
  listTemplates,
  problemOf,
  type TemplateRow,
} from '../../core/templates/template.store.ts';
import { slotsOf, TEMPLATE_STATUSES, templateName } from '../../core/templates/template.ts';
import type { TemplateAccount } from '../../core/templates/template-account.ts';
import type { RegistryProblem } from '../../core/templates/template-registry.ts';
import { TidingsError } from '../../errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { nearest } from '../../nearest.ts';
import { type Operation, operation } from '../operation.ts';
import { readCursor } from '../page.ts';
import { makeContent } from './make-content.ts';
import { refreshByName, syncTemplates } from './sync-templates.ts';
import {
  buttons,
  category,
  footer,
  header,
  templateName as nameArgument,
  template,
  templateLanguage,
} from './template.schema.ts';

export interface TemplateContext {
  readonly ledger: Ledger;
  readonly senders: readonly Sender[];
  /** `WHATSAPP_LANGUAGE` */
  readonly templateLanguage: string | null;
  /** Submits and asks what is due, and resolves when that is done. */
  readonly look: () => Promise<void>;
}

/** Wordings that a provider has to approve before they may open a conversation. */
export function templateOperations(context: TemplateContext): Operation[] {
  const { ledger } = context;
  return [
    operation({
      name: 'templates.list',
      summary: 'Lists the templates that are known here, with what the provider says of each.',
      effect: 'read',
      route: 'GET /templates',
      input: z.object({
        status: z.enum(TEMPLATE_STATUSES).optional().describe('Only templates with this status'),
        limit: z.int().min(1).max(200).default(50).describe('Templates to show'),
        cursor: z.string().max(100).optional().describe('next_cursor of the answer before'),
      }),
      output: z.looseObject({
        success,
        templates: z.array(template),
        next_cursor: z.string().nullable(),
        notice: z.string().optional(),
      }),
      async run({ status, limit, cursor }) {
        const rows = await listTemplates(ledger, { status, afterSeq: readCursor(cursor), limit: limit + 1 });
        const shown = rows.slice(0, limit);
        const hasAccount = context.senders.some(({ account }) => account !== undefined);
        return {
          success: true as const,
          templates: shown.map(show),
          next_cursor: rows.length > shown.length ? String(shown.at(-1)!.seq) : null,
          ...(!hasAccount && { notice: NO_ACCOUNT }),
        };
      },
    }),

    operation({
      name: 'templates.get',
      summary: 'Shows one template as the provider has it now, in each of its languages.',
      effect: 'read',
      route: 'GET /templates/{name}',
      input: z.object({ name: nameArgument }),
      output: z.looseObject({ success, templates: z.array(template), notice: z.string().optional() }),
      async run({ name }) {
        const { sender, account } = accountOf(context);
        const problem = await refreshByName(ledger, sender, account.templates, name);
        const rows = await findByName(ledger, sender, name);
        if (rows.length === 0) throw await unknown(ledger, sender, name, problem);
        return {
          success: true as const,
          templates: rows.map(show),
          ...(problem && { notice: `This is how it stood last: ${problem.message}` }),
        };
      },
    }),

    operation({
      name: 'templates.create',
      summary:
        'Makes a template of a text with merge fields and hands it in for review; the same text again finds the same one.',
      effect: 'write',
      route: 'POST /templates',
      input: z.object({
        message: z
          .string()
          .min(1)
          .max(10_000)
          .describe('Its words, with merge fields as in a message: each becomes a slot'),
        name: nameArgument.optional().describe('Default: its first words and a hash of all of it'),
        language: templateLanguage.optional().describe('Default: WHATSAPP_LANGUAGE, else told by the text'),
        category: category.optional(),
        header: header.optional(),
        footer: footer.optional(),
        buttons: buttons.optional(),
        samples: z
          .record(z.string().max(100), z.string().max(500))
          .optional()
          .describe('Slot → what a reader could see there, for the reviewers, as {"1": "Ana"}'),
      }),
      output: z.looseObject({
        success,
        template,
        changes: z.array(z.string()).describe('What was changed so that it can be taken'),
        next_step: z.string(),
      }),
      async run(input, { caller: { words } }) {
        const { sender } = accountOf(context);
        const text = parseMergeText(input.message, 'message');
        const language = readLanguage(input.language, context.templateLanguage, literalText(text.segments));
        const made = makeContent(text, language, input);
        if (made.faults.length > 0)
          throw new TidingsError('invalid_template', made.faults.join(' '), {
            fix: 'Change the text. Nothing was handed in.',
          });
        const kind = input.category ?? 'marketing';
        const name = input.name?.toLowerCase() ?? templateName(made.content, kind);
        if (!/^[a-z0-9_]+$/.test(name))
          throw new TidingsError('invalid_argument', `"${name}" is no name of a template.`, {
            fix: 'Use small letters, digits and _.',
          });
        const samples = { ...mediaSample(made.values), ...input.samples };
        const key = { sender, name, language };
        await ledger.write((tx) =>
          insertDraft(tx, key, { category: kind, content: made.content, samples }, Date.now()),
        );
        await context.look();
        const row = (await findTemplate(ledger, key))!;
        return {
          success: true as const,
          template: show(row),
          changes: [...made.changes],
          next_step: `A review takes minutes most often, and up to 24 hours. ${words.operation('templates.get')} shows how it stands; a send by it waits until then.`,
        };
      },
    }),

    operation({
      name: 'templates.sync',
      summary: 'Reads all templates of the account from the provider: those made by hand are known then.',
      effect: 'write',
      route: 'POST /templates/sync',
      input: z.object({}),
      output: z.looseObject({
        success,
        found: z.int(),
        gone: z.int().describe('Known here, and not there any more'),
      }),
      async run() {
        const { sender, account } = accountOf(context);
        const answer = await syncTemplates(ledger, sender, account.templates);
        if (!answer.ok) throw failed(answer.problem);
        await context.look();
        return { success: true as const, ...answer.value };
      },
    }),

    operation({
      name: 'templates.delete',
      summary:
        'Deletes one language of a template at the provider, for good; its name is blocked for 30 days then.',
      effect: 'write',
      route: 'DELETE /templates/{name}',
      input: z.object({ name: nameArgument, language: templateLanguage.optional() }),
      output: z.looseObject({ success, name: z.string(), language: z.string() }),
      async run({ name, language }) {
        const { sender, account } = accountOf(context);
        const rows = await findByName(ledger, sender, name);
        const wanted = language === undefined ? null : canonicalLanguage(language);
        const row =
          wanted === null && rows.length === 1 ? rows[0] : rows.find((one) => one.language === wanted);
        if (!row) {
          if (rows.length === 0) throw await unknown(ledger, sender, name, null);
          throw new TidingsError(
            'invalid_argument',
            `The template ${name} is there in ${rows.map((one) => one.language).join(', ')}.`,
            { fix: (words) => `Give one of them as ${words.argument('language')}. Nothing was deleted.` },
          );
        }
        await refuseUsed(ledger, row);
        if (row.provider_id !== null) {
          const answer = await account.templates.remove({ name, providerId: row.provider_id });
          if (!answer.ok) throw failed(answer.problem);
        }
        await ledger.write((tx) => deleteTemplate(tx, row.seq));
        return { success: true as const, name, language: row.language };
      },
    }),
  ];
}

const NO_ACCOUNT =
  'No sender here has templates: set WHATSAPP_BUSINESS_ACCOUNT_ID beside WHATSAPP_PHONE_NUMBER_ID and WHATSAPP_ACCESS_TOKEN.';

/** The one that messages leave by. @throws TidingsError `conflict` where none has templates */
function accountOf({ senders }: TemplateContext): { sender: string; account: TemplateAccount } {
  for (const { account, about } of senders) if (account) return { sender: about.id, account };
  throw new TidingsError('conflict', NO_ACCOUNT);
}

function readLanguage(given: string | undefined, usual: string | null, text: string): string {
  const language = given === undefined ? (usual ?? detectLanguage(text)) : canonicalLanguage(given);
  if (language !== null) return language;
  throw new TidingsError(
    'invalid_argument',
    given === undefined ? 'The text does not tell its language.' : `"${given}" is no language.`,
    { fix: (words) => `Give ${words.argument('language')}, as es or pt_BR. Nothing was handed in.` },
  );
}

/** Where a header's file is, is no merge field: it is the sample as well. */
function mediaSample({ header: value }: Readonly<Record<string, string>>): Record<string, string> {
  return value !== undefined && !value.includes('{{') ? { header: value } : {};
}

async function unknown(
  ledger: Ledger,
  sender: string,
  name: string,
  problem: RegistryProblem | null,
): Promise<TidingsError> {
  const known = await listTemplates(ledger, { sender, afterSeq: 0, limit: 1_000 });
  const near = nearest(
    name,
    known.map((one) => one.name),
  );
  const what = `There is no template "${name}"${near === null ? '.' : `; did you mean "${near}"?`}`;
  return new TidingsError('not_found', problem ? `${what} ${problem.message}` : what, {
    fix: (words) => `${words.operation('templates.sync')} reads those that there are.`,
  });
}

function failed({ message, said }: RegistryProblem): TidingsError {
  return new TidingsError(
    'conflict',
    message,
    said === undefined ? {} : { fix: `The provider said: ${said}` },
  );
}

/** @throws TidingsError `conflict` while a send leaves, or will leave, by it */
async function refuseUsed(ledger: Ledger, { sender, name, language }: TemplateRow): Promise<void> {
  const sends = await ledger.all<{ id: string; template: string }>(
    "SELECT id, template FROM sends WHERE sender = ? AND state IN ('running', 'scheduled') AND template IS NOT NULL",
    sender,
  );
  for (const { id, template: used } of sends) {
    const use = JSON.parse(used) as { name: string; content: { language: string } };
    if (use.name !== name || use.content.language !== language) continue;
    throw new TidingsError('conflict', `The send ${id} leaves by this template.`, {
      fix: (words) =>
        `Wait until it is done, or ${words.operation('sends.cancel')} first. Nothing was deleted.`,
    });
  }
}

function show(row: TemplateRow): z.output<typeof template> {
  const content = contentOf(row);
  const at = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const top = content.header;
  return {
    name: row.name,
    language: row.language,
    category: row.category,
    status: row.status,
    reason: row.reason,
    quality: row.quality,
    sender: row.sender,
    header: top && (top.kind === 'text' ? top.text : `[${top.kind}]`),
    body: content.body,
    footer: content.footer,
    buttons: content.buttons.map((button) => ({
      type: button.kind,
      text: button.kind === 'copy_code' ? button.code : button.text,
    })),
    slots: slotsOf(content).map(({ key }) => key),
    problem: problemOf(row)?.message ?? null,
    checked_at: at(row.checked_at),
    next_check_at: at(row.check_at),
  };
}
