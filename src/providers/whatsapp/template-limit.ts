import type { Outcome } from '../../core/deliveries/sender.ts';
import type { MergeValues } from '../../core/leads/lead.ts';
import { fillSlot, type TemplateMessage } from '../../core/messages/template-message.ts';
import { characters, MOST } from '../../core/templates/check-template.ts';
import { fillSlots } from '../../core/templates/template.ts';

/** Of the whole text of a template, values included, WhatsApp takes 1,024 characters; null: it is no longer. */
export function refuseLongTemplate(template: TemplateMessage, values: MergeValues): Outcome | null {
  const body = fillSlots(template.content.body, (name) => {
    const slot = template.slots.find((one) => one.slot.in === 'body' && one.slot.name === name);
    return slot ? fillSlot(slot, values) : '';
  });
  const length = characters(body);
  if (length <= MOST.body) return null;
  return {
    type: 'permanent',
    code: 'message_too_long',
    message: `With this lead's values the template has ${length} characters, and holds at most ${MOST.body}.`,
  };
}
