import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { OLDEST_POSTGRES } from '../../src/ledger/postgres/open-postgres.ts';
import { freePort } from './postgres-server.ts';

const NEEDED = ['initdb', 'postgres', 'pg_isready', 'psql', 'pg_dump', 'pg_restore'];
const run = promisify(execFile);

/** Where this machine has a PostgreSQL that Tidings takes with its tools, which the one of the tests has not; null: it has none. */
export const SYSTEM_POSTGRES =
  [...globSync('/usr/lib/postgresql/*/bin/pg_dump'), ...globSync('/usr/pgsql-*/bin/pg_dump')]
    .map((file) => dirname(file))
    .filter((folder) => versionOf(folder) >= OLDEST_POSTGRES / 10_000)
    .sort((one, other) => versionOf(other) - versionOf(one))
    .find((folder) => NEEDED.every((tool) => existsSync(join(folder, tool)))) ?? null;

function versionOf(folder: string): number {
  return Number(/(\d+)\/bin$/.exec(folder)?.[1]);
}

export interface SystemPostgres {
  urlOf(database: string): string;
  tool(name: string, ...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

/** A server of that PostgreSQL in a temporary folder; as root it runs as the user that its package made. */
export async function startSystemPostgres(bin: string): Promise<SystemPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-system-postgres-'));
  chmodSync(folder, 0o755);
  const user = process.getuid?.() === 0 ? ids('postgres') : null;
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const port = await freePort();
  await run(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'tidings', '-A', 'trust', '--locale=C', '-E', 'UTF8'],
    user ?? {},
  );
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'max_connections=100',
    `unix_socket_directories=`,
  ];
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...settings.flatMap((one) => ['-c', one])], {
    ...user,
    stdio: 'ignore',
  });
  const ended = once(server, 'exit');
  const urlOf = (database: string) => `postgres://tidings@127.0.0.1:${port}/${database}`;
  const tool = async (name: string, ...args: string[]) => (await run(join(bin, name), args)).stdout;
  for (let tries = 0; ; tries++) {
    const isReady = await tool('pg_isready', '-d', urlOf('postgres')).catch(() => null);
    if (isReady !== null) break;
    if (tries > 100) throw new Error('PostgreSQL does not start.');
    await sleep(100);
  }
  return {
    urlOf,
    tool,
    async remove() {
      server.kill('SIGINT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ids(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
