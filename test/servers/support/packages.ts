import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const CACHE =
  process.env['TIDINGS_MAIL_SERVERS'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tidings-mail-servers');

export interface Package {
  readonly name: string;
  /** Where `.ci/install-mail-servers` unpacked it. */
  readonly folder: string;
  readonly version: string;
  /** Says so, once, where it is true. */
  readonly isMissing: boolean;
}

/** `needsRoot`: it runs with a folder of its own as its root, which only root may do. */
export function packageOf(name: string, inList: string, needsRoot = true): Package {
  const folder = join(CACHE, name);
  const list = join(folder, '.packages');
  const lines = existsSync(list) ? readFileSync(list, 'utf8').split('\n') : [];
  const line = lines.find((one) => one.startsWith(inList));
  const why = !line
    ? `the package ${inList} is not there (.ci/install-mail-servers fetches it)`
    : needsRoot && process.getuid?.() !== 0
      ? `${inList} runs as root only`
      : null;
  if (why) console.warn(`SKIPPED, nothing is tried on ${name}: ${why}.`);
  const version = line?.slice(inList.length + 1).replace(/^\d+:/, '') ?? '';
  return { name, folder, version, isMissing: why !== null };
}
