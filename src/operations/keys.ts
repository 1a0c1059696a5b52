import * as z from 'zod';
import { type Access, holds } from '../core/access/access.ts';
import { findKey, insertKey, type KeyRow, listKeys, revokeKey } from '../core/access/key.store.ts';
import { ROLES } from '../core/access/role.ts';
import { hashSecret, KEY_PREFIX, newSecret } from '../core/access/secret.ts';
import { readName } from '../core/access/sign-in.ts';
import { newId } from '../core/new-id.ts';
import { TidingsError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Operation, operation } from './operation.ts';

export const role = z
  .enum(ROLES)
  .describe('viewer reads; author also writes; operator also sends; admin also makes keys and people');
const success = z.literal(true);
const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

const oneKey = z.looseObject({
  key_id: z.string(),
  name: z.string(),
  role,
  daily: z.int().nullable().describe('Recipients of live sends a day; null: no limit'),
  state: z.enum(['valid', 'expired', 'revoked']),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  last_used_at: z.string().nullable().describe('To the minute'),
});

/** Keys for programs, each with a name and a role. What a key is, is shown once, when it is made. */
export function keyOperations({ ledger, access }: { ledger: Ledger; access: Access }): Operation[] {
  return [
    operation({
      name: 'keys.create',
      summary: 'Makes a key for a program, and shows it this once.',
      effect: 'administer',
      route: 'POST /keys',
      input: z.object({
        name: z.string().min(1).max(80).describe('Who it is for; shown wherever it did something'),
        role,
        expires: z
          .string()
          .max(100)
          .optional()
          .describe('When it ends: 2027-01-31T00:00:00Z, or 90d; default: never'),
        daily: z.int().min(1).max(1_000_000_000).optional().describe('Recipients of live sends a day'),
      }),
      output: z.looseObject({ success, key: z.string().describe('Shown once'), ...oneKey.shape }),
      async run({ name: given, role, expires, daily = null }) {
        const name = readName(given);
        const key = newSecret(KEY_PREFIX);
        const row = {
          ...{ id: newId(), name, hash: hashSecret(key), role, daily },
          ...{ created_at: Date.now(), expires_at: readExpiry(expires) },
        };
        await ledger.write(async (tx) => {
          if (await findKey(tx, name)) throw isThere(name);
          await insertKey(tx, row);
        });
        access.forget();
        return { success: true as const, key, ...toKey({ ...row, revoked_at: null, used_at: null }) };
      },
    }),

    operation({
      name: 'keys.list',
      summary: 'Lists the keys, also those that are over, with their role and last use.',
      effect: 'administer',
      route: 'GET /keys',
      input: z.object({
        limit: z.int().min(1).max(200).default(50).describe('Keys in one answer'),
        cursor: z.string().max(100).optional().describe('next_cursor of the answer before'),
      }),
      output: z.looseObject({ success, keys: z.array(oneKey), next_cursor: z.string().nullable() }),
      async run({ limit, cursor = '' }) {
        const rows = await listKeys(ledger, cursor, limit + 1);
        const shown = rows.slice(0, limit);
        const next_cursor = rows.length > shown.length ? shown.at(-1)!.id : null;
        return { success: true as const, keys: shown.map(toKey), next_cursor };
      },
    }),

    operation({
      name: 'keys.revoke',
      summary: 'Ends a key within a second, in all processes; what it has started goes on.',
      effect: 'administer',
      route: 'DELETE /keys/{key}',
      input: z.object({ key: z.string().min(1).max(100).describe('Its name or key_id') }),
      output: z.looseObject({ success, ...oneKey.shape }),
      async run({ key: given }) {
        const revoked = await ledger.write(async (tx) => {
          const key = await findKey(tx, given);
          if (!key)
            throw new TidingsError('not_found', `There is no key "${given}".`, {
              fix: (words) => `${words.operation('keys.list')} shows what there is.`,
            });
          await revokeKey(tx, key.id, Date.now());
          return (await findKey(tx, key.id))!;
        });
        access.forget();
        return { success: true as const, ...toKey(revoked) };
      },
    }),
  ];
}

function isThere(name: string): TidingsError {
  return new TidingsError('conflict', `There is a key named "${name}" already, and no key is shown twice.`, {
    fix: (words) => `Take another name, or end that one first: ${words.operation('keys.revoke')}.`,
  });
}

const DAY_MS = 86_400_000;
const isoTime = z.iso.datetime({ offset: true });

function readExpiry(text: string | undefined): number | null {
  if (text === undefined) return null;
  const days = /^(\d{1,4})d$/.exec(text)?.[1];
  const atMs = days
    ? Date.now() + Number(days) * DAY_MS
    : isoTime.safeParse(text).success
      ? Date.parse(text)
      : 0;
  if (atMs > Date.now()) return atMs;
  throw new TidingsError(
    'invalid_argument',
    (words) => `${words.argument('expires')} is "${text}", which is no time ahead.`,
    {
      fix: 'Give a time as 2027-01-31T00:00:00Z, or days as 90d.',
    },
  );
}

function toKey(row: KeyRow): z.output<typeof oneKey> {
  const state = row.revoked_at !== null ? 'revoked' : holds(row, Date.now()) ? 'valid' : 'expired';
  return {
    ...{ key_id: row.id, name: row.name, role: row.role, daily: row.daily, state },
    created_at: time(row.created_at)!,
    expires_at: time(row.expires_at),
    last_used_at: time(row.used_at),
  };
}
