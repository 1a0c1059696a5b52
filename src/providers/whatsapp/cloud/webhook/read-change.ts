import type { EventDetail } from '../../../../core/events/event.ts';
import { isLoose, textIn } from '../../../loose.ts';

/** Which template of which account a `template_changed` of Meta is about; null: it does not say. */
export function readTemplateChange({
  raw,
}: EventDetail): { account: string; name: string; language: string } | null {
  const account = textIn(raw, 'account');
  const value = isLoose(raw) ? raw['value'] : undefined;
  const name = textIn(value, 'message_template_name', 512);
  const language = textIn(value, 'message_template_language');
  return account === null || name === null || language === null ? null : { account, name, language };
}

/** Of which account an `account_changed` is. */
export function readAccount({ raw }: EventDetail): string | null {
  return textIn(raw, 'account');
}
