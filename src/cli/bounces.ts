import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { TidingsError } from '../errors.ts';
import type { BounceJudgement, BounceKind } from '../upkeep/judge-mails.ts';
import { type CommandContext, jsonOption, type Run } from './context.ts';
import type { Output } from './output.ts';
import { fields } from './table.ts';

export function addBounceCommands(program: Command, run: Run): void {
  const bounces = program.command('bounces').description('mail that came back, and what it says');

  jsonOption(bounces.command('read <files...>'))
    .description('show how mails are judged: bounces, complaints, autoreplies; nothing is changed')
    .addHelpText(
      'after',
      '\nA file is one mail as it was received, or an mbox; - is standard input. Needs no data folder.' +
        '\n\nExamples:\n  $ tidings bounces read bounce.eml\n  $ tidings bounces read --json - < bounce.eml',
    )
    .action((files: string[]) => run((context) => readBounces(context, files)));
}

interface Judged extends BounceJudgement {
  readonly file: string;
}

async function readBounces({ host, output }: CommandContext, files: readonly string[]): Promise<number> {
  // Loaded when a mail is read, which most commands never do.
  const { judgeMails } = await import('../upkeep/judge-mails.ts');
  const all: Judged[] = [];
  for (const file of files) {
    const before = all.length;
    for await (const judged of judgeMails(file === '-' ? host.stdin : createReadStream(file)))
      all.push({ file, ...judged });
    if (all.length > before) continue;
    throw new TidingsError('invalid_file', `${file === '-' ? 'Standard input' : file} is empty.`, {
      fix: 'Give a mail as it was received, with its header: most programs call it "show source" or "save as .eml".',
    });
  }
  const [first] = all;
  const { file: _, ...alone } = first!;
  output.result(all.length === 1 ? { ...alone } : { mails: all }, () =>
    all.map((one) => show(one, all.length === 1, output)).join('\n\n'),
  );
  return 0;
}

/** What such a mail means for whoever sends. */
const MEANS: Readonly<Record<BounceKind, string>> = {
  hard: 'Nobody is there: not to be written to again.',
  soft: 'It may pass, like a full mailbox: only many in a row say more.',
  message: 'The message was refused, whoever it goes to.',
  sender: 'The sender was refused, whoever it writes to.',
  complaint: 'A reader called it spam: not to be written to again.',
  autoreply: 'Somebody is away, and the message arrived.',
  delayed: 'Still on its way.',
  none: 'No bounce.',
};

function show({ file, recipients, ...one }: Judged, alone: boolean, output: Output): string {
  const { bold } = output.colors;
  const told = {
    kind: one.kind,
    recipients: recipients.join(', '),
    status: one.status,
    reason: one.reason,
    delivery: one.delivery,
  };
  const known = Object.fromEntries(
    Object.entries(told).filter(([, value]) => value !== null && value !== ''),
  );
  return `${alone ? '' : `${bold(file)}\n`}${fields(known)}\n${MEANS[one.kind]}`;
}
