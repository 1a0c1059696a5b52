import type * as z from 'zod';
import type { AudienceRow } from '../../core/audiences/audience.store.ts';
import type { Sender } from '../../core/deliveries/sender.ts';
import { anyOutside } from '../../core/deliveries/windows.store.ts';
import { detectLanguage } from '../../core/messages/language-of.ts';
import { literalText, type MergeText } from '../../core/messages/merge-text.ts';
import { parseTemplate, type TemplateUse } from '../../core/messages/template-message.ts';
import type { SendRow } from '../../core/sends/send.store.ts';
import { canonicalLanguage, isKnownLanguage } from '../../core/templates/check-template.ts';
import {
  checkAgainAt,
  contentOf,
  findByContent,
  findByName,
  findTemplate,
  insertDraft,
  type TemplateRow,
} from '../../core/templates/template.store.ts';
import {
  type Category,
  contentKey,
  languageKey,
  slotsOf,
  templateName,
  usabilityOf,
} from '../../core/templates/template.ts';
import type { TemplateAccount } from '../../core/templates/template-account.ts';
import { TidingsError } from '../../errors.ts';
import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import { nearest } from '../../nearest.ts';
import { makeContent } from './make-content.ts';
import { samplesOf } from './samples-of.ts';
import { refreshByName, syncIfStale } from './sync-templates.ts';
import type { templateArgument, templateValues } from './template.schema.ts';

/** What a call says of it. */
export interface TemplateInput {
  readonly template?: z.output<typeof templateArgument> | undefined;
  readonly template_values?: z.output<typeof templateValues> | undefined;
  readonly language?: string | undefined;
  readonly category?: Category | undefined;
}

/** How a send reaches whom no text may reach. */
export interface ChosenTemplate {
  readonly use: TemplateUse;
  /** What was changed in the words of the message. */
  readonly changes: readonly string[];
  /** Submitted at once: somebody of the audience can be reached in no other way. */
  readonly isNeeded: boolean;
  readonly samples: Readonly<Record<string, string>> | null;
  readonly notices: readonly string[];
}

interface Asked {
  readonly ledger: Ledger;
  readonly sender: Sender;
  readonly audience: AudienceRow;
  readonly body: MergeText;
  readonly siteName: string | null;
  /** `WHATSAPP_LANGUAGE` */
  readonly usualLanguage: string | null;
  readonly before: SendRow | undefined;
}

/**
 * The template of a send: the one that was named, or one made of the message. null: everybody gets the text.
 * @throws TidingsError when there is no such template, or none can be made and somebody needs it
 */
export async function chooseTemplate(asked: Asked, input: TemplateInput): Promise<ChosenTemplate | null> {
  const { account } = asked.sender;
  if (!account) {
    if (input.template === undefined && input.template_values === undefined) return null;
    throw new TidingsError('conflict', 'This sender has no templates.', {
      fix: 'Set WHATSAPP_BUSINESS_ACCOUNT_ID, so that templates can be asked for and made. Nothing was sent.',
    });
  }
  const name = input.template?.name;
  return name === undefined ? make(asked, account, input) : named(asked, account, input, name);
}

/** Puts a template that is made where the one that submits finds it. */
export async function keepDraft(tx: Transaction, sender: Sender, chosen: ChosenTemplate): Promise<void> {
  const { name, content, category, isMade } = chosen.use;
  const key = { sender: sender.about.id, name, language: content.language };
  const nowMs = Date.now();
  if (isMade) await insertDraft(tx, key, { category, content, samples: chosen.samples }, nowMs);
  const row = (await findTemplate(tx, key))!;
  const waits = usabilityOf(row.status) === 'waits';
  if (!chosen.isNeeded && row.status === 'DRAFT') await checkAgainAt(tx, row.seq, null);
  else if (chosen.isNeeded && waits && row.check_at === null) await checkAgainAt(tx, row.seq, nowMs);
}

async function named(
  { ledger, sender }: Asked,
  { templates }: TemplateAccount,
  input: TemplateInput,
  name: string,
): Promise<ChosenTemplate> {
  const { id } = sender.about;
  const notices: string[] = [];
  const problem = await refreshByName(ledger, id, templates, name);
  if (problem) notices.push(`Whether the template is as it was could not be asked: ${problem.message}`);
  const row = await pickLanguage(ledger, id, templates, name, input.template?.language ?? input.language);
  const content = contentOf(row);
  const given = { ...input.template_values };
  const slots = slotsOf(content);
  const unknown = Object.keys(given).find((key) => !slots.some((slot) => slot.key === key));
  const keys = slots.map(({ key }) => key);
  const list = keys.length === 0 ? 'It has no slots.' : `Its slots are ${keys.join(', ')}.`;
  if (unknown !== undefined)
    throw new TidingsError('invalid_argument', `The template ${name} has no slot "${unknown}". ${list}`, {
      fix: (words) => `Give ${words.argument('template_values')} for exactly these. Nothing was sent.`,
    });
  const missing = keys.filter((key) => !given[key]?.trim());
  if (missing.length > 0)
    throw new TidingsError(
      'invalid_argument',
      `The template ${name} needs a value for ${missing.join(', ')}. ${list}`,
      {
        fix: (words) =>
          `Give ${words.argument('template_values')}, as {"${missing[0]}": "{{lead.first_name | default: \\"there\\"}}"}. Nothing was sent.`,
      },
    );
  const use: TemplateUse = {
    name: row.name,
    content,
    category: row.category === 'utility' ? 'utility' : 'marketing',
    isMade: false,
    values: given,
  };
  parseTemplate(use);
  return { use, changes: [], isNeeded: true, samples: null, notices };
}

async function pickLanguage(
  ledger: Ledger,
  sender: string,
  templates: TemplateAccount['templates'],
  name: string,
  given: string | undefined,
): Promise<TemplateRow> {
  const rows = (await findByName(ledger, sender, name)).filter(({ status }) => status !== 'DELETED');
  if (rows.length === 0) {
    await syncIfStale(ledger, sender, templates);
    const known = await ledger.all<{ name: string }>(
      "SELECT DISTINCT name FROM templates WHERE sender = ? AND status <> 'DELETED' ORDER BY name LIMIT 1000",
      sender,
    );
    const near = nearest(
      name,
      known.map((one) => one.name),
    );
    throw new TidingsError(
      'not_found',
      `There is no template "${name}"${near === null ? '.' : `; did you mean "${near}"?`}`,
      { fix: (words) => `${words.operation('templates.list')} shows those there are. Nothing was sent.` },
    );
  }
  const languages = rows.map((row) => row.language);
  if (given === undefined && rows.length === 1) return rows[0]!;
  const found = rows.find((row) => languageKey(row.language) === languageKey(given ?? ''));
  if (found) return found;
  throw new TidingsError(
    'invalid_argument',
    given === undefined
      ? `The template ${name} is there in ${languages.join(', ')}.`
      : `The template ${name} is not there in "${given}", but in ${languages.join(', ')}.`,
    { fix: (words) => `Give one of them as ${words.argument('language')}. Nothing was sent.` },
  );
}

async function make(
  asked: Asked,
  { templates }: TemplateAccount,
  input: TemplateInput,
): Promise<ChosenTemplate | null> {
  const { ledger, sender, audience, body, siteName, before } = asked;
  const { id } = sender.about;
  if (input.template_values !== undefined)
    throw new TidingsError(
      'invalid_argument',
      (words) => `${words.argument('template_values')} belongs to a template that has a name.`,
      { fix: 'Name the template, or write the values into the message. Nothing was sent.' },
    );
  const isNeeded = await anyOutside(ledger, audience, sender.about, Date.now());
  const language = findLanguage(asked, input);
  if (language.code === null) {
    if (!isNeeded) return null;
    throw new TidingsError(
      'invalid_argument',
      'The message does not tell its language, which its template needs.',
      {
        fix: (words) => `Give ${words.argument('language')}, as es or pt_BR. Nothing was sent.`,
      },
    );
  }
  const made = makeContent(body, language.code, input.template ?? {});
  if (made.faults.length > 0) {
    if (!isNeeded) return null;
    throw new TidingsError(
      'invalid_template',
      `Some of these people did not write within 24 hours and can be reached by a template only, and none can be made of this message. ${made.faults.join(' ')}`,
      {
        fix: (words) =>
          `Change the message, or name an approved template with ${words.argument('template')}. Nothing was sent.`,
      },
    );
  }
  const category: Category = input.category ?? 'marketing';
  const notices = [...language.notices];
  const key = contentKey(made.content);
  const kept = keptUse(before, key);
  if (kept && (await isThere(ledger, id, kept)))
    return { use: kept, changes: made.changes, isNeeded, samples: null, notices };
  if (isNeeded) {
    const problem = await syncIfStale(ledger, id, templates);
    if (problem) notices.push(`The templates that are there could not be asked for: ${problem.message}`);
  }
  const found = best(await findByContent(ledger, id, key), category);
  const content = found ? contentOf(found) : made.content;
  const use: TemplateUse = {
    name: found?.name ?? templateName(made.content, category),
    content,
    category,
    isMade: true,
    values: renamed(made.values, made.content, content),
    ...(made.filename !== undefined && { filename: made.filename }),
    ...(Object.keys(made.payloads).length > 0 && { payloads: made.payloads }),
  };
  parseTemplate(use);
  if (found && found.status !== 'DRAFT' && found.category !== category)
    notices.push(`The template with these words, ${found.name}, is of the category ${found.category}.`);
  const samples = await samplesOf(ledger, audience, use, siteName);
  return { use, changes: made.changes, isNeeded, samples, notices };
}

function findLanguage(
  { body, usualLanguage }: Asked,
  input: TemplateInput,
): { code: string | null; notices: string[] } {
  const given = input.language ?? input.template?.language;
  if (given !== undefined) {
    const code = canonicalLanguage(given);
    if (code === null)
      throw new TidingsError('invalid_argument', `"${given}" is no language.`, {
        fix: 'Write it as en, es or pt_BR.',
      });
    return {
      code,
      notices: isKnownLanguage(code) ? [] : [`WhatsApp may not know the language ${code}.`],
    };
  }
  if (usualLanguage !== null) return { code: usualLanguage, notices: [] };
  return { code: detectLanguage(literalText(body.segments)), notices: [] };
}

/** The template that the send has already, where it says the same: a call that is repeated changes nothing. */
function keptUse(before: SendRow | undefined, key: string): TemplateUse | null {
  if (!before?.template) return null;
  const use = JSON.parse(before.template) as TemplateUse;
  return use.isMade && contentKey(use.content) === key ? use : null;
}

async function isThere(ledger: Ledger, sender: string, { name, content }: TemplateUse): Promise<boolean> {
  const row = await findTemplate(ledger, { sender, name, language: content.language });
  return row !== undefined && row.status !== 'DELETED';
}

/** Of templates with the same words: one that may leave before one that waits, and of the wanted category first. */
function best(rows: readonly TemplateRow[], category: Category): TemplateRow | undefined {
  const rank = (row: TemplateRow) =>
    (usabilityOf(row.status) === 'usable' ? 0 : 2) + (row.category === category ? 0 : 1);
  return rows
    .filter(({ status }) => usabilityOf(status) !== 'blocked')
    .toSorted((one, other) => rank(one) - rank(other))[0];
}

/** The same values under the names that the slots have there: the words are equal, so their order is. */
function renamed(
  values: Readonly<Record<string, string>>,
  made: Parameters<typeof slotsOf>[0],
  there: Parameters<typeof slotsOf>[0],
): Record<string, string> {
  const [from, to] = [slotsOf(made), slotsOf(there)];
  return Object.fromEntries(to.map(({ key }, at) => [key, values[from[at]!.key] ?? '']));
}
