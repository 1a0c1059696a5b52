import type { AudienceRow } from '../../core/audiences/audience.store.ts';
import { listMembers } from '../../core/deliveries/list-members.ts';
import { toMergeValues } from '../../core/leads/lead.ts';
import { fillSlot, parseTemplate, type TemplateUse } from '../../core/messages/template-message.ts';
import type { Reader } from '../../ledger/ledger.ts';

const LOOKED_AT = 100;
const LONGEST = 100;

/** By slot, what a lead of the audience would read there: of one lead all of it, where somebody has all. */
export async function samplesOf(
  reader: Reader,
  audience: AudienceRow,
  use: TemplateUse,
  siteName: string | null,
): Promise<Record<string, string>> {
  const { slots } = parseTemplate(use);
  const samples: Record<string, string> = {};
  for (const row of slots.length === 0 ? [] : await listMembers(reader, audience, 0, 1, LOOKED_AT)) {
    // Of long metadata a list shows nothing.
    if (row.deleted_at !== null || row.metadata === '') continue;
    const values = toMergeValues(row, siteName);
    const own = slots
      .map((one) => [one.slot.key, fillSlot(one, values).slice(0, LONGEST)] as const)
      .filter(([, value]) => value);
    if (own.length === slots.length) return Object.fromEntries(own);
    for (const [key, value] of own) samples[key] ??= value;
  }
  return samples;
}
