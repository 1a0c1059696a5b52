import { readFileSync } from 'node:fs';
import { TidingsError } from '../errors.ts';

/** @throws TidingsError that names the file, which the system does not when it is a folder */
export function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
    throw new TidingsError('invalid_file', `${path} is a folder, not a file.`, {
      fix: 'Give the path of a file.',
    });
  }
}
