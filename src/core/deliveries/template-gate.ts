import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { findMark, setMark } from '../../ledger/marks.ts';
import type { TemplateMessage } from '../messages/template-message.ts';
import { findTemplate, insertDraft } from '../templates/template.store.ts';
import { contentKey } from '../templates/template.ts';
import type { AccountLimits } from '../templates/template-account.ts';
import { obstacleOf, type TemplateObstacle } from '../templates/template-obstacle.ts';
import { isUtility } from './purpose.ts';
import { countReached, earliestReached } from './template-message.store.ts';

/** People count for so long. */
export const LIMIT_MS = 24 * 60 * 60_000;

/** What may leave by the template of a send now. */
export interface TemplateGate {
  readonly sender: string;
  /** No marketing: whoever stopped that alone gets it. */
  readonly isUtility: boolean;
  /** Why nothing may; null: something may. */
  readonly obstacle: TemplateObstacle | null;
  /** How many people more may be written to first. */
  readonly room: number;
  /** When there will be more, milliseconds since 1970; null: not known, or there is room. */
  readonly roomAt: number | null;
  /** A draft that nobody needed so far: its number. */
  readonly unasked?: number;
}

interface KeptLimits extends AccountLimits {
  readonly at: number;
}

const markOf = (sender: string) => `limits:${sender}`;

/** What the provider said last of what the account may; null: nothing yet. */
export async function readLimits(reader: Reader, sender: string): Promise<KeptLimits | null> {
  const text = await findMark(reader, markOf(sender));
  return text === null ? null : (JSON.parse(text) as KeptLimits);
}

export async function keepLimits(
  tx: Transaction,
  sender: string,
  limits: AccountLimits,
  nowMs: number,
): Promise<void> {
  await setMark(tx, markOf(sender), JSON.stringify({ ...limits, at: nowMs }));
}

/** The provider says that something changed: it is asked for again with the next look. */
export async function forgetLimits(tx: Transaction, sender: string): Promise<void> {
  const kept = await readLimits(tx, sender);
  if (kept) await keepLimits(tx, sender, kept, 0);
}

/**
 * Asked in the transaction that claims. On PostgreSQL one claim at a time is between this look and its commit where the
 * account has a limit.
 */
export async function lookAtGate(
  tx: Transaction,
  sender: string,
  template: TemplateMessage,
  nowMs: number,
): Promise<TemplateGate> {
  const { name, content } = template;
  const key = { sender, name, language: content.language };
  const row = await findTemplate(tx, key);
  // Another account took the send over: it has to have the wording, too.
  if (!row) await insertDraft(tx, key, { category: template.category, content, samples: null }, nowMs);
  const obstacle = row
    ? (obstacleOf(row) ?? (row.content_key === contentKey(content) ? null : CHANGED(name)))
    : MISSING;
  const common = { sender, isUtility: isUtility(template, row) };
  const isUnasked = row?.status === 'DRAFT' && row.check_at === null;
  if (obstacle) return { ...common, obstacle, room: 0, roomAt: null, ...(isUnasked && { unasked: row.seq }) };
  const limit = (await readLimits(tx, sender))?.peoplePerDay ?? null;
  if (limit === null) return { ...common, obstacle: null, room: Number.POSITIVE_INFINITY, roomAt: null };
  if (tx.dialect === 'postgres')
    await tx.get(
      "SELECT 1 AS locked FROM pg_advisory_xact_lock(hashtext('tidings messaging limit ' || CAST(? AS TEXT)))",
      sender,
    );
  const sinceMs = nowMs - LIMIT_MS;
  const room = Math.max(0, limit - (await countReached(tx, sender, sinceMs, limit)));
  const earliest = room > 0 ? null : await earliestReached(tx, sender, sinceMs);
  return { ...common, obstacle: null, room, roomAt: earliest === null ? null : earliest + LIMIT_MS };
}

const MISSING: TemplateObstacle = {
  code: 'template_draft',
  message: 'The template is being submitted.',
  isBlocked: false,
};
const CHANGED = (name: string): TemplateObstacle => ({
  code: 'template_changed',
  message: `The template ${name} has other words at the provider than when this send was made: call again with the same template, and look at it first.`,
  isBlocked: true,
});
