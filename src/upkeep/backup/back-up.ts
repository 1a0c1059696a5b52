import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TAKE_LEASES } from '../../core/holds/hold.ts';
import { TidingsError } from '../../errors.ts';
import { HOLD, PLACE_MARK } from '../../ledger/marks.ts';
import { refuseUnreleased } from '../../ledger/migrate.ts';
import { createPrivateFile } from '../../private-files.ts';

export interface Backup {
  readonly file: string;
  readonly bytes: number;
  /** ISO 8601: what happened later is not in it. */
  readonly madeAt: string;
}

const BUSY_MS = 20_000;

/**
 * A copy of a data file as it was at one instant, while servers go on using it: readers keep nobody from writing. The
 * copy is held (see `hold.ts`), so that whoever starts on it sends nothing by mistake. It appears whole or not at all.
 * @throws TidingsError `configuration`, `conflict` or `storage`
 */
export function backUp(source: string, target: string): Backup {
  const file = resolve(target);
  if (!existsSync(source)) {
    throw new TidingsError('configuration', `There is no data file ${source}.`, {
      fix: 'Set TIDINGS_DATA_DIR to the data folder.',
    });
  }
  if (existsSync(file)) {
    throw new TidingsError('conflict', `${file} exists already: a backup is never written over.`, {
      fix: 'Give another name, for example one with the date.',
    });
  }
  const part = `${file}.part`;
  const madeAt = new Date().toISOString();
  try {
    clear(part);
    // SQLite takes over a file that is empty, and gives its journal the same mode.
    closeSync(createPrivateFile(part));
    copy(source, part);
    holdAndCheck(source, part, madeAt);
    sync(part);
    renameSync(part, file);
    sync(dirname(file));
  } catch (error) {
    clear(part);
    if (error instanceof TidingsError) throw error;
    throw new TidingsError('storage', `The backup could not be made: ${(error as Error).message}`, {
      fix: 'Look at the room on the disk, and at whether the folder can be written.',
      cause: error,
    });
  }
  return { file, bytes: statSync(file).size, madeAt };
}

/** What a killed backup left, or what somebody laid there for it to be written through. */
function clear(part: string): void {
  for (const suffix of ['', '-journal']) rmSync(part + suffix, { force: true });
}

function copy(source: string, part: string): void {
  const database = new DatabaseSync(source, { timeout: BUSY_MS });
  try {
    // SQLite writes it without waiting for the disk: sync() does.
    database.prepare('VACUUM INTO ?').run(part);
  } finally {
    database.close();
  }
}

function holdAndCheck(source: string, part: string, madeAt: string): void {
  const database = new DatabaseSync(part);
  try {
    // A version that looks for its hold elsewhere would send from the copy.
    const { version } = database.prepare('SELECT max(version) AS version FROM schema_migrations').get()!;
    refuseUnreleased(Number(version), source);
    database.exec('BEGIN IMMEDIATE');
    database.prepare(PLACE_MARK).run(HOLD, madeAt);
    database.exec(TAKE_LEASES);
    database.exec('COMMIT');
    const [first] = database.prepare('PRAGMA integrity_check(1)').all();
    if (first?.['integrity_check'] !== 'ok') {
      throw new TidingsError('storage', 'The data file is damaged: its copy is not whole.', {
        fix: 'Keep the backups that there are, and look after the disk.',
      });
    }
  } finally {
    database.close();
  }
}

function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
