import { join } from 'node:path';
import { openToOthers } from '../../private-files.ts';
import type { Check } from './check.ts';
import { bad, good } from './check.ts';

/** People's addresses and texts are in the data folder: no other user of the machine may look into it. */
export function checkFiles(folder: string): Check[] {
  let open: string[];
  try {
    open = openToOthers(join(folder, 'tidings.db'));
  } catch {
    // The check of the database tells why the folder cannot be used.
    return [];
  }
  if (open.length === 0) return [good('files', 'only this user can use the data folder')];
  const fix = `chmod -R go= ${folder}, and keep nothing else there that others need.`;
  return [bad('files', `other users of this machine can use ${open.join(', ')}`, fix)];
}
