import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContactLimit, prepareContactLimit } from '../../src/core/deliveries/contact-limit.ts';
import type { Sender } from '../../src/core/deliveries/sender.ts';
import { Dispatcher } from '../../src/core/dispatch/dispatcher.ts';
import type { DispatcherControl } from '../../src/core/dispatch/dispatcher-control.ts';
import { allQueues } from '../../src/core/dispatch/workers/queues.ts';
import { Worker } from '../../src/core/dispatch/workers/worker.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Log } from '../../src/log/log.ts';
import { audienceOperations } from '../../src/operations/audience.ts';
import { leadOperations } from '../../src/operations/leads.ts';
import type { CallContext, Caller } from '../../src/operations/operation.ts';
import { personOperations } from '../../src/operations/person.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import { sendBulkMessages } from '../../src/operations/sends/send-bulk-messages.ts';
import { sendOperations } from '../../src/operations/sends/sends.ts';
import { suppressionOperations } from '../../src/operations/suppressions.ts';
import { finishErasures } from '../../src/person/erase-person.ts';
import { restoreContact } from '../../src/person/forget-contact.ts';
import { PgBossQueue } from '../../src/queue/pg-boss-queue.ts';
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

type TestContext = CallContext & { readonly caller?: Partial<Caller> };

/** Core over a real database, with the senders that a test brings. `around`: what stands between core and ledger. */
export async function openCore(
  senders: Sender[],
  folder = freshFolder(),
  around: (ledger: Ledger) => Ledger = (ledger) => ledger,
  databaseUrl = databaseUrlOf(folder),
  contactLimit: ContactLimit | null = null,
) {
  const ledger = around(await ledgerOf(folder, databaseUrl));
  const { dispatcher, closeQueue } = dispatcherOf(ledger, senders, databaseUrl, contactLimit);
  if (contactLimit) await prepareContactLimit(ledger);
  const sending = {
    ledger,
    senders: new Map(senders.map((sender) => [sender.about.channel, sender])),
    wake: () => dispatcher.wake(),
  };
  const operations = [
    ...leadOperations({ ledger, defaultCountry: 'MX', restoreContact }),
    ...audienceOperations({ ledger }),
    sendBulkMessages(sending),
    ...sendOperations(sending),
    ...suppressionOperations({ ledger, defaultCountry: 'MX', log: quiet }),
    ...personOperations({ ledger, defaultCountry: 'MX' }),
  ];
  return {
    folder,
    ledger,
    dispatcher,
    /** Calls an operation as a door does: input checked, output as it comes. */
    // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
    async call(name: string, input: object = {}, context: TestContext = {}): Promise<any> {
      const operation = operations.find((one) => one.name === name)!;
      const output = await runOperation(operation, input, { ...CALLER, ...context.caller }, context);
      return operation.output.parse(output);
    },
    async close() {
      await dispatcher.stop();
      await closeQueue();
      await finishErasures(ledger, 1_000).catch(() => {});
      await ledger.close();
    },
  };
}

function dispatcherOf(
  ledger: Ledger,
  senders: Sender[],
  url: string | null,
  contactLimit: ContactLimit | null,
): { dispatcher: DispatcherControl; closeQueue: () => Promise<void> } {
  const parts = { ledger, senders, siteName: 'Shop', contactLimit, log: quiet };
  if (url === null) return { dispatcher: new Dispatcher(parts), closeQueue: async () => {} };
  const queue = new PgBossQueue(url, allQueues(), quiet);
  return { dispatcher: new Worker({ ...parts, queue }), closeQueue: () => queue.close() };
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
