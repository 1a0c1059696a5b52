import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, readConfig } from '../../src/config.ts';
import type { ContactLimit } from '../../src/core/deliveries/contact-limit.ts';
import type { Sender } from '../../src/core/deliveries/sender.ts';
import { DEFAULT_TIMING, type Timing } from '../../src/core/dispatch/timing.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Log } from '../../src/log/log.ts';
import { openTidings } from '../../src/open-tidings.ts';
import type { CallContext, Caller } from '../../src/operations/operation.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import { CALLER } from './caller.ts';
import { databaseUrlOf } from './database.ts';

export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };

export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), 'tidings-test-'));
}

/** The database that belongs to a folder: its data file, or its schema where the tests run on PostgreSQL. */
export function ledgerOf(folder: string, databaseUrl = databaseUrlOf(folder)): Promise<Ledger> {
  return openLedger({ dataDir: folder, databaseUrl });
}

interface MoreOfCore {
  readonly contactLimit?: ContactLimit | null;
  readonly confirm?: Config['confirm'];
  readonly timing?: Timing;
  /** More of the environment. */
  readonly env?: Record<string, string>;
}

/** Everything that whoever sends waits for, so many times as fast. Where a process is killed or stopped, wait as it does. */
export function hurried(times: number): Timing {
  const entries = Object.entries(DEFAULT_TIMING).map(([name, ms]) => [name, Math.floor(ms / times)]);
  return Object.fromEntries(entries) as Timing;
}

type TestContext = CallContext & { readonly caller?: Partial<Caller> };

/**
 * The house over a real database, with the senders that a test brings. `around`: what stands between the house and its
 * ledger.
 */
export async function openCore(
  /** Without them, those of the environment. */
  senders: Sender[] | undefined,
  folder = freshFolder(),
  around: (ledger: Ledger) => Ledger = (ledger) => ledger,
  databaseUrl = databaseUrlOf(folder),
  { contactLimit = null, confirm = 'ask', timing = DEFAULT_TIMING, env = {} }: MoreOfCore = {},
) {
  const config = readConfig({
    TIDINGS_DATA_DIR: folder,
    ...(databaseUrl !== null && { DATABASE_URL: databaseUrl }),
    SITE_NAME: 'Shop',
    DEFAULT_COUNTRY: 'MX',
    ...env,
  });
  let ledger: Ledger | undefined;
  const tidings = await openTidings({ ...config, maxPerContact: contactLimit, confirm }, quiet, {
    ...(senders && { senders }),
    timing,
    passwordCosts: { N: 2, r: 1, p: 1 },
    around(opened) {
      ledger = around(opened);
      return ledger;
    },
  });
  return {
    folder,
    tidings,
    ledger: ledger!,
    dispatcher: tidings.dispatcher,
    webhooks: tidings.webhooks,
    /** Calls an operation as a door does: input checked, output as it comes. */
    // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
    async call(name: string, input: object = {}, context: TestContext = {}): Promise<any> {
      const operation = tidings.operations.find((one) => one.name === name)!;
      const output = await runOperation(operation, input, { ...CALLER, ...context.caller }, context);
      return operation.output.parse(output);
    },
    close: () => tidings.close(),
  };
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
