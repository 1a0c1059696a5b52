#!/usr/bin/env node
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliHost } from './cli/host.ts';
import { onInterrupt } from './cli/interrupt.ts';
import { runCli } from './cli/run-cli.ts';
import { type Config, readConfig } from './config.ts';
import { TidingsError } from './errors.ts';
import { drainAfterFault, faults, watchFaults } from './faults.ts';
import { type HttpServer, startHttpServer } from './http/server.ts';
import { openLedger } from './ledger/open-ledger.ts';
import { createLog } from './log/create-log.ts';
import type { Log } from './log/log.ts';
import { openTidings } from './open-tidings.ts';
import type { Tidings } from './tidings.ts';
import { oneLine } from './visible.ts';

// Before anything is made: addresses are in the data file, its log, and whatever is written beside them.
process.umask(0o077);

const version = readVersion();
const LAST_WORD_MS = 1_000;
/** For commands that are about what is there; those who see none say so. */
const EXISTING = {
  opening: 'existing',
  tell: (what: string) => void process.stderr.write(`${oneLine(what)}\n`),
} as const;

function logOf(config: Config, fallback: string) {
  return createLog(process.env['LOG_LEVEL'] ? config.logLevel : fallback);
}

/**
 * Resolves at the first SIGTERM or SIGINT, or after a fault that nobody caught; a second signal leaves at once. Asked
 * for before anything can be sent.
 */
function stopAsked(log: Log): Promise<void> {
  return new Promise((resolve) => {
    onInterrupt(resolve);
    drainAfterFault(log, resolve);
  });
}

/** 1 after a fault: a supervisor starts it again. */
const exitCode = () => (faults.uncaught_exception > 0 ? 1 : 0);

/** One data file has one sender at a time already: what only many machines can use would change nothing. */
function needsPostgres(config: Config, what: string): void {
  if (config.databaseUrl !== null) return;
  throw new TidingsError('configuration', `${what} needs PostgreSQL, and DATABASE_URL is not set.`, {
    fix: 'Set DATABASE_URL=postgres://user:password@host:5432/database for all processes, or use tidings serve alone.',
  });
}

async function stopSending(tidings: Tidings, log: Log): Promise<void> {
  log.info({}, 'stopping: what is in flight is finished first');
  const { inDoubt, left } = await tidings.dispatcher.stop();
  const doubt = inDoubt === 0 ? 'nothing is in doubt' : `${inDoubt} answers were not awaited`;
  log.info({ inDoubt, left }, `stopped; ${doubt}; ${left ?? 'some'} messages are left for the next start`);
}

const host: CliHost = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  version,

  open(opening, tell) {
    const config = readConfig(process.env);
    return openTidings(config, logOf(config, 'warn'), { opening, tell });
  },

  async serve(options) {
    const base = readConfig({
      ...process.env,
      ...(options.port !== undefined && { PORT: String(options.port) }),
      ...(options.host !== undefined && { HOST: options.host }),
    });
    if (!options.dispatch) needsPostgres(base, '--no-dispatch');
    const log = logOf(base, 'info');
    const tidings = await openTidings(base, log, { tell: (what) => log.info({}, what) });
    const stop = stopAsked(log);
    try {
      const bouncePort = await tidings.hearBounces();
      if (bouncePort !== null) log.info({ port: bouncePort }, 'mail that comes back is taken in');
      const server = await startHttpServer({ tidings, version, log, ...base });
      if (options.dispatch) tidings.dispatcher.start();
      log.info({ url: server.url, channels: tidings.modes, dispatch: options.dispatch }, 'Tidings is ready');
      await stop;
      await stopSending(tidings, log);
      await server.close();
    } finally {
      await tidings.close();
    }
    return exitCode();
  },

  async work() {
    const config = readConfig(process.env);
    needsPostgres(config, 'tidings worker');
    const log = logOf(config, 'info');
    const tidings = await openTidings(config, log, { tell: (what) => log.info({}, what) });
    const stop = stopAsked(log);
    let door: HttpServer | undefined;
    try {
      if (config.metricsPort !== null) {
        const port = config.metricsPort;
        door = await startHttpServer({ tidings, version, log, ...config, port, isForOperating: true });
      }
      tidings.dispatcher.start();
      log.info({ channels: tidings.modes, url: door?.url }, 'this worker sends');
      await stop;
      await stopSending(tidings, log);
    } finally {
      await door?.close();
      await tidings.close();
    }
    return exitCode();
  },

  async mcp() {
    const config = readConfig(process.env);
    const log = logOf(config, 'warn');
    const tidings = await openTidings(config, log, { tell: (what) => log.warn({}, what) });
    const stop = stopAsked(log);
    tidings.dispatcher.start();
    const { serveMcpStdio } = await import('./mcp/stdio.ts');
    const door = await serveMcpStdio(tidings, log, version);
    await Promise.race([door.ended, stop]);
    await door.close();
    await tidings.close();
    return exitCode();
  },

  async backUp(file) {
    const config = readConfig(process.env);
    if (config.databaseUrl !== null) {
      throw new TidingsError('configuration', 'tidings backup copies a data file, and DATABASE_URL is set.', {
        fix: 'Use pg_dump, or the backups of your PostgreSQL: docs/operating/backup.md tells how.',
      });
    }
    const { backUp } = await import('./upkeep/backup/back-up.ts');
    return backUp(join(config.dataDir, 'tidings.db'), file);
  },

  async restored(choice) {
    const ledger = await openLedger(readConfig(process.env), EXISTING);
    try {
      return await (await import('./upkeep/backup/restored.ts')).decideRestored(ledger, choice);
    } finally {
      await ledger.close();
    }
  },

  async reached(logFile) {
    const ledger = await openLedger(readConfig(process.env), EXISTING);
    try {
      return await (await import('./upkeep/backup/restored.ts')).noteReached(ledger, logFile);
    } finally {
      await ledger.close();
    }
  },

  async doctor() {
    const { doctor } = await import('./upkeep/doctor/doctor.ts');
    const answer = await doctor(process.env);
    // A name that is still being looked up cannot be called off, and would keep the process after its last word.
    setTimeout(() => process.exit(), LAST_WORD_MS).unref();
    return answer;
  },

  async openDemo() {
    const dataDir = mkdtempSync(join(tmpdir(), 'tidings-demo-'));
    const { HOST: _, PORT: __, ...env } = process.env;
    const config: Config = {
      ...readConfig({ LOG_LEVEL: env['LOG_LEVEL'], SITE_NAME: env['SITE_NAME'] ?? 'Tidings Demo' }),
      dataDir,
      databaseUrl: null,
      // Never a real provider, whatever the environment says: the demo's people do not exist.
      email: null,
      whatsapp: null,
      port: Number(process.env['PORT'] ?? 0),
    };
    const log = logOf(config, 'error');
    const tidings = await openTidings(config, log);
    tidings.dispatcher.start();
    const server = await startHttpServer({ tidings, version, log, ...config });
    return {
      tidings,
      url: server.url,
      async close() {
        await server.close();
        await tidings.close();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  },
};

/** package.json stands above `src/` in a clone, and above `dist/src/` when installed. */
function readVersion(): string {
  for (const up of ['..', '../..']) {
    try {
      return (
        JSON.parse(readFileSync(join(import.meta.dirname, up, 'package.json'), 'utf8')) as { version: string }
      ).version;
    } catch {}
  }
  return '0.0.0';
}

watchFaults(createLog('error'));
const code = await runCli(process.argv.slice(2), host);
process.exitCode = code || exitCode();
