import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
/** Below `node_modules`, so that it finds the packages; and always the same, so that what Node has compiled is found again. */
const folder = join(root, 'node_modules/.cache/tidings-bench');

let made: string | undefined;

/** The program as it is published, which is what is measured: built from the source that is there, once in a process. */
export function publishedProgram(): string {
  if (made !== undefined) return made;
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  if (!existsSync(join(folder, 'web'))) symlinkSync(join(root, 'web'), join(folder, 'web'));
  execFileSync(process.execPath, [join(root, 'scripts/build.ts'), join(folder, 'dist/src')]);
  made = join(folder, 'bin/tidings.js');
  return made;
}
