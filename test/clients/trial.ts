import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSmtpServer } from '../support/smtp-server.ts';
import { TidingsProcess } from '../support/tidings-process.ts';
import { endsWithUs } from '../support/until-exit.ts';

/** A server of ours with a key and a mail server, and programs from npm that are run against it in a home of their own. */

export const MAIN = join(import.meta.dirname, '../../src/main.ts');
export const KEY = 'a-key-of-forty-characters-for-this-test!';
export const HEADER = `Authorization: Bearer ${KEY}`;

const PROGRAMS = {
  mcporter: ['mcporter@0.12.3', 'mcporter'],
  inspector: ['@modelcontextprotocol/inspector@2.12.0', 'mcp-inspector'],
  conformance: ['@modelcontextprotocol/conformance@0.1.16', 'conformance'],
  'conformance-next': ['@modelcontextprotocol/conformance@0.2.0-alpha.12', 'conformance'],
  claude: ['@anthropic-ai/claude-code@2.1.332', 'claude'],
  codex: ['@openai/codex@0.169.0', 'codex'],
  gemini: ['@google/gemini-cli@0.61.0', 'gemini'],
} as const;
export type Program = keyof typeof PROGRAMS;

export interface Ran {
  readonly code: number | null;
  readonly out: string;
}

/** The home, and the folder, of everything that is run. */
export const folder = mkdtempSync(join(tmpdir(), 'tidings-clients-'));
/** Who was written to, by each message that the mail server took. */
export const accepted: string[] = [];

const smtp = await startSmtpServer({
  onMessage: async (raw) => {
    await sleep(200);
    accepted.push(/^To: .*?([\w.]+@example\.com)/m.exec(raw)?.[1] ?? raw);
    return null;
  },
});
const server = new TidingsProcess(['serve'], {
  TIDINGS_DATA_DIR: join(folder, 'data'),
  ...{ PORT: '0', TIDINGS_API_KEY: KEY, TIDINGS_CONFIRM: 'token', LOG_LEVEL: 'info' },
  ...{ SMTP_URL: `${smtp.url}?tls=off`, SMTP_CONNECTIONS: '1', EMAIL_FROM: 'Shop <news@example.com>' },
});
await server.ready;
export const url = `${server.url}/mcp`;

/** Every program under its own name, as it is once it is installed. */
const bin = join(folder, 'bin');
mkdirSync(bin);
const commands = Object.entries(PROGRAMS).map(([name, [from, command]]) => [
  name,
  `npx -y --package=${from} -- ${command}`,
]);
for (const [name, command] of [...commands, ['tidings', `'${process.execPath}' '${MAIN}'`]]) {
  writeFileSync(join(bin, name!), `#!/bin/sh\nexec ${command} "$@"\n`);
  chmodSync(join(bin, name!), 0o755);
}

export const env: Record<string, string> = {
  ...(process.env as Record<string, string>),
  HOME: folder,
  PATH: [bin, process.env['PATH']].join(delimiter),
  npm_config_cache: join(homedir(), '.npm'),
  ...{ CI: '1', DISABLE_AUTOUPDATER: '1', TIDINGS_API_KEY: KEY, TIDINGS_DATA_DIR: join(folder, 'data') },
};

interface Where {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function start(
  command: Program | 'sh',
  args: readonly string[],
  where: Where = {},
): { child: ChildProcess; ran: Promise<Ran> } {
  const child = spawn(join(command === 'sh' ? '/bin' : bin, command), args, {
    cwd: where.cwd ?? folder,
    env: { ...env, ...where.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  endsWithUs(child);
  const ran = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([out, err, [code]]): Ran => ({ code: code as number | null, out: out + err }),
  );
  return { child, ran };
}

export const run = (command: Program | 'sh', args: readonly string[], where?: Where): Promise<Ran> =>
  start(command, args, where).ran;

let failed = 0;

/** Each is told as one line; what is wrong makes the exit code 1. */
export function told(what: string, isRight: boolean, { code, out }: Ran): void {
  console.log(`${isRight ? 'ok  ' : 'FAIL'} ${what}`);
  if (isRight) return;
  failed += 1;
  console.log(`     exit ${code}: ${out.slice(-2_000)}`);
}

/** @returns how many things were wrong */
export async function endTrial(): Promise<number> {
  await server.end('SIGTERM');
  await smtp.stop();
  rmSync(folder, { recursive: true, force: true });
  return failed;
}
