import type { Command } from 'commander';
import { type CommandContext, jsonOption, type Options, type Run } from './context.ts';

export function addDkimCommands(program: Command, run: Run): void {
  const dkim = program.command('dkim').description('the key that emails are signed with');

  jsonOption(dkim.command('create'))
    .description('make a key, and print its DNS record and the settings')
    .option('--domain <domain>', 'domain that signs (default: DKIM_DOMAIN, or that of EMAIL_FROM)')
    .option('--selector <name>', 'name of the key within the domain (default: tidings)')
    .option('--out <file>', 'where the key goes (default: dkim-SELECTOR.pem)')
    .option('--ed25519', 'an Ed25519 key, as a second one beside RSA: not every receiver knows them')
    .addHelpText(
      'after',
      '\nThe file is for this user alone, and no file is written over. Needs no data folder.' +
        '\n\nExample:\n  $ tidings dkim create --domain example.com --out /etc/tidings/dkim.pem',
    )
    .action((options: Options) => run((context) => create(context, options)));
}

async function create({ host, output }: CommandContext, options: Options): Promise<number> {
  // Loaded when a key is made, which most commands never do.
  const { createDkimKey } = await import('../upkeep/create-dkim-key.ts');
  const text = (given: Options[string]) => (given === undefined ? undefined : String(given));
  const made = createDkimKey({
    domain: text(options['domain']) ?? (host.env['DKIM_DOMAIN']?.trim() || undefined),
    from: host.env['EMAIL_FROM']?.trim(),
    selector: text(options['selector']),
    file: text(options['out']),
    isEd25519: options['ed25519'] === true,
  });
  const settings = Object.entries(made.settings).map(([variable, value]) => `${variable}=${value}`);
  output.result({ success: true, ...made }, () =>
    [
      `The key is in ${made.file}, which only this user can read.`,
      `Add this record to the domain, as a zone file has it:\n\n${made.record}`,
      `Where a form asks for a name and a value:\n\n${made.name}\n${made.value}`,
      `Then set:\n\n${settings.join('\n')}`,
      'tidings doctor tells whether the record can be seen.',
    ].join('\n\n'),
  );
  return 0;
}
