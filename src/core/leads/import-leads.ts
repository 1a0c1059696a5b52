import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import type { ImportReport } from './lead.schema.ts';
import { insertLeads } from './lead.store.ts';
import {
  type CheckedLead,
  checkLead,
  findErasedLeads,
  findSamePerson,
  findUnknown,
  type LeadInput,
  mergeLead,
  newLead,
} from './save-lead.ts';

const LISTED = 20;
const NOBODY = 'no name, email or phone';
const ERASED = 'erased: this person was erased here; leads create with restore_erased takes them back';

/** One import: counts, and which leads it has touched already, a bit for each `seq`. */
export class LeadImport {
  readonly #ledger: Ledger;
  readonly #defaultCountry: string | null;
  #touched = new Uint8Array(1 << 16);
  readonly report: ImportReport = {
    success: true,
    rows: 0,
    created: 0,
    updated: 0,
    unchanged: 0,
    rejected: 0,
    warnings_count: 0,
    rejects: [],
    warnings: [],
    columns: {},
  };

  constructor(ledger: Ledger, defaultCountry: string | null) {
    this.#ledger = ledger;
    this.#defaultCountry = defaultCountry;
  }

  /**
   * Saves a batch in one transaction: known people are updated, new ones created, erased ones left out.
   * @returns where in the batch rows were rejected, and why.
   */
  async save(
    batch: readonly { line: number; input: LeadInput }[],
  ): Promise<{ at: number; reason: string }[]> {
    const now = new Date().toISOString();
    const rejected: { at: number; reason: string }[] = [];
    const checked = new Map<CheckedLead, number>();
    for (const [at, { line, input }] of batch.entries()) {
      if (input.name || input.email || input.phone) checked.set(this.#check(line, input), at);
      else rejected.push({ at, reason: NOBODY });
    }
    const erased = await this.#ledger.write(async (tx) => {
      const out = await findErasedLeads(tx, [...checked.keys()]);
      await this.#saveAll(
        tx,
        [...checked.keys()].filter((lead) => !out.has(lead)),
        now,
      );
      return out;
    });
    for (const lead of erased) {
      // Counted as read already.
      this.report.rows -= 1;
      rejected.push({ at: checked.get(lead)!, reason: ERASED });
    }
    for (const { at, reason } of rejected) this.reject(batch[at]!.line, reason);
    return rejected;
  }

  reject(line: number, reason: string): void {
    this.report.rows += 1;
    this.report.rejected += 1;
    if (this.report.rejects.length < LISTED) this.report.rejects.push({ line, reason });
  }

  #check(line: number, input: LeadInput): CheckedLead {
    const lead = checkLead(input, this.#defaultCountry);
    this.report.rows += 1;
    for (const reason of lead.warnings) {
      this.report.warnings_count += 1;
      if (this.report.warnings.length < LISTED) this.report.warnings.push({ line, reason });
    }
    return lead;
  }

  /**
   * In the order of the batch: who comes first is the first one of a contact. Where each statement is a journey, those
   * whom nobody and nothing in the batch knows are made many at once; everybody else is looked at one by one.
   */
  async #saveAll(tx: Transaction, batch: readonly CheckedLead[], now: string): Promise<void> {
    const unknown = tx.dialect === 'postgres' ? await findUnknown(tx, batch) : new Set<CheckedLead>();
    const made: CheckedLead[] = [];
    for (const lead of batch) {
      const known = unknown.has(lead) ? undefined : await findSamePerson(tx, lead);
      if (known) {
        this.report[await mergeLead(tx, known, lead, now, this.#wasTouched(known.seq))] += 1;
        this.#touch(known.seq);
      } else {
        made.push(lead);
        // Somebody later in the batch may be the same person.
        if (!unknown.has(lead)) await this.#make(tx, made.splice(0), now);
      }
    }
    await this.#make(tx, made, now);
  }

  async #make(tx: Transaction, leads: readonly CheckedLead[], now: string): Promise<void> {
    const seqs = await insertLeads(
      tx,
      leads.map((lead) => newLead(lead, now)),
    );
    for (const seq of seqs) this.#touch(seq);
    this.report.created += leads.length;
  }

  #wasTouched(seq: number): boolean {
    return ((this.#touched[seq >> 3] ?? 0) & (1 << (seq & 7))) !== 0;
  }

  #touch(seq: number): void {
    const at = seq >> 3;
    if (at >= this.#touched.length) {
      const larger = new Uint8Array(Math.max(at + 1, 2 * this.#touched.length));
      larger.set(this.#touched);
      this.#touched = larger;
    }
    this.#touched[at] = this.#touched[at]! | (1 << (seq & 7));
  }
}
