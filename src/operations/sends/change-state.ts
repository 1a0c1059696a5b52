import {
  type BriefSendRow,
  findBriefSend,
  findSend,
  lockSend,
  type NamedSendRow,
  type TotalledSendRow,
} from '../../core/sends/send.store.ts';
import { TidingsError } from '../../errors.ts';
import type { Ledger, Reader, Transaction } from '../../ledger/ledger.ts';

/** One step of one send, asked for by its id. @returns the send after it */
export async function changeState(
  ledger: Ledger,
  id: string,
  work: (tx: Transaction, send: TotalledSendRow) => Promise<void>,
): Promise<NamedSendRow> {
  await ledger.write(async (tx) => {
    // Whoever sends may be about to change its state.
    await lockSend(tx, (await existingSend(tx, id)).seq);
    await work(tx, await existingSend(tx, id));
  });
  return existingSend(ledger, id);
}

/** @throws TidingsError `not_found` */
export async function existingSend(reader: Reader, id: string): Promise<NamedSendRow> {
  return (await findSend(reader, id)) ?? notThere(id);
}

/**
 * The same without its text.
 * @throws TidingsError `not_found`
 */
export async function existingBriefSend(reader: Reader, id: string): Promise<BriefSendRow> {
  return (await findBriefSend(reader, id)) ?? notThere(id);
}

function notThere(id: string): never {
  throw new TidingsError('not_found', `There is no send ${id}.`, {
    fix: (words) => `${words.operation('sends.list')} shows the sends there are.`,
  });
}
