import { randomBytes } from 'node:crypto';
import type { Ledger } from '../../ledger/ledger.ts';
import { findMark, PLACE_MARK } from '../../ledger/marks.ts';

const KEY = 'bounce_key';

/**
 * What bounce addresses and links to unsubscribe are proven with: made once for each ledger, and the same for every
 * process that sends from it.
 */
export async function readDeliverySecret(ledger: Ledger): Promise<Buffer> {
  const known =
    (await findMark(ledger, KEY)) ??
    (await ledger.write(async (tx) => {
      await tx.run(PLACE_MARK, KEY, randomBytes(32).toString('base64url'));
      return findMark(tx, KEY);
    }));
  return Buffer.from(known!, 'base64url');
}
