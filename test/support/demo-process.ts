import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { endsWithUs } from './until-exit.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const LAST_WORDS = 'It stays up until Ctrl-C';

/** The demo as a process that stays up, once it has said all that it says. */
export async function startDemo(args: readonly string[], folder: string) {
  const child = spawn(process.execPath, [MAIN, 'demo', ...args], {
    env: { PATH: process.env['PATH'], TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  endsWithUs(child);
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes(LAST_WORDS)) break;
  }
  return {
    text,
    /** The address that stands on a line of its own, for a browser. */
    page: new URL(/^ {2}(http:\S+)$/m.exec(text)?.[1] ?? 'none:'),
    /** As Ctrl-C does. @returns its exit code */
    async end(): Promise<number | null> {
      if (child.exitCode === null) child.kill('SIGINT');
      return ended;
    },
  };
}
