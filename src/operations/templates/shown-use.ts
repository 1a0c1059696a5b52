import type { TemplateUse } from '../../core/messages/template-message.ts';
import { findTemplate, problemOf } from '../../core/templates/template.store.ts';
import type { Reader } from '../../ledger/ledger.ts';
import type { ShownUse } from './template.schema.ts';

/** The template of a send and how it stands now; null: everybody gets the text. */
export async function showUse(
  reader: Reader,
  { sender, template }: { readonly sender: string; readonly template: string | null },
  changes: readonly string[] = [],
): Promise<ShownUse | null> {
  if (template === null) return null;
  const { name, content, category, isMade, values } = JSON.parse(template) as TemplateUse;
  const row = await findTemplate(reader, { sender, name, language: content.language });
  const reason = row?.reason ?? (row && problemOf(row)?.message) ?? undefined;
  return {
    name,
    language: content.language,
    category: row?.category ?? category,
    status: row?.status ?? 'DRAFT',
    made: isMade,
    text: content.body,
    values: { ...values },
    ...(changes.length > 0 && { changes: [...changes] }),
    ...(reason !== undefined && { reason }),
  };
}
