import { statfsSync } from 'node:fs';
import { count } from '../../amounts.ts';
import { type Config, readConfig } from '../../config.ts';
import type { ChannelName } from '../../core/channel.ts';
import { BARE, type Environment } from '../../environment/load-environment.ts';
import { unknownNames } from '../../environment/unknown-names.ts';
import type { Check } from './check.ts';
import { failed, good, warning } from './check.ts';
import { checkAccess } from './check-access.ts';
import { checkBounces } from './check-bounces.ts';
import { checkEmail, checkTwilioAccount, checkWhatsAppNumber } from './check-channels.ts';

/** Looks at everything a send will need, without sending anything. Without a network it ends within seconds. */
export async function doctor(
  env: NodeJS.ProcessEnv,
  environment: Environment = BARE,
): Promise<{ checks: Check[] }> {
  let config: Config;
  try {
    if (environment.problem) throw environment.problem;
    config = readConfig(env);
  } catch (error) {
    return { checks: [failed('configuration', error)] };
  }
  const [database, email, whatsapp] = await Promise.all([
    checkDatabase(config),
    checkWay(config, 'email'),
    checkWay(config, 'whatsapp'),
  ]);
  return {
    checks: [checkNames(env, environment), checkAccess(config), ...database, ...email, ...whatsapp],
  };
}

/** Whether messages of a channel would get through, and what comes back is heard. */
export async function checkWay(config: Config, channel: ChannelName): Promise<Check[]> {
  if (channel === 'email') {
    const [way, bounces] = await Promise.all([checkEmail(config), checkBounces(config)]);
    return [...way, ...bounces];
  }
  return config.twilio ? checkTwilioAccount(config.twilio) : checkWhatsAppNumber(config);
}

/** A misspelt name has no effect, which nobody would notice. */
function checkNames(env: NodeJS.ProcessEnv, environment: Environment): Check {
  const unknown = unknownNames(env, environment).filter(({ meant }) => meant !== null);
  if (unknown.length === 0) return good('configuration', 'every variable can be read');
  const names = unknown.map(({ name, meant }) => `${name} (${meant}?)`).join(', ');
  return warning(
    'configuration',
    `no setting, and without effect: ${names}`,
    '`tidings config` shows what is set.',
  );
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
    if (free > 500) return { name: 'disk', ok: true, detail: `${count(free)} MiB free` };
    const fix = 'Free some space before a large send.';
    return { name: 'disk', ok: false, detail: `only ${free} MiB free`, fix };
  } catch {
    return { name: 'disk', ok: null, detail: 'there is no data folder to look at' };
  }
}
