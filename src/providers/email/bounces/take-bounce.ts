import { suppressDelivered } from '../../../core/deliveries/bounced-contact.ts';
import type { SuppressionReason } from '../../../core/suppressions/suppression.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import type { Log } from '../../../log/log.ts';
import { type BounceKind, judgeBounce } from './judge-bounce.ts';

/** What is said once and holds. Everything else leaves the contact alone. */
const SUPPRESSES: Partial<Record<BounceKind, SuppressionReason>> = {
  hard: 'bounced',
  complaint: 'complained',
};

/** Does what a mail asks for that came to the bounce address of a delivery; resolves when that is written down. */
export async function takeBounce(
  ledger: Ledger,
  log: Log,
  deliveryId: string,
  raw: Uint8Array,
): Promise<void> {
  const { kind, reason, status } = await judgeBounce(raw);
  const suppression = SUPPRESSES[kind];
  if (suppression !== undefined) {
    const source = ['mail that came back:', status, reason].filter((word) => word !== null).join(' ');
    await ledger.write((tx) => suppressDelivered(tx, deliveryId, suppression, source));
  }
  log.info({ kind, reason, status, delivery: deliveryId }, 'a mail came back');
}
