import type { Reader } from '../../ledger/ledger.ts';
import type { Message } from '../messages/message.ts';
import type { TemplateUse } from '../messages/template-message.ts';
import { findTemplate, type TemplateRow } from '../templates/template.store.ts';

/**
 * Whether a send reaches people who stopped marketing only: one that says it is for what they asked for or bought, and
 * whose template the provider has not taken for marketing.
 */
export function isUtility(
  { category }: Pick<TemplateUse, 'category'>,
  row: Pick<TemplateRow, 'category'> | undefined,
): boolean {
  return category === 'utility' && (row === undefined || row.category === 'utility');
}

/** The same of a send as it is stored. */
export async function isUtilitySend(
  reader: Reader,
  { sender, template }: { readonly sender: string; readonly template: string | null },
): Promise<boolean> {
  return template !== null && isUtilityUse(reader, sender, JSON.parse(template) as TemplateUse);
}

export async function isUtilityMessage(reader: Reader, sender: string, message: Message): Promise<boolean> {
  const template = message.channel === 'whatsapp' ? message.template : undefined;
  return template !== undefined && isUtilityUse(reader, sender, template);
}

async function isUtilityUse(reader: Reader, sender: string, use: TemplateUse): Promise<boolean> {
  if (use.category !== 'utility') return false;
  const { name, content } = use;
  return isUtility(use, await findTemplate(reader, { sender, name, language: content.language }));
}
