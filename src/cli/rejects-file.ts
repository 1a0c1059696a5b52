import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { TidingsError } from '../errors.ts';
import { createPrivateFile } from '../private-files.ts';

const MOST_NAMES = 1_000;

/**
 * Where the rows go that an import does not keep, or that are worth a look; made with the first of them. A file that was
 * named is written anew, when it is one. A name that was not given is never taken from a file that is there: somebody may
 * have mended the rows in it already. Then it is `people.rejects.2.csv`.
 */
export class RejectsFile {
  readonly #wanted: string;
  readonly #isNamed: boolean;
  #descriptor: number | null = null;
  #path: string | null = null;

  /** @throws TidingsError when nothing can be written there: found out before anything is stored. */
  constructor(wanted: string, isNamed: boolean, input: string | null, option = '--rejects') {
    this.#wanted = wanted;
    this.#isNamed = isNamed;
    if (isNamed) refuseUnfit(wanted, input, option);
  }

  /** The one beside `input`; null when nothing can be written there. */
  static beside(input: string, what: 'rejects' | 'warnings' = 'rejects'): RejectsFile | null {
    const wanted = input.replace(/(\.csv|\.xls[xm])?$/i, `.${what}.csv`);
    return canWriteBeside(wanted) ? new RejectsFile(wanted, false, input) : null;
  }

  /** null: nothing was rejected so far. */
  get path(): string | null {
    return this.#path;
  }

  /** A file of that name that is there and not of this import: null where this one wrote it, or none is there. */
  get earlier(): string | null {
    return !this.#isNamed && this.#path === null && existsSync(this.#wanted) ? this.#wanted : null;
  }

  /** Written at once: a file where every row is refused must not pile up in memory. */
  write(text: string): void {
    this.#descriptor ??= this.#isNamed ? this.#replace() : this.#takeFreeName();
    writeSync(this.#descriptor, text);
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #replace(): number {
    rmSync(this.#wanted, { force: true });
    this.#path = this.#wanted;
    return createPrivateFile(this.#wanted);
  }

  #takeFreeName(): number {
    for (let n = 1; ; n++) {
      const path = n === 1 ? this.#wanted : this.#wanted.replace(/csv$/, `${n}.csv`);
      try {
        const descriptor = createPrivateFile(path);
        this.#path = path;
        return descriptor;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || n === MOST_NAMES) throw error;
      }
    }
  }
}

function refuseUnfit(wanted: string, input: string | null, option: string): void {
  const there = lstatSync(wanted, { throwIfNoEntry: false });
  if (there && !there.isFile()) {
    throw new TidingsError(
      'invalid_argument',
      `${option} is ${wanted}, which is ${there.isSymbolicLink() ? 'a link' : 'not a file'}.`,
      { fix: 'Name a file that is not there yet: nothing is written through links or over other things.' },
    );
  }
  if (there && input !== null && isSame(wanted, input)) {
    throw new TidingsError('invalid_argument', `${option} is the file that is being read.`, {
      fix: 'Name another file for the rows that are not kept.',
    });
  }
  if (!canWriteBeside(wanted) || (there && !canWrite(wanted))) {
    throw new TidingsError('invalid_argument', `${option} is ${wanted}, which cannot be written.`, {
      fix: 'Name a file in a folder that exists and may be written.',
    });
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [statSync(one), statSync(other)];
  return a.dev === b.dev && a.ino === b.ino;
}

const canWriteBeside = (file: string) => canWrite(dirname(file));

function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
