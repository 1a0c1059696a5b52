import { hostname } from 'node:os';
import { TidingsError } from '../../errors.ts';
import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import { newId } from '../new-id.ts';
import { insertImport, keepImportLeads, keepImportRows, moveImport } from './import.store.ts';

export interface ImportFacts {
  readonly kind: 'leads' | 'suppressions';
  readonly file: string | null;
  readonly tags: readonly string[] | null;
  readonly origin: string | null;
  readonly country: string | null;
}

export type RowKind = 'reject' | 'warning';
interface KeptRow {
  readonly kind: RowKind;
  readonly number: number;
  readonly line: number;
  readonly reason: string;
  readonly record: readonly string[] | null;
}

/** Of each file so many rows of a kind are kept, and so many characters of them. */
const MOST_ROWS = 10_000;
const MOST_ROW_CHARS = 5_000_000;
/** And so many characters of former values: who changes more than that has another backup. */
const MOST_FORMER_CHARS = 64_000_000;

const BEAT_MS = 10_000;
export const HOLDER = `${hostname()}/${process.pid}`;

/**
 * What is stored of an import while it runs: each batch's own transaction moves its counts, so that a process that is
 * killed leaves behind how far it came. An import that stored nothing leaves nothing.
 *
 *   running ──▶ completed · stopped ──▶ undone
 */
export class ImportRecord {
  readonly id = newId();
  readonly #ledger: Ledger;
  readonly #facts: ImportFacts;
  #seq: number | null = null;
  #begun = false;
  #header: readonly string[] | null = null;
  #rows: KeptRow[] = [];
  #counts = { reject: 0, warning: 0 };
  #rowChars = 0;
  #formerChars = 0;
  /** Known leads of the batch, with what it changes. */
  #leads = new Map<number, string | null>();
  #lost = 0;
  #beat: NodeJS.Timeout | undefined;

  constructor(ledger: Ledger, facts: ImportFacts) {
    this.#ledger = ledger;
    this.#facts = facts;
  }

  set header(names: readonly string[]) {
    this.#header = names;
  }

  /** Leads whose former values were too many to keep. */
  get lost(): number {
    return this.#lost;
  }

  /** Before a batch: undoes what an attempt of it left, when the database asks for it once more. */
  checkpoint(): () => void {
    const [rows, counts, rowChars] = [this.#rows.length, { ...this.#counts }, this.#rowChars];
    const [formerChars, lost] = [this.#formerChars, this.#lost];
    return () => {
      this.#rows.length = rows;
      this.#counts = { ...counts };
      this.#rowChars = rowChars;
      this.#formerChars = formerChars;
      this.#lost = lost;
      this.#leads.clear();
    };
  }

  /** In the transaction of each batch, before what it makes. @returns the number that leads and suppressions get */
  async begin(tx: Transaction): Promise<number> {
    if (!this.#begun) {
      this.#seq = await insertImport(tx, {
        ...this.#facts,
        id: this.id,
        header: this.#header,
        holder: HOLDER,
        beatAt: Date.now(),
      });
    }
    return this.#seq!;
  }

  /** A row for those who look for it later. */
  note(kind: RowKind, line: number, reason: string, record: readonly string[] | null): void {
    if (this.#counts[kind] >= MOST_ROWS || this.#rowChars >= MOST_ROW_CHARS) return;
    this.#counts[kind] += 1;
    this.#rowChars += reason.length + (record?.reduce((sum, field) => sum + field.length, 0) ?? 0);
    this.#rows.push({ kind, number: this.#counts[kind], line, reason, record });
  }

  /** A lead that was known before; `former`: what is changed of it, as it was. */
  met(leadSeq: number, former: string | null): void {
    if (former !== null && this.#formerChars + former.length > MOST_FORMER_CHARS) {
      this.#lost += 1;
      former = null;
    }
    this.#formerChars += former?.length ?? 0;
    this.#leads.set(leadSeq, former ?? this.#leads.get(leadSeq) ?? null);
  }

  formerInBatch(leadSeq: number): string | null {
    return this.#leads.get(leadSeq) ?? null;
  }

  /**
   * In the transaction of each batch, behind what it makes.
   * @throws TidingsError `conflict` when the import was taken back meanwhile: this process was thought dead
   */
  async move(tx: Transaction, report: object): Promise<void> {
    if (this.#leads.size > 0) await keepImportLeads(tx, this.#seq!, this.#leads);
    if (this.#rows.length > 0) await keepImportRows(tx, this.#seq!, this.#rows);
    if (!(await moveImport(tx, this.#seq!, 'running', report, Date.now()))) throw takenBack();
  }

  /** The batch is on disk. */
  moved(): void {
    this.#begun = true;
    this.#rows = [];
    this.#leads.clear();
    // A file may come slowly, through a pipe: whoever waits for its next rows is alive.
    this.#beat ??= setInterval(() => void this.#showLife(), BEAT_MS).unref();
  }

  async #showLife(): Promise<void> {
    await this.#ledger
      .write((tx) =>
        tx.run("UPDATE imports SET beat_at = ? WHERE seq = ? AND state = 'running'", Date.now(), this.#seq),
      )
      .catch(() => {});
  }

  async end(state: 'completed' | 'stopped', report: object): Promise<void> {
    clearInterval(this.#beat);
    if (!this.#begun) return;
    await this.#ledger.write((tx) => moveImport(tx, this.#seq!, state, report, Date.now()));
  }
}

function takenBack(): TidingsError {
  return new TidingsError('conflict', 'This import was taken back while it was still being read.', {
    fix: 'Import the file again, if its people are wanted.',
  });
}
