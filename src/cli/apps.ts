import type { Command } from 'commander';
import { answer, jsonOption, more, type Options, pageOptions, type Result, type Run } from './context.ts';
import type { Output } from './output.ts';

export function addAppCommands(program: Command, run: Run): void {
  const apps = program.command('apps').description('apps that people have connected (OAUTH_ISSUER=self)');

  jsonOption(pageOptions(apps.command('list'), 'apps'))
    .description('list them, with who let each in, role, state and last use')
    .action(({ limit, cursor }: Options) =>
      run((context) => answer(context, 'apps.list', { limit, cursor }, showList)),
    );

  jsonOption(apps.command('revoke <app>'))
    .description('disconnect an app, by its id; it stops within a second')
    .action((app: string) =>
      run((context) =>
        answer(
          context,
          'apps.revoke',
          { app },
          ({ name, person }) => `${name} may do nothing for ${person} any more.`,
          {
            app: '<app>',
          },
        ),
      ),
    );
}

function showList(found: Result, output: Output): string {
  const rows = (found['apps'] as Result[]).map((one) => [
    ...[
      one['app_id'],
      one['name'],
      one['host'],
      one['person'],
      one['role'],
      one['state'],
      one['last_used_at'],
    ],
  ]);
  if (rows.length === 0) return 'No app is connected. People connect them from the app itself.';
  return (
    output.table(['app_id', 'name', 'codes_to', 'person', 'role', 'state', 'last_used'], rows) + more(found)
  );
}
