import type { Command } from 'commander';
import { answer, jsonOption, more, type Options, pageOptions, type Result, type Run } from './context.ts';
import type { Output } from './output.ts';

const SPELLING = { user: '<name>', name: '<name>' };
const ROLES = 'viewer, author, operator or admin';

export function addUserCommands(program: Command, run: Run): void {
  const users = program.command('users').description('people who may sign in at the dashboard');

  jsonOption(users.command('add <name>'))
    .description('add a person, and print a link by which they set a password: once, within 24 hours')
    .requiredOption('--role <role>', ROLES)
    .addHelpText('after', '\nExample:\n  $ tidings users add ana --role operator')
    .action((name: string, { role }: Options) =>
      run((context) => answer(context, 'users.add', { name, role }, showLink, SPELLING, 'create')),
    );

  jsonOption(pageOptions(users.command('list'), 'people'))
    .description('list who may sign in')
    .action(({ limit, cursor }: Options) =>
      run((context) => answer(context, 'users.list', { limit, cursor }, showList)),
    );

  jsonOption(users.command('role <name>'))
    .description('give a person another role')
    .requiredOption('--role <role>', ROLES)
    .action((user: string, { role }: Options) =>
      run((context) =>
        answer(
          context,
          'users.role',
          { user, role },
          (done) => `${done['name']} is ${done['role']} now.`,
          SPELLING,
        ),
      ),
    );

  jsonOption(users.command('link <name>'))
    .description('print a new link for somebody who lost the password')
    .action((user: string) => run((context) => answer(context, 'users.link', { user }, showLink, SPELLING)));

  jsonOption(users.command('remove <name>'))
    .description('remove a person, and end their sessions')
    .action((user: string) =>
      run((context) =>
        answer(context, 'users.remove', { user }, ({ name }) => `${name} cannot sign in any more.`, SPELLING),
      ),
    );
}

function showLink({ link, name, role }: Result): string {
  return `${link}\n\nFor ${name} (${role}), once, within 24 hours: it sets the password.`;
}

function showList(found: Result, output: Output): string {
  const rows = (found['users'] as Result[]).map((one) => [
    ...[one['name'], one['role'], one['has_password'] ? 'yes' : 'not yet', one['created_at']],
  ]);
  if (rows.length === 0) return 'Nobody yet. tidings users add makes a person.';
  return output.table(['name', 'role', 'signed_in', 'created_at'], rows) + more(found);
}
