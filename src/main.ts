#!/usr/bin/env node
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliHost } from './cli/host.ts';
import { onInterrupt } from './cli/interrupt.ts';
import { runCli } from './cli/run-cli.ts';
import { type Config, readConfig } from './config.ts';
import { callersFolder, loadEnvironment } from './environment/load-environment.ts';
import { unknownNames } from './environment/unknown-names.ts';
import { TidingsError } from './errors.ts';
import { drainAfterFault, faults, watchFaults } from './faults.ts';
import { type HttpServer, startHttpServer } from './http/server.ts';
import { openLedger } from './ledger/open-ledger.ts';
import { createLog } from './log/create-log.ts';
import type { Log } from './log/log.ts';
import { openTidings } from './open-tidings.ts';
import { SandboxNumber } from './providers/sandbox/sandbox-number.ts';
import type { Tidings } from './tidings.ts';
import { giveMemoryBack } from './upkeep/give-memory-back.ts';
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

const environment = loadEnvironment(process.env, process.cwd());
process.chdir(callersFolder(process.env) ?? '.');

/** @throws TidingsError `configuration` */
function settings(more: NodeJS.ProcessEnv = {}): Config {
  if (environment.problem) throw environment.problem;
  return readConfig({ ...process.env, ...more });
}

/** What was meant as a setting and is none has no effect, which nobody would notice. */
function tellUnknown(log: Log): void {
  for (const { name, meant } of unknownNames(process.env, environment))
    if (meant !== null)
      log.warn({}, `${name} is no setting of Tidings and has no effect: ${meant} was meant?`);
}

function logOf(config: Config, fallback: string) {
  const format = config.logFormat ?? (process.stderr.isTTY ? 'text' : 'json');
  return createLog(process.env['LOG_LEVEL'] ? config.logLevel : fallback, undefined, format);
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

/**
 * How the first person comes in. Only where a person reads along: a log goes to places, and its lines are for programs.
 */
async function showFirstLink(tidings: Tidings, config: Config, url: string): Promise<void> {
  if (!process.stderr.isTTY) return;
  const secret = await tidings.signIn.firstLink();
  if (secret === null) return;
  const base = (config.publicUrl ?? url).replace(/\/$/, '');
  process.stderr.write(`Nobody can sign in yet. The first person does here:\n  ${base}/sign-in#${secret}\n`);
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
  environment,
  version,

  open(opening, tell) {
    const config = settings();
    return openTidings(config, logOf(config, 'warn'), { opening, tell });
  },

  async serve(options) {
    const base = settings({
      ...(options.port !== undefined && { PORT: String(options.port) }),
      ...(options.host !== undefined && { HOST: options.host }),
    });
    if (!options.dispatch) needsPostgres(base, '--no-dispatch');
    const log = logOf(base, 'info');
    tellUnknown(log);
    const tidings = await openTidings(base, log, { tell: (what) => log.info({}, what) });
    const stop = stopAsked(log);
    try {
      const bouncePort = await tidings.hearBounces();
      if (bouncePort !== null) log.info({ port: bouncePort }, 'mail that comes back is taken in');
      const server = await startHttpServer({ tidings, version, log, ...base });
      await showFirstLink(tidings, base, server.url);
      if (options.dispatch) tidings.dispatcher.start();
      log.info(
        { url: server.url, channels: tidings.modes, dispatch: options.dispatch },
        `Tidings is ready: open ${server.url}`,
      );
      giveMemoryBack();
      await stop;
      await stopSending(tidings, log);
      await server.close();
    } finally {
      await tidings.close();
    }
    return exitCode();
  },

  async work() {
    const config = settings();
    needsPostgres(config, 'tidings worker');
    const log = logOf(config, 'info');
    tellUnknown(log);
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
      giveMemoryBack();
      await stop;
      await stopSending(tidings, log);
    } finally {
      await door?.close();
      await tidings.close();
    }
    return exitCode();
  },

  async mcp() {
    const config = settings();
    const log = logOf(config, 'warn');
    const tidings = await openTidings(config, log, { tell: (what) => log.warn({}, what) });
    const stop = stopAsked(log);
    tidings.dispatcher.start();
    const { serveMcpStdio } = await import('./mcp/stdio.ts');
    const door = await serveMcpStdio(tidings, log, version, config.mcpTools);
    giveMemoryBack();
    await Promise.race([door.ended, stop]);
    await door.close();
    await tidings.close();
    return exitCode();
  },

  async backUp(file) {
    const config = settings();
    if (config.databaseUrl !== null) {
      throw new TidingsError('configuration', 'tidings backup copies a data file, and DATABASE_URL is set.', {
        fix: 'Use pg_dump, or the backups of your PostgreSQL: docs/operating/backup.md tells how.',
      });
    }
    const { backUp } = await import('./upkeep/backup/back-up.ts');
    return backUp(join(config.dataDir, 'tidings.db'), file);
  },

  async restored(choice) {
    const ledger = await openLedger(settings(), EXISTING);
    try {
      return await (await import('./upkeep/backup/restored.ts')).decideRestored(ledger, choice);
    } finally {
      await ledger.close();
    }
  },

  async reached(logFile) {
    const ledger = await openLedger(settings(), EXISTING);
    try {
      return await (await import('./upkeep/backup/restored.ts')).noteReached(ledger, logFile);
    } finally {
      await ledger.close();
    }
  },

  async doctor() {
    const { doctor } = await import('./upkeep/doctor/doctor.ts');
    const answer = await doctor(process.env, environment);
    // A name that is still being looked up cannot be called off, and would keep the process after its last word.
    setTimeout(() => process.exit(), LAST_WORD_MS).unref();
    return answer;
  },

  async judge(message) {
    const { judgeMessage } = await import('./upkeep/doctor/judge-message.ts');
    if ('raw' in message) return { checks: await judgeMessage(message.raw) };
    const { renderSend } = await import('./upkeep/doctor/render-send.ts');
    return { checks: await judgeMessage(await renderSend(settings(), message.sendId)) };
  },

  async openDemo(slow) {
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
    const number = new SandboxNumber();
    const tidings = await openTidings(config, log, { sandboxNumber: number, slowSandbox: slow });
    tidings.dispatcher.start();
    const server = await startHttpServer({ tidings, version, log, ...config });
    return {
      tidings,
      taken: number.taken,
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
