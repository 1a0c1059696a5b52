import type { Dialect, Transaction } from '../ledger.ts';
import { first } from './0001-first.ts';
import { imports } from './0002-imports.ts';
import { tests } from './0003-tests.ts';
import { confirmations } from './0004-confirmations.ts';
import { events } from './0005-events.ts';
import { templates } from './0006-templates.ts';
import { creations } from './0007-creations.ts';
import { attachments } from './0008-attachments.ts';
import { access } from './0009-access.ts';
import { approvals } from './0010-approvals.ts';
import { farewells } from './0013-farewells.ts';
import { heldBack } from './0014-held-back.ts';
import { keyLimits } from './0016-key-limits.ts';
import { audit } from './0018-audit.ts';
import { oauth } from './0019-oauth.ts';
import { drafts } from './0020-drafts.ts';

export type Migration = Readonly<Record<Dialect, readonly string[]>> & {
  /** The oldest step whose code still works on what this one leaves: older code is refused. */
  readonly oldestCode: number;
  /** What SQL cannot say of the rows, after the statements and in their transaction: a batch of them in memory at a time. */
  readonly rows?: (tx: Transaction) => Promise<void>;
};

/**
 * Numbered, forward-only, both databases at once. A step that has been released (CHANGELOG.md) is never edited, and neither
 * are the columns in `tables.ts` that the first one makes: what comes later is a file of its own, `0002-….ts`.
 */
export const migrations: readonly Migration[] = [
  first,
  imports,
  tests,
  confirmations,
  events,
  creations,
  templates,
  approvals,
  farewells,
  access,
  attachments,
  heldBack,
  keyLimits,
  audit,
  drafts,
  oauth,
];
