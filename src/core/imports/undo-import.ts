import { setImmediate as yieldTurn } from 'node:timers/promises';
import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import type { ImportRow } from '../leads/import.store.ts';
import { endUndo, moveUndo } from '../leads/import.store.ts';
import { forgetGrounds, listOfImport, takeBackSuppression } from '../suppressions/suppression.store.ts';
import { giveBackValues } from './give-back-values.ts';
import { takeBackLeads } from './take-back-leads.ts';

/** What an undo did so far. */
export interface UndoCounts {
  /** Leads that the import made, and that are gone. */
  leads_removed: number;
  /** Leads that it made, and that stay, by why. */
  kept_messaged: number;
  kept_changed: number;
  /** They stand in a later import as well, and are that one's from now on. */
  kept_other_import: number;
  /** Known leads that have their former values again. */
  leads_restored: number;
  /** Values that somebody changed since: they stay. */
  values_kept: number;
  suppressions_ended: number;
  /** Contacts of whom somebody else says no as well. */
  suppressions_kept: number;
  /** Opt-outs and complaints, which only a person lifts. */
  suppressions_left: number;
}

/** How far it came: each batch's own transaction moves it. */
interface UndoProgress extends UndoCounts {
  part: 'leads' | 'values' | 'grounds' | 'suppressions';
  after: number;
  channel: string;
  contact: string;
}

const START: UndoProgress = {
  part: 'leads',
  after: 0,
  channel: '',
  contact: '',
  leads_removed: 0,
  kept_messaged: 0,
  kept_changed: 0,
  kept_other_import: 0,
  leads_restored: 0,
  values_kept: 0,
  suppressions_ended: 0,
  suppressions_kept: 0,
  suppressions_left: 0,
};

/** In one transaction: some ten milliseconds, so that sending goes on beside it. */
const BATCH = 200;

/**
 * Takes back what an import made, and nothing else:
 *
 *   its leads ──▶ values of known leads ──▶ its grounds ──▶ its suppressions ──▶ undone
 *
 * Suppressions last: as long as one of its leads is there, nobody becomes reachable by an undo that is killed in between.
 * Called again it goes on where it stopped; once it is done, it looks again at what was kept.
 * @param liftsAll whether opt-outs and complaints are lifted as well: only a person does that
 */
export async function undoImport(
  ledger: Ledger,
  { seq, state }: Pick<ImportRow, 'seq' | 'state'>,
  liftsAll: boolean,
): Promise<UndoCounts> {
  let isAgain = state === 'undone';
  for (;;) {
    const done = await ledger.write(async (tx) => {
      const { undo } = (await tx.get<{ undo: string | null }>(
        'SELECT undo FROM imports WHERE seq = ? FOR UPDATE',
        seq,
      ))!;
      const progress: UndoProgress =
        undo === null ? { ...START } : { ...START, ...(JSON.parse(undo) as Partial<UndoProgress>) };
      if (isAgain) startAgain(progress);
      const isOver = await STEPS[progress.part](tx, seq, progress, liftsAll);
      if (isOver && progress.part === 'suppressions') {
        await endUndo(tx, seq, progress);
        return progress;
      }
      if (isOver) Object.assign(progress, { part: NEXT[progress.part], after: 0, channel: '', contact: '' });
      await moveUndo(tx, seq, progress);
      return null;
    });
    isAgain = false;
    if (done !== null) {
      const { part: _, after: __, channel: ___, contact: ____, ...counts } = done;
      return counts;
    }
    await yieldTurn();
  }
}

/** What was removed stays counted; what was kept is looked at anew. */
function startAgain(progress: UndoProgress): void {
  const { leads_removed, leads_restored, values_kept, suppressions_ended, kept_other_import } = progress;
  Object.assign(progress, START, {
    leads_removed,
    leads_restored,
    values_kept,
    suppressions_ended,
    kept_other_import,
  });
}

const NEXT = { leads: 'values', values: 'grounds', grounds: 'suppressions', suppressions: 'suppressions' };

/** Each does one batch, and answers whether its part is done. */
const STEPS: Readonly<
  Record<
    UndoProgress['part'],
    (tx: Transaction, seq: number, progress: UndoProgress, liftsAll: boolean) => Promise<boolean>
  >
> = {
  leads: (tx, seq, progress) => takeBackLeads(tx, seq, progress, BATCH),
  values: (tx, seq, progress) => giveBackValues(tx, seq, progress, BATCH),
  grounds: async (tx, seq) => (await forgetGrounds(tx, seq, BATCH)) < BATCH,
  async suppressions(tx, seq, progress, liftsAll) {
    const after = { channel: progress.channel as 'email', contact: progress.contact };
    const rows = await listOfImport(tx, seq, after, BATCH);
    for (const row of rows) {
      if (!liftsAll && SAID_NO.includes(row.reason)) progress.suppressions_left += 1;
      else if (await takeBackSuppression(tx, row, 'imports.undo')) progress.suppressions_ended += 1;
      else progress.suppressions_kept += 1;
    }
    const last = rows.at(-1);
    if (last) Object.assign(progress, { channel: last.channel, contact: last.contact });
    return rows.length < BATCH;
  },
};

/** What people said themselves: no model and no script takes it back for them. */
export const SAID_NO: readonly string[] = ['complained', 'opted_out'];
