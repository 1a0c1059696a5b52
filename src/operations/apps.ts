import * as z from 'zod';
import type { Access } from '../core/access/access.ts';
import { findGrant, listGrants, type OwnedGrant, revokeGrant } from '../core/access/oauth/oauth.store.ts';
import type { Principal } from '../core/access/principal.ts';
import { allows, lowerOf } from '../core/access/role.ts';
import { TidingsError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { role } from './keys.ts';
import { type Operation, operation } from './operation.ts';

const success = z.literal(true);
const oneApp = z.looseObject({
  app_id: z.string(),
  name: z.string().describe('As the app names itself'),
  host: z.string().describe('Where its codes went'),
  person: z.string().describe('Who let it in'),
  role: role.describe('What it may: what it was allowed, and its person may'),
  state: z.enum(['connected', 'revoked']),
  connected_at: z.string(),
  last_used_at: z.string().nullable().describe('To the minute'),
});

/** Apps that people have connected (`OAUTH_ISSUER=self`). Everybody sees and ends their own, an admin all of them. */
export function appOperations({ ledger, access }: { ledger: Ledger; access: Access }): Operation[] {
  return [
    operation({
      name: 'apps.list',
      summary: 'Lists the apps that people have connected, with who let them in, role and last use.',
      effect: 'read',
      isForPersons: true,
      route: 'GET /apps',
      input: z.object({
        limit: z.int().min(1).max(200).default(50).describe('Apps in one answer'),
        cursor: z.string().max(100).optional().describe('next_cursor of the answer before'),
      }),
      output: z.looseObject({ success, apps: z.array(oneApp), next_cursor: z.string().nullable() }),
      async run({ limit, cursor = '' }, { caller: { principal } }) {
        const userId = seesAll(principal) ? null : principal.id;
        const rows = await listGrants(ledger, { userId, afterId: cursor, limit: limit + 1 });
        const shown = rows.slice(0, limit);
        const next_cursor = rows.length > shown.length ? shown.at(-1)!.id : null;
        return { success: true as const, apps: shown.map(toApp), next_cursor };
      },
    }),

    operation({
      name: 'apps.revoke',
      summary: 'Disconnects an app within a second, in all processes; what it has started goes on.',
      effect: 'stop',
      isForPersons: true,
      route: 'DELETE /apps/{app}',
      input: z.object({ app: z.string().min(1).max(100).describe('Its app_id') }),
      output: z.looseObject({ success, ...oneApp.shape }),
      async run({ app }, { caller: { principal } }) {
        const revoked = await ledger.write(async (tx) => {
          const grant = await findGrant(tx, app);
          const isTheirs = seesAll(principal) || grant?.user_id === principal.id;
          if (!grant || grant.connected_at === null || !isTheirs)
            throw new TidingsError('not_found', `There is no app "${app}".`, {
              fix: (words) => `${words.operation('apps.list')} shows what there is.`,
            });
          await revokeGrant(tx, grant.id, Date.now());
          return (await findGrant(tx, grant.id))!;
        });
        access.forget();
        return { success: true as const, ...toApp(revoked) };
      },
    }),
  ];
}

/** Where nothing may be changed an admin is a viewer, and sees their own. */
function seesAll({ role, kind }: Principal): boolean {
  return allows(role, 'administer') || kind === 'machine';
}

function toApp(row: OwnedGrant): z.output<typeof oneApp> {
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return {
    ...{ app_id: row.id, name: row.client_name, host: row.client_host, person: row.user_name },
    role: lowerOf(row.role, row.user_role),
    state: row.revoked_at === null ? 'connected' : 'revoked',
    connected_at: time(row.connected_at)!,
    last_used_at: time(row.used_at),
  };
}
