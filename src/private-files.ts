import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmdirSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const OTHERS = 0o077;

/**
 * Makes a file that only this user can read, with people's addresses to come into it. Never an existing one and never
 * through a link: in a folder where others can write, a link may lead to any file of this user.
 * @returns the descriptor. @throws `EEXIST`
 */
export function createPrivateFile(file: string): number {
  return openSync(file, 'wx', FILE_MODE);
}

/**
 * Makes the data folder and its file for this user alone, and takes back what an earlier version left open to others.
 * SQLite gives its `-wal` and `-shm` the mode of the file. Nothing is opened that exists: whoever closes any descriptor
 * of a data file loses all locks that its process has on it (fcntl locks of POSIX).
 */
export function makeDataFilePrivate(file: string): void {
  const folder = dirname(file);
  makeFolder(folder);
  if (statOfOurs(folder) && holdsOnly(folder, basename(file))) takeBack(folder, FOLDER_MODE);
  for (const one of dataFiles(file)) takeBack(one, FILE_MODE);
  try {
    closeSync(createPrivateFile(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** One after the other: `recursive` of Node 24 tries for ever where a folder cannot hold another, such as /proc. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: FOLDER_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Whether a file is not there and could be. @throws when what should be a folder is none, or cannot be looked into.
 */
export function isNothingThere(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false })) return false;
  nearestFolder(dirname(file));
  return true;
}

/** Whether a file could be made there, found out by making something else and taking it away. @throws when not. */
export function tryToMakeIn(folder: string): void {
  rmdirSync(mkdtempSync(join(nearestFolder(folder), '.tidings-')));
}

function nearestFolder(folder: string): string {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (!stat) return nearestFolder(dirname(folder));
  if (stat.isDirectory()) return folder;
  throw Object.assign(new Error(`${folder} is no folder`), { code: 'ENOTDIR' });
}

/** The data folder and files that others than their owner can use, each with its mode, such as `data/tidings.db (0644)`. */
export function openToOthers(file: string): string[] {
  return [dirname(file), ...dataFiles(file)].flatMap((path) => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    return isPosix && (mode & OTHERS) !== 0
      ? [`${path} (${(mode & 0o7777).toString(8).padStart(4, '0')})`]
      : [];
  });
}

const isPosix = process.getuid !== undefined;

function dataFiles(file: string): string[] {
  return ['', '-wal', '-shm', '-journal'].map((suffix) => file + suffix);
}

/** Where other things are as well, such as in a home folder, they may be meant for others: only the doctor speaks then. */
function holdsOnly(folder: string, name: string): boolean {
  return readdirSync(folder).every((entry) => entry.startsWith(name));
}

function takeBack(path: string, mode: number): void {
  const stat = statOfOurs(path);
  if (!stat || (stat.mode & OTHERS) === 0) return;
  try {
    chmodSync(path, mode);
  } catch {
    // A file system without modes: the doctor tells.
  }
}

/** null: not there, or somebody else's. */
function statOfOurs(path: string): Stats | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && stat.uid === process.getuid?.() ? stat : null;
}
