import { TidingsError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { Tidings } from '../tidings.ts';
import { call, type Result } from './context.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Audiences in one answer of the list. */
const PAGE = 200;

/**
 * An audience as somebody names it: its id as it is, or a name that only one has.
 * @throws TidingsError `invalid_argument` when none or several are called so
 */
export async function audienceId(tidings: Tidings, given: unknown): Promise<string | undefined> {
  if (typeof given !== 'string') return undefined;
  const name = given.trim();
  if (name === '' || UUID.test(name)) return given;
  const found: string[] = [];
  const others = new Set<string>();
  let cursor: unknown;
  do {
    const page: Result = await call(tidings, 'audience.list', { limit: PAGE, cursor });
    for (const one of page['audiences'] as Result[])
      if (one['name'] === name) found.push(String(one['id']));
      else others.add(String(one['name']));
    cursor = page['next_cursor'] ?? undefined;
  } while (cursor !== undefined);
  if (found.length === 1) return found[0]!;
  const fix = 'tidings audience list shows them with their ids.';
  if (found.length === 0) {
    // Of names in other scripts nothing is left to be compared.
    const near = /[a-z0-9]{2}/i.test(name) ? nearest(name, [...others]) : null;
    const meant = near === null ? '.' : `; did you mean "${near}"?`;
    throw new TidingsError('invalid_argument', `There is no audience "${given}"${meant}`, { fix });
  }
  throw new TidingsError('invalid_argument', `${found.length} audiences are called "${given}".`, {
    fix: `Give the id of one of them: ${fix}`,
  });
}
