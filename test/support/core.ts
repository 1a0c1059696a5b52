import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { audienceOperations } from '../../src/core/audiences/audience.operations.ts';
import type { Channel } from '../../src/core/deliveries/channel.ts';
import { Dispatcher } from '../../src/core/deliveries/dispatcher.ts';
import { sendOperations } from '../../src/core/deliveries/send.operations.ts';
import { sendBulkMessages } from '../../src/core/deliveries/send-bulk-messages.ts';
import { suppressionOperations } from '../../src/core/deliveries/suppression.operations.ts';
import { importCsv } from '../../src/core/leads/import-csv.ts';
import { leadOperations } from '../../src/core/leads/lead.operations.ts';
import type { Log } from '../../src/core/log.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openSqlite } from '../../src/ledger/sqlite.ts';

export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };

export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), 'tidings-test-'));
}

/** Core over a real data file, with the channels that a test brings. */
export async function openCore(
  channels: Channel[],
  folder = freshFolder(),
  wrap: (ledger: Ledger) => Ledger = (ledger) => ledger,
) {
  const ledger = wrap(await openSqlite(join(folder, 'tidings.db')));
  const dispatcher = new Dispatcher({ ledger, channels, siteName: 'Shop', log: quiet });
  const sending = {
    ledger,
    channels: new Map(channels.map((channel) => [channel.name, channel])),
    wake: () => dispatcher.wake(),
  };
  const operations = [
    ...leadOperations({
      ledger,
      defaultCountry: 'MX',
      importCsv: (input, options) => importCsv({ ledger, defaultCountry: 'MX' }, input, options),
    }),
    ...audienceOperations({ ledger }),
    sendBulkMessages(sending),
    ...sendOperations(sending),
    ...suppressionOperations({ ledger, defaultCountry: 'MX' }),
  ];
  return {
    folder,
    ledger,
    dispatcher,
    /** Calls an operation as a door does: input checked, output as it comes. */
    // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
    async call(name: string, input: object = {}, context = {}): Promise<any> {
      const operation = operations.find((one) => one.name === name)!;
      const output = await operation.run(operation.input.strict().parse(input), context);
      return operation.output.parse(output);
    },
    async close() {
      await dispatcher.stop();
      await ledger.close();
    },
  };
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
