import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv, promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CliHost } from '../src/cli/host.ts';
import { runCli } from '../src/cli/run-cli.ts';
import { readConfig } from '../src/config.ts';
import { type HttpServer, startHttpServer } from '../src/http/server.ts';
import { openTidings } from '../src/open-tidings.ts';
import type { Tidings } from '../src/tidings.ts';
import { freshFolder, quiet, removeFolder } from './support/core.ts';
import { fakeHost } from './support/fake-host.ts';

const root = join(import.meta.dirname, '..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
// The changelog tells how it was; its commands need data of an older version.
const PAGES = globSync(['*.md', 'docs/**/*.md'], { cwd: root })
  .filter((page) => page !== 'CHANGELOG.md')
  .sort();

/** What a page needs of a machine that no test has; each is checked by what is said. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  ...{
    git: 'the clone is there',
    node: 'test/package.test.ts',
    ln: 'a link to bin/tidings.js',
    alias: 'a word',
  },
  ...{ useradd: 'an account', install: 'copies', mv: 'moves', cp: 'copies', sudo: 'as another user' },
  ...{ systemctl: 'systemd-analyze verify, below', docker: 'test/container.test.ts' },
  ...{ pg_dump: 'test/workers/restore.test.ts', createdb: 'the same', pg_restore: 'the same' },
  npx: 'vitest, whose project is there',
  ...{ claude: 'test/clients', codex: 'the same', gemini: 'the same', code: 'the same', goose: 'the same' },
};
/** Commands whose meaning needs more than a page can bring along: here only that they are written right. */
const ONLY_USAGE: readonly (readonly [RegExp, string])[] = [
  [/^sends (approve|reject)/, 'a send that waits: test/core/approvals.test.ts'],
  [/^sends resume/, 'a send that is paused: test/core/sends.test.ts'],
  [/^templates |--template /, 'an account of WhatsApp: test/core/templates.test.ts'],
  [/^apps revoke/, 'an app that was let in: test/core/connect.test.ts'],
  [/^restored/, 'data from a backup: test/backup.test.ts'],
  [/^migrate/, 'a PostgreSQL: test/move/migrate.test.ts'],
  [/^init/, 'answers: src/cli/init.test.ts'],
  [/--test-to/, 'an address of your own: test/core/test-messages.test.ts'],
];

let folder: string;
let tidings: Tidings;
let server: HttpServer;

beforeAll(async () => {
  folder = freshFolder();
  const config = readConfig({ TIDINGS_DATA_DIR: join(folder, 'data'), PORT: '0' });
  tidings = await openTidings(config, quiet);
  server = await startHttpServer({ tidings, version: '0', log: quiet, ...config });
  const lead = { name: 'Ana', email: 'ana@example.com', tags: ['vip'] };
  await fetch(`${server.url}/api/leads`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(lead),
  });
  cpSync(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
  cpSync(join(root, 'examples/people.csv'), join(folder, 'people.csv'));
  writeFileSync(join(folder, 'programme.pdf'), '%PDF-1.4\n');
  writeFileSync(join(folder, 'offer.html'), '<p>Hi {{lead.first_name | default: "there"}}!</p>');
});

afterAll(async () => {
  await server.close();
  await tidings.close();
  removeFolder(folder);
});

interface Said {
  readonly page: string;
  readonly argv: readonly string[];
}

/** Every command of every page, as a real shell understands it: with its quotes, comments and lines that go on. */
function commandsOf(pages: readonly string[]): Said[] {
  const names = ['tidings', 'curl', 'npm', ...Object.keys(ELSEWHERE)].filter((name) => name !== 'alias');
  const record = (name: string) => `${name}() { printf '%s\\0' ${name} "$@" $'\\1' >&3; }`;
  const stubs = [...names.map(record), 'cd() { :; }', '.ci() { :; }'].join('\n');
  const blocks = pages.flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/^( *)```sh\n(.*?)^ *```/gms)].map(([, , text]) => ({
      page,
      text: text!.replace(/^ *\.ci\/\S+/gm, ':'),
    })),
  );
  return blocks.flatMap(({ page, text }) => {
    const { stdout, stderr, status } = spawnSync(
      'bash',
      ['--norc', '-eu', '-c', `exec 3>&1 1>/dev/null\n${stubs}\n${text}`],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env['PATH'], DATABASE_URL: 'postgres://127.0.0.1/x' },
      },
    );
    expect([status, stderr], `${page}:\n${text}`).toEqual([0, '']);
    return stdout
      .split('\u0001\0')
      .filter((one) => one !== '')
      .map((one) => ({ page, argv: one.split('\0').slice(0, -1) }));
  });
}

const newest = async (operation: string, list: string, id: string): Promise<string> => {
  const answer = await tidings.operations
    .find(({ name }) => name === operation)!
    .run({ limit: 1 } as never, { caller: { door: 'cli', key: null, words: undefined } } as never);
  return ((answer as Record<string, Record<string, string>[]>)[list]?.[0]?.[id] as string) ?? 'none';
};

/** A page says ID where an answer before it had one. */
async function filledIn(argv: readonly string[]): Promise<string[]> {
  const audience = await newest('audience.list', 'audiences', 'id');
  const send = await newest('sends.list', 'sends', 'send_id');
  const imported = await newest('imports.list', 'imports', 'import_id');
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  return argv.map((word, at) => {
    if (word === 'A_ID') return audience;
    if (word === 'SEND') return send;
    if (word === 'ID')
      return argv[0] === 'imports' || argv[at - 1] === '--import'
        ? imported
        : argv[0] === 'sends'
          ? send
          : audience;
    return word.replace('YYYY-MM-DD', tomorrow).replace(/^\/(backups|var\/log)\//, `${folder}/`);
  });
}

async function run(argv: readonly string[]): Promise<{ code: number; told: string }> {
  const { host, seen } = fakeHost();
  const open = async () => ({ ...tidings, close: async () => {} });
  const code = await runCli([...argv], { ...host, open } as CliHost);
  return { code, told: seen.out + seen.err };
}

describe('the commands of the pages', () => {
  const said = commandsOf(PAGES);

  it('are there, and are known here', () => {
    expect(said.length).toBeGreaterThan(70);
    expect(said.filter(({ argv }) => argv[0] === 'tidings').length).toBeGreaterThan(40);
  });

  // First: afterwards there are keys, since a page makes one.
  it('of curl are answered by a server', async () => {
    for (const { page, argv } of said.filter(({ argv: [name] }) => name === 'curl')) {
      const words = argv.slice(1).map((word) => word.replace('http://127.0.0.1:3000', server.url));
      const { stdout } = await promisify(execFile)(
        'curl',
        ['--fail-with-body', '--max-time', '60', ...words],
        { cwd: folder },
      );
      expect(`${page} ${argv.join(' ')}: ${stdout}`).not.toContain('"code":"not_found"');
    }
  });

  it('of tidings do as printed, page by page', { timeout: 60_000 }, async () => {
    const failed: string[] = [];
    const before = process.cwd();
    process.chdir(folder);
    tidings.dispatcher.start();
    try {
      for (const { page, argv } of said.filter(({ argv: [name] }) => name === 'tidings')) {
        const words = await filledIn(argv.slice(1));
        const where = `${page}: tidings ${argv.slice(1).join(' ')}`;
        const isOnlyUsage = ONLY_USAGE.some(([pattern]) => pattern.test(argv.slice(1).join(' ')));
        const { code, told } = await run(words);
        if (isOnlyUsage)
          expect(told, where).not.toMatch(/unknown (option|command)|argument missing|too many arguments/);
        else if (code !== 0) failed.push(`${where}\n  ${code}: ${told}`);
      }
    } finally {
      process.chdir(before);
    }
    expect(failed).toEqual([]);
  });

  it('of npm name scripts that there are', () => {
    for (const { page, argv } of said.filter(({ argv: [name] }) => name === 'npm')) {
      const [, verb, script] = argv;
      const named = verb === 'run' ? script! : verb!;
      // The packages for development build the dashboard: without them an installation has none.
      if (verb === 'ci') expect([page, ...argv]).toEqual([page, 'npm', 'ci']);
      if (!['ci', 'pack', 'install', 'prune'].includes(verb!))
        expect(scripts, `${page}: ${argv.join(' ')}`).toHaveProperty([named]);
    }
  });
});

describe('the files for a service', () => {
  const env = readFileSync(join(root, 'packaging/tidings.env'), 'utf8');
  const full = env
    .replaceAll(/^#(?=[A-Z_]+=)/gm, '')
    .replace('API_KEY=', 'API_KEY=a-long-random-text-of-somebody');

  it('say the same to systemd, to a shell and to Tidings', () => {
    const ofTidings = parseEnv(full) as Record<string, string>;
    expect(ofTidings['EMAIL_FROM']).toBe('Your Shop <hello@example.com>');
    expect(() => readConfig(ofTidings)).not.toThrow();
    const names = Object.keys(ofTidings);
    const shell = spawnSync(
      'sh',
      ['-euc', `set -a\n${full}\nfor n in ${names.join(' ')}; do eval "printf '%s\\n' \\"\\$$n\\""; done`],
      {
        encoding: 'utf8',
      },
    );
    expect(shell.stdout.trim().split('\n')).toEqual(Object.values(ofTidings));
    // systemd: a value in quotes or without spaces, and a comment on a line of its own (systemd.exec(5)).
    for (const line of full.split('\n').filter((one) => one !== '' && !one.startsWith('#')))
      expect(line).toMatch(/^[A-Z_]+=('[^']*'|[^\s#'"]*)$/);
  });

  it.skipIf(!existsSync('/usr/bin/systemd-analyze'))('are a unit that systemd takes', () => {
    const unit = readFileSync(join(root, 'packaging/tidings.service'), 'utf8');
    const file = join(folder, 'tidings.service');
    // Its program is not on this machine.
    writeFileSync(file, unit.replace('/usr/local/bin/tidings', '/bin/true'));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });
});
