import type { Sender } from '../../core/deliveries/sender.ts';
import { keepLimits, LIMIT_MS, readLimits } from '../../core/deliveries/template-gate.ts';
import { countReached } from '../../core/deliveries/template-message.store.ts';
import { releaseWaiting } from '../../core/sends/send.store.ts';
import type { AccountLimits } from '../../core/templates/template-account.ts';
import type { Ledger } from '../../ledger/ledger.ts';

const FRESH_MS = 60 * 60_000;

/** What the account of a sender may, asked for where nobody did within the hour; null: it has no templates, or nobody says. */
export async function freshLimits(ledger: Ledger, sender: Sender): Promise<AccountLimits | null> {
  const { account, about } = sender;
  if (!account) return null;
  const kept = await readLimits(ledger, about.id);
  if (kept && Date.now() - kept.at < FRESH_MS) return kept;
  const answer = await account.limits();
  if (!answer.ok) return kept;
  await ledger.write((tx) => keepLimits(tx, about.id, answer.value, Date.now()));
  return answer.value;
}

/** Once a minute: what accounts may, and whether those who wait for that can go on. */
export async function lookAtLimits(
  ledger: Ledger,
  senders: readonly Sender[],
  wake: () => void,
): Promise<void> {
  for (const sender of senders) {
    if (!sender.account) continue;
    const { id } = sender.about;
    const limit = (await freshLimits(ledger, sender))?.peoplePerDay ?? null;
    const room = limit === null || (await countReached(ledger, id, Date.now() - LIMIT_MS, limit)) < limit;
    if (room && (await ledger.write((tx) => releaseWaiting(tx, id, 'messaging_limit'))) > 0) wake();
  }
}
