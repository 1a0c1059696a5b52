import type { MergeValues } from '../../../core/leads/lead.ts';
import { type FilledSlot, fillSlot, type TemplateMessage } from '../../../core/messages/template-message.ts';
import { MEDIA_KINDS } from '../../../core/templates/template.ts';

/** A header's picture, film or paper, by its id at the provider. */
interface MediaPlace {
  readonly id: string;
}

/**
 * `template` of a message to one recipient (Cloud API, "Template messages"): a component for each that has values, one
 * list of parameters each, and nothing for those that have none, which is refused.
 * @param media where the header's media is; null: it has none
 */
export function templatePayload(
  message: TemplateMessage,
  values: MergeValues,
  media: MediaPlace | null,
): object {
  const { name, content, slots, payloads = {} } = message;
  const of = (where: FilledSlot['slot']['in']) => slots.filter(({ slot }) => slot.in === where);
  const header = of('header').map((one) => headerParameter(one, message, values, media));
  const body = of('body').map((one) => {
    const { name: slot } = one.slot;
    const isNamed = !/^\d+$/.test(slot);
    return { type: 'text', ...(isNamed && { parameter_name: slot }), text: fillSlot(one, values) };
  });
  const buttons = of('button').map((one) => ({
    type: 'button',
    sub_type: one.slot.takes === 'suffix' ? 'url' : 'copy_code',
    index: String(one.slot.button),
    parameters: [
      one.slot.takes === 'suffix'
        ? { type: 'text', text: fillSlot(one, values) }
        : { type: 'coupon_code', coupon_code: fillSlot(one, values) },
    ],
  }));
  const replies = Object.entries(payloads).map(([at, payload]) => ({
    type: 'button',
    sub_type: 'quick_reply',
    index: at,
    parameters: [{ type: 'payload', payload }],
  }));
  const components = [
    ...(header.length > 0 ? [{ type: 'header', parameters: header }] : []),
    ...(body.length > 0 ? [{ type: 'body', parameters: numbered(body, of('body')) }] : []),
    ...buttons,
    ...replies,
  ];
  return {
    name,
    language: { code: content.language },
    ...(components.length > 0 && { components }),
  };
}

/** Positional ones by their number, wherever they stand in the text. */
function numbered<T>(parameters: readonly T[], slots: readonly FilledSlot[]): T[] {
  const order = slots.map(({ slot }, at) => ({ at, number: Number(slot.name) }));
  if (order.every(({ number }) => Number.isInteger(number)))
    order.sort((one, other) => one.number - other.number);
  return order.map(({ at }) => parameters[at]!);
}

function headerParameter(
  one: FilledSlot,
  { filename }: TemplateMessage,
  values: MergeValues,
  media: MediaPlace | null,
): object {
  const { takes, name } = one.slot;
  const value = fillSlot(one, values);
  if (takes === 'location') return { type: 'location', location: readLocation(value) };
  const kind = MEDIA_KINDS.find((each) => each === takes);
  if (kind) return { type: kind, [kind]: { ...media, ...(kind === 'document' && filename && { filename }) } };
  const isNamed = !/^\d+$/.test(name);
  return { type: 'text', ...(isNamed && { parameter_name: name }), text: value };
}

/** `latitude, longitude, name, address`: the last may hold commas of its own. */
export function readLocation(text: string): object {
  const [latitude = '', longitude = '', name = '', ...address] = text.split(',').map((part) => part.trim());
  return { latitude, longitude, name, address: address.join(', ') };
}
