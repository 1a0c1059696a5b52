import type { Command } from 'commander';
import {
  answer,
  jsonOption,
  more,
  number,
  type Options,
  pageOptions,
  type Result,
  type Run,
} from './context.ts';
import type { Output } from './output.ts';

const SPELLING = { key: '<key>', name: '--name' };
const ROLES = 'viewer, author, operator or admin';

export function addKeyCommands(program: Command, run: Run): void {
  const keys = program.command('keys').description('keys for programs: who may call, and what each may');

  jsonOption(keys.command('create'))
    .description('make a key, and show it this once')
    .requiredOption('--name <name>', 'who it is for')
    .requiredOption('--role <role>', ROLES)
    .option('--expires <time>', 'when it ends: 90d, or 2027-01-31T00:00:00Z (default: never)')
    .option('--daily <n>', 'recipients of live sends a day', number('--daily'))
    .addHelpText(
      'after',
      `
viewer reads, author also adds and changes leads, audiences and templates, operator also sends, admin also makes keys. From
the first key or person on, every program has to show one, on this machine too; the command line has not.

Example:
  $ tidings keys create --name assistant --role operator --daily 5000 --expires 90d`,
    )
    .action(({ name, role, expires, daily }: Options) =>
      run((context) =>
        answer(context, 'keys.create', { name, role, expires, daily }, showMade, SPELLING, 'create'),
      ),
    );

  jsonOption(pageOptions(keys.command('list'), 'keys'))
    .description('list the keys, with role, state and last use')
    .action(({ limit, cursor }: Options) =>
      run((context) => answer(context, 'keys.list', { limit, cursor }, showList)),
    );

  jsonOption(keys.command('revoke <key>'))
    .description('end a key, by its name or id; it stops within a second')
    .addHelpText('after', '\nExample:\n  $ tidings keys revoke assistant')
    .action((key: string) =>
      run((context) =>
        answer(
          context,
          'keys.revoke',
          { key },
          ({ name }) => `The key ${name} opens nothing any more.`,
          SPELLING,
        ),
      ),
    );
}

function showMade({ key, name, role, expires_at }: Result): string {
  const until = expires_at ? `, until ${expires_at}` : '';
  return `${key}\n\nThe key of ${name} (${role}${until}). It is not shown again: Authorization: Bearer ${key}`;
}

function showList(found: Result, output: Output): string {
  const rows = (found['keys'] as Result[]).map((one) => [
    ...[one['name'], one['role'], one['state'], one['daily'], one['expires_at'], one['last_used_at']],
  ]);
  if (rows.length === 0) return 'No keys yet. tidings keys create makes one.';
  return output.table(['name', 'role', 'state', 'daily', 'expires', 'last_used'], rows) + more(found);
}
