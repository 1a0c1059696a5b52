import { statfsSync } from 'node:fs';
import { type Config, readConfig } from '../../config.ts';
import type { Check } from './check.ts';
import { failed } from './check.ts';
import { checkAccess } from './check-access.ts';
import { checkEmail, checkWhatsAppNumber } from './check-channels.ts';

/** Looks at everything a send will need, without sending anything. Without a network it ends within seconds. */
export async function doctor(env: NodeJS.ProcessEnv): Promise<{ checks: Check[] }> {
  let config: Config;
  try {
    config = readConfig(env);
  } catch (error) {
    return { checks: [failed('configuration', error)] };
  }
  const [database, email, whatsapp] = await Promise.all([
    checkDatabase(config),
    checkEmail(config.email),
    checkWhatsAppNumber(config.whatsapp),
  ]);
  const configuration = { name: 'configuration', ok: true, detail: 'every variable can be read' };
  return { checks: [configuration, checkAccess(config), ...database, ...email, ...whatsapp] };
}

/** A driver is loaded when it is used. */
async function checkDatabase({ databaseUrl, dataDir }: Config): Promise<Check[]> {
  if (databaseUrl !== null) return (await import('./check-postgres.ts')).checkPostgres(databaseUrl);
  const { checkDataFile } = await import('./check-data-file.ts');
  const { checkFiles } = await import('./check-files.ts');
  // Looked at first: whoever opens the data file closes it to others.
  const files = checkFiles(dataDir);
  return [...(await checkDataFile(dataDir)), ...files, checkDisk(dataDir)];
}

function checkDisk(folder: string): Check {
  try {
    const { bavail, bsize } = statfsSync(folder);
    const free = Math.round((bavail * bsize) / 2 ** 20);
    if (free > 500) return { name: 'disk', ok: true, detail: `${free} MiB free` };
    const fix = 'Free some space before a large send.';
    return { name: 'disk', ok: false, detail: `only ${free} MiB free`, fix };
  } catch {
    return { name: 'disk', ok: null, detail: 'there is no data folder to look at' };
  }
}
