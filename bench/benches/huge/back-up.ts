import { execFile } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { publishedProgram } from '../../support/program.ts';
import { findTool } from '../../support/sink.ts';
import type { TidingsServer } from '../../support/tidings-server.ts';
import type { Backup } from './go-through.ts';

const run = promisify(execFile);

/** `tidings backup`, beside the server. */
export async function backUpFile({ dataDir }: TidingsServer): Promise<Backup> {
  const file = join(dataDir, 'backup.db');
  return measured('tidings backup, checked', file, () =>
    run(process.execPath, [publishedProgram(), 'backup', file], {
      env: { PATH: process.env['PATH'], TIDINGS_DATA_DIR: dataDir },
    }),
  );
}

/** `pg_dump`, where there is one that knows this server. */
export async function dumpPostgres(url: string, log: (line: string) => void): Promise<Backup | null> {
  const tool = findTool('pg_dump');
  if (tool === null) {
    log('the backup is left out: there is no pg_dump (apt install postgresql-client).');
    return null;
  }
  const file = join(tmpdir(), `tidings-bench-${process.pid}.dump`);
  try {
    return await measured('pg_dump -Fc', file, () => run(tool, ['-Fc', '-f', file, '-d', url]));
  } catch (error) {
    log(
      `the backup is left out: ${String((error as { stderr?: string }).stderr)
        .trim()
        .split('\n')
        .at(-1)}`,
    );
    return null;
  } finally {
    rmSync(file, { force: true });
  }
}

async function measured(how: string, file: string, work: () => Promise<unknown>): Promise<Backup> {
  const startedAt = performance.now();
  await work();
  return { how, seconds: (performance.now() - startedAt) / 1_000, bytes: statSync(file).size };
}
