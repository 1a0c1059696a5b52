import * as z from 'zod';
import type { Access } from '../core/access/access.ts';
import { makeLink, readName } from '../core/access/sign-in.ts';
import {
  findUser,
  insertUser,
  listUsers,
  removeUser,
  setRole,
  type UserRow,
} from '../core/access/user.store.ts';
import { newId } from '../core/new-id.ts';
import { TidingsError } from '../errors.ts';
import type { Ledger, Reader } from '../ledger/ledger.ts';
import { role } from './keys.ts';
import { type Operation, operation } from './operation.ts';

const success = z.literal(true);
const user = z.string().min(1).max(100).describe('The name or user_id of the person');
const oneUser = z.looseObject({
  user_id: z.string(),
  name: z.string(),
  role,
  has_password: z.boolean().describe('false: the link to sign in was not used yet'),
  created_at: z.string(),
});
const link = z.string().describe('Where the person sets a password and signs in: once, within 24 hours');

/**
 * People who may sign in. All that makes or changes one is for people themselves: by a person of its own making a program
 * would pass for one, and approve what it asked for.
 */
export function userOperations(options: {
  readonly ledger: Ledger;
  readonly access: Access;
  /** Where the dashboard is, as a browser reaches it. */
  readonly dashboardUrl: string;
}): Operation[] {
  const { ledger, access } = options;
  const toLink = (secret: string) => `${options.dashboardUrl.replace(/\/$/, '')}/sign-in#${secret}`;
  const forPeople = { effect: 'administer', isForPersons: true } as const;
  return [
    operation({
      name: 'users.add',
      summary: 'Adds a person, and makes a link by which they set a password and sign in.',
      ...forPeople,
      route: 'POST /users',
      input: z.object({ name: z.string().min(1).max(80).describe('The name to sign in with'), role }),
      output: z.looseObject({ success, link, ...oneUser.shape }),
      async run({ name: given, role }) {
        const row = { id: newId(), name: readName(given), role, password: null, created_at: Date.now() };
        const secret = await ledger.write(async (tx) => {
          if (await findUser(tx, row.name))
            throw new TidingsError('conflict', `There is somebody named "${row.name}" already.`, {
              fix: (words) => `${words.operation('users.link')} makes a new link for them.`,
            });
          await insertUser(tx, row);
          return makeLink(tx, row.id, row.created_at);
        });
        access.forget();
        return { success: true as const, link: toLink(secret), ...toUser(row) };
      },
    }),

    operation({
      name: 'users.list',
      summary: 'Lists the people who may sign in, with their role.',
      effect: 'administer',
      route: 'GET /users',
      input: z.object({
        limit: z.int().min(1).max(200).default(50).describe('People in one answer'),
        cursor: z.string().max(100).optional().describe('next_cursor of the answer before'),
      }),
      output: z.looseObject({ success, users: z.array(oneUser), next_cursor: z.string().nullable() }),
      async run({ limit, cursor = '' }) {
        const rows = await listUsers(ledger, cursor, limit + 1);
        const shown = rows.slice(0, limit);
        const next_cursor = rows.length > shown.length ? shown.at(-1)!.id : null;
        return { success: true as const, users: shown.map(toUser), next_cursor };
      },
    }),

    operation({
      name: 'users.role',
      summary: 'Gives a person another role; it holds within a second.',
      ...forPeople,
      route: 'PATCH /users/{user}',
      input: z.object({ user, role }),
      output: z.looseObject({ success, ...oneUser.shape }),
      async run({ user: given, role }) {
        const changed = await ledger.write(async (tx) => {
          const { id } = await existingUser(tx, given);
          await setRole(tx, id, role);
          return (await findUser(tx, id))!;
        });
        access.forget();
        return { success: true as const, ...toUser(changed) };
      },
    }),

    operation({
      name: 'users.link',
      summary:
        'Makes a new link for somebody who lost the password or the link before; that one opens nothing any more.',
      ...forPeople,
      route: 'POST /users/{user}/link',
      input: z.object({ user }),
      output: z.looseObject({ success, link, ...oneUser.shape }),
      async run({ user: given }) {
        const made = await ledger.write(async (tx) => {
          const row = await existingUser(tx, given);
          return { row, secret: await makeLink(tx, row.id, Date.now()) };
        });
        return { success: true as const, link: toLink(made.secret), ...toUser(made.row) };
      },
    }),

    operation({
      name: 'users.remove',
      summary: 'Removes a person, and ends their sessions within a second.',
      ...forPeople,
      route: 'DELETE /users/{user}',
      input: z.object({ user }),
      output: z.looseObject({ success, user_id: z.string(), name: z.string() }),
      async run({ user: given }) {
        const { id, name } = await ledger.write(async (tx) => {
          const row = await existingUser(tx, given);
          await removeUser(tx, row.id, Date.now());
          return row;
        });
        access.forget();
        return { success: true as const, user_id: id, name };
      },
    }),
  ];
}

async function existingUser(reader: Reader, given: string): Promise<UserRow> {
  const row = await findUser(reader, given);
  if (row) return row;
  throw new TidingsError('not_found', `There is nobody named "${given}".`, {
    fix: (words) => `${words.operation('users.list')} shows who there is.`,
  });
}

function toUser(row: Omit<UserRow, 'removed_at'>): z.output<typeof oneUser> {
  return {
    ...{ user_id: row.id, name: row.name, role: row.role, has_password: row.password !== null },
    created_at: new Date(row.created_at).toISOString(),
  };
}
