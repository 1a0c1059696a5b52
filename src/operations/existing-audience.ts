import { type AudienceRow, findAudience } from '../core/audiences/audience.store.ts';
import { TidingsError } from '../errors.ts';
import type { Reader } from '../ledger/ledger.ts';

/** @throws TidingsError `not_found` when it never was or was deleted. */
export async function existingAudience(reader: Reader, id: string): Promise<AudienceRow> {
  const audience = await findAudience(reader, id);
  if (audience) return audience;
  throw new TidingsError('not_found', `There is no audience ${id}; it may have been deleted.`, {
    fix: (words) => `${words.operation('audience.list')} shows the audiences there are.`,
  });
}
