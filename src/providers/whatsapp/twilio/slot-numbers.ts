import {
  slotNames,
  slotsOf,
  type TemplateContent,
  type TemplateSlot,
} from '../../../core/templates/template.ts';

/** Begins the name of a slot that has the number of another one: Twilio has one value for both. */
export const SAME = 'same_';

export interface NumberedSlot {
  readonly slot: TemplateSlot;
  /** Of `ContentVariables`; null: another slot gives the value. */
  readonly number: string | null;
}

/**
 * Twilio counts the slots of a whole template, Meta and we those of each part. A template that came from Twilio has its
 * numbers; one of ours is numbered from the header to the buttons, the same way each time.
 */
export function numberSlots(content: TemplateContent): NumberedSlot[] {
  const named = slotsOf(content)
    .filter(({ takes }) => takes === 'text' || takes === 'suffix' || takes === 'code')
    .map((slot) => ({ slot, name: nameOf(slot, content) }));
  const own = named.map(({ name }) => name).filter((name) => !name.startsWith(SAME));
  const isNumbered = own.every((name) => /^\d+$/.test(name)) && new Set(own).size === own.length;
  return named.map(({ slot, name }, at) => {
    if (name.startsWith(SAME)) return { slot, number: null };
    return { slot, number: isNumbered ? name : String(at + 1) };
  });
}

function nameOf(slot: TemplateSlot, { buttons }: TemplateContent): string {
  const button = slot.takes === 'suffix' ? buttons[slot.button] : undefined;
  return button?.kind === 'url' ? slotNames(button.url)[0]! : slot.name;
}

/** The number of each slot of a part, by the name that it has there. */
export function numbersIn(content: TemplateContent, part: 'header' | 'body'): ReadonlyMap<string, string> {
  return new Map(
    numberSlots(content).flatMap(({ slot, number }) =>
      slot.in === part && number !== null ? [[slot.name, number] as const] : [],
    ),
  );
}

export function numberOfButton(content: TemplateContent, button: number): string | null {
  return (
    numberSlots(content).find(({ slot }) => slot.in === 'button' && slot.button === button)?.number ?? null
  );
}
