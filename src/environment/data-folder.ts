import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where data is kept when nobody says so: `data` in a clone; installed, the folder that the platform has for a
 * program's data, which no update of the program takes away; and for a service of systemd the one that its unit names.
 * @param packageFolder the folder of package.json
 */
export function defaultDataFolder(
  env: NodeJS.ProcessEnv,
  packageFolder: string,
  { isClone = import.meta.filename.endsWith('.ts'), platform = process.platform, home = homedir() } = {},
): string {
  const ofService = env['STATE_DIRECTORY']?.split(':')[0];
  if (ofService) return ofService;
  if (isClone) return join(packageFolder, 'data');
  if (platform === 'win32') return join(env['APPDATA'] || join(home, 'AppData', 'Roaming'), 'tidings');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'tidings');
  return join(env['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'tidings');
}
