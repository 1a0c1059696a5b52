import type { Sender } from '../../core/deliveries/sender.ts';
import { detectLanguage } from '../../core/messages/language-of.ts';
import { literalText } from '../../core/messages/merge-text.ts';
import type { Message } from '../../core/messages/message.ts';
import type { TemplateUse } from '../../core/messages/template-message.ts';
import { canonicalLanguage } from '../../core/templates/check-template.ts';
import { contentOf, findByName } from '../../core/templates/template.store.ts';
import { languageKey, slotsOf, templateName } from '../../core/templates/template.ts';
import { TidingsError } from '../../errors.ts';
import type { Reader } from '../../ledger/ledger.ts';
import type { TemplateInput } from './choose-template.ts';
import { makeContent } from './make-content.ts';

/** A template as a send would use it, also while not all of its slots are filled in. */
interface PreviewedUse {
  readonly use: TemplateUse;
  readonly status: string;
  /** Why it could not be made. */
  readonly faults: readonly string[];
}

/**
 * The template that is named, or that would be made of the message, as it is known here: whoever writes is shown it with every
 * word, and no provider is asked. null: everybody gets the text.
 * @throws TidingsError `not_found` when none of that name is known
 */
export async function previewUse(
  reader: Reader,
  { account, about }: Sender,
  { body }: Message,
  input: TemplateInput,
  usualLanguage: string | null,
): Promise<PreviewedUse | null> {
  if (!account) return null;
  const name = input.template?.name;
  const wanted = input.language ?? input.template?.language;
  if (name !== undefined) {
    const rows = await findByName(reader, about.id, name);
    const row =
      wanted === undefined
        ? rows[0]
        : rows.find(({ language }) => languageKey(language) === languageKey(wanted));
    if (!row)
      throw new TidingsError('not_found', `There is no template "${name}" here.`, {
        fix: (words) => `${words.operation('templates.sync')} reads those of the account.`,
      });
    const content = contentOf(row);
    const values = Object.fromEntries(
      slotsOf(content).map(({ key }) => [key, input.template_values?.[key] ?? '']),
    );
    const category = row.category === 'utility' ? 'utility' : 'marketing';
    return { use: { name, content, category, isMade: false, values }, status: row.status, faults: [] };
  }
  const language =
    canonicalLanguage(wanted ?? usualLanguage ?? '') ?? detectLanguage(literalText(body.segments));
  if (language === null) return null;
  const { content, values, faults } = makeContent(body, language, input.template ?? {});
  const category = input.category ?? 'marketing';
  const use = { name: templateName(content, category), content, category, isMade: true, values };
  return { use, status: 'DRAFT', faults };
}
