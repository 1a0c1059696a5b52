import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { checkConnection } from './channels/email-smtp/index.ts';
import { checkWhatsApp } from './channels/whatsapp-cloud/channel.ts';
import { type Config, readConfig } from './config.ts';
import { TidingsError } from './core/errors.ts';
import { openLedger } from './ledger/open-ledger.ts';
import { readPostgresUrl } from './ledger/postgres/postgres-url.ts';

export interface Check {
  name: string;
  /** null: there is nothing to check, as with a sandbox. */
  ok: boolean | null;
  detail: string;
  fix?: string;
}

/** Looks at everything a send will need, without sending anything. */
export async function doctor(env: NodeJS.ProcessEnv): Promise<{ checks: Check[] }> {
  let config: Config;
  try {
    config = readConfig(env);
  } catch (error) {
    return { checks: [failed('configuration', error)] };
  }
  return {
    checks: [
      { name: 'configuration', ok: true, detail: 'every variable can be read' },
      await checkLedger(config),
      checkDisk(config),
      await checkEmail(config),
      await checkPhone(config),
    ],
  };
}

async function checkLedger(config: Config): Promise<Check> {
  const { dataDir, databaseUrl } = config;
  try {
    const place = databaseUrl === null ? join(dataDir, 'tidings.db') : readPostgresUrl(databaseUrl).shown;
    const ledger = await openLedger(config);
    await ledger.write((tx) =>
      tx.run(
        "INSERT INTO leases VALUES ('doctor', '', 1, 0) ON CONFLICT (name) DO UPDATE SET beat = leases.beat + 1",
      ),
    );
    const leads = await ledger.get<{ n: number }>('SELECT count(*) AS n FROM leads WHERE deleted_at IS NULL');
    await ledger.close();
    return { name: 'database', ok: true, detail: `${place} can be written; ${leads!.n} leads` };
  } catch (error) {
    return failed('database', error);
  }
}

function checkDisk(config: Config): Check {
  if (config.databaseUrl !== null)
    return { name: 'disk', ok: null, detail: 'everything is kept by the database' };
  const { bavail, bsize } = statfsSync(config.dataDir);
  const free = Math.round((bavail * bsize) / 2 ** 20);
  if (free > 500) return { name: 'disk', ok: true, detail: `${free} MiB free` };
  return {
    name: 'disk',
    ok: false,
    detail: `only ${free} MiB free`,
    fix: 'Free some space before a large send.',
  };
}

async function checkEmail(config: Config): Promise<Check> {
  if (!config.email)
    return { name: 'email', ok: null, detail: 'sandbox: set SMTP_URL and EMAIL_FROM to send for real' };
  try {
    const answer = await checkConnection(config.email);
    if (answer.ok) return { name: 'email', ok: true, detail: 'the relay answers and accepts the login' };
    return { name: 'email', ok: false, detail: `${answer.message} (${answer.code})`, fix: 'Check SMTP_URL.' };
  } catch (error) {
    return failed('email', error);
  }
}

async function checkPhone(config: Config): Promise<Check> {
  if (!config.whatsapp) {
    return {
      name: 'whatsapp',
      ok: null,
      detail: 'sandbox: set WHATSAPP_PHONE_NUMBER_ID and WHATSAPP_ACCESS_TOKEN to send for real',
    };
  }
  const answer = await checkWhatsApp(config.whatsapp);
  if (answer.ok) return { name: 'whatsapp', ok: true, detail: answer.detail };
  return {
    name: 'whatsapp',
    ok: false,
    detail: `${answer.message} (${answer.code})`,
    fix: 'Check the WHATSAPP_ variables.',
  };
}

function failed(name: string, error: unknown): Check {
  if (error instanceof TidingsError) return { name, ok: false, detail: error.message, fix: error.fix };
  return { name, ok: false, detail: 'it failed in an unexpected way' };
}
