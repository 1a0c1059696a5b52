import { counted } from '../../amounts.ts';
import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import { CHANNEL_NAMES, type ChannelName } from '../channel.ts';
import { suppress } from '../suppressions/suppression.store.ts';
import { type Former, joinFormer } from './former.ts';
import { findFormer } from './import.store.ts';
import { ImportRecord } from './import-record.ts';
import type { ImportReport } from './lead.schema.ts';
import { insertLeads, takenIds } from './lead.store.ts';
import type { LeadRow } from './lead.ts';
import type { LeadInput } from './lead-input.ts';
import { LinesOfLeads } from './lines-of-leads.ts';
import type { Consent } from './reading/consent-columns.ts';
import type { ReadRow } from './reading/read-row.ts';
import {
  type CheckedLead,
  checkLead,
  checkRead,
  findErasedLeads,
  findSamePerson,
  findUnknown,
  idsOf,
  mergeLead,
  newLead,
} from './save-lead.ts';

const LISTED = 20;
const NOBODY = 'no name, email or phone';
const ERASED = 'erased: this person was erased here; leads create with restore_erased takes them back';

export interface LeadImportOptions {
  /** Given to each lead of the import. */
  readonly tags?: readonly string[];
  /** For leads of whom the file does not say where they come from. */
  readonly origin?: string;
  /** Lets in people who never said yes; those who said no stay out. */
  readonly includeUnconfirmed?: boolean;
  /** What the file is called, for the source of suppressions. */
  readonly file?: string;
  readonly onWarning?: (line: number, reason: string, record: readonly string[]) => void;
}

interface Row {
  readonly line: number;
  readonly input: LeadInput;
  readonly read?: ReadRow;
  /** As in the file. */
  readonly record?: readonly string[];
}

/** One import: counts, and which leads it has touched already, a bit for each `seq`. */
export class LeadImport {
  readonly #ledger: Ledger;
  readonly #defaultCountry: string | null;
  #touched = new Uint8Array(1 << 16);
  readonly report: ImportReport = {
    success: true,
    import_id: '',
    rows: 0,
    created: 0,
    updated: 0,
    unchanged: 0,
    rejected: 0,
    erased_before: 0,
    warnings_count: 0,
    rejects: [],
    warnings: [],
    columns: {},
    suppressed: 0,
    unconfirmed: 0,
    asks: [],
    notices: [],
  };

  readonly #lines = new LinesOfLeads();
  readonly #rowOf = new Map<CheckedLead, Row>();
  readonly #record: ImportRecord;
  readonly #options: LeadImportOptions;
  readonly #asks = new Map<string, ImportReport['asks'][number]>();

  constructor(ledger: Ledger, defaultCountry: string | null, options: LeadImportOptions = {}) {
    this.#options = options;
    this.#ledger = ledger;
    this.#defaultCountry = defaultCountry;
    const { file = null, tags = null, origin = null } = options;
    this.#record = new ImportRecord(ledger, { kind: 'leads', file, tags, origin, country: defaultCountry });
    this.report.import_id = this.#record.id;
  }

  /**
   * Saves a batch in one transaction, with what it adds to the report: known people are updated, new ones created, erased
   * ones left out.
   * @returns where in the batch rows were rejected, and why.
   */
  async save(batch: readonly Row[]): Promise<{ at: number; reason: string }[]> {
    const now = new Date().toISOString();
    const checked = new Map<CheckedLead, number>();
    const nobody: number[] = [];
    this.#rowOf.clear();
    for (const [at, row] of batch.entries()) {
      const { name, first_name, last_name, email, phone } = row.input;
      if (name || first_name || last_name || email || phone || row.read?.exported)
        checked.set(this.#check(row), at);
      else nobody.push(at);
    }
    const reset = this.#checkpoint();
    const rejected = await this.#ledger.write(async (tx) => {
      reset();
      const importSeq = await this.#record.begin(tx);
      const out = await findErasedLeads(tx, [...checked.keys()]);
      await this.#saveAll(
        tx,
        [...checked.keys()].filter((lead) => !out.has(lead)),
        now,
        importSeq,
      );
      // Also of those who were erased here: a person who comes back has not said yes meanwhile.
      for (const lead of out) await this.#keepConsent(tx, lead, [], importSeq);
      // Counted as read already.
      this.report.rows -= out.size;
      this.report.erased_before += out.size;
      const refused = [
        ...nobody.map((at) => ({ at, reason: NOBODY })),
        ...[...out].map((lead) => ({ at: checked.get(lead)!, reason: ERASED })),
      ].sort((one, other) => one.at - other.at);
      for (const { at, reason } of refused) {
        const { line, record } = batch[at]!;
        this.reject(line, reason, reason === ERASED ? undefined : record);
      }
      await this.#record.move(tx, this.#stored());
      return refused;
    });
    this.#record.moved();
    return rejected;
  }

  /** Whoever was erased leaves no row behind. */
  reject(line: number, reason: string, record?: readonly string[]): void {
    this.report.rows += 1;
    this.report.rejected += 1;
    if (this.report.rejects.length < LISTED) this.report.rejects.push({ line, reason });
    this.#record.note('reject', line, reason, record ?? null);
  }

  end(state: 'completed' | 'stopped'): Promise<void> {
    if (this.#record.lost > 0)
      this.report.notices.push(
        `Of ${counted(this.#record.lost, 'lead')} that changed the former values were too many to keep: undoing this import leaves them as they are.`,
      );
    return this.#record.end(state, this.#stored());
  }

  /** The database may ask for a batch once more: it counts once. */
  #checkpoint(): () => void {
    const { rejects, warnings, ...counts } = this.report;
    const [rejectCount, warningCount] = [rejects.length, warnings.length];
    const resetRecord = this.#record.checkpoint();
    return () => {
      Object.assign(this.report, counts);
      rejects.length = rejectCount;
      warnings.length = warningCount;
      resetRecord();
    };
  }

  /** The rows that are listed in the report are kept apart. */
  #stored(): Omit<ImportReport, 'rejects' | 'warnings'> {
    const { rejects: _, warnings: __, ...kept } = this.report;
    return kept;
  }

  #check(row: Row): CheckedLead {
    const { line, input, read } = row;
    const { tags, origin } = this.#options;
    const given =
      tags || origin
        ? {
            ...input,
            ...(tags && { tags: [...(input.tags ?? []), ...tags] }),
            ...(origin && !input.origin && { origin }),
          }
        : input;
    const lead = read
      ? checkRead(given, read.email, read.phone, read.consents, read)
      : checkLead(given, this.#defaultCountry);
    this.#rowOf.set(lead, row);
    this.report.rows += 1;
    if (lead.warnings.length > 0) this.#warn(line, lead.warnings.join('; '), row.record);
    for (const said of lead.consents) this.#count(said);
    if (lead.consents.some(({ reason }) => reason !== UNCONFIRMED)) this.report.suppressed += 1;
    else if (lead.consents.length > 0) this.report.unconfirmed += 1;
    return lead;
  }

  #warn(line: number, reason: string, record: readonly string[] | undefined): void {
    this.report.warnings_count += 1;
    if (this.report.warnings.length < LISTED) this.report.warnings.push({ line, reason });
    this.#record.note('warning', line, reason, record ?? null);
    this.#options.onWarning?.(line, reason, record ?? []);
  }

  #count({ column, value, scope, reason }: Consent): void {
    const key = `${column}\n${value}`;
    const ask = this.#asks.get(key);
    if (ask) ask.count += 1;
    else if (this.#asks.size < LISTED) {
      const asked = { column, value, channel: scope, reason, count: 1 };
      this.#asks.set(key, asked);
      this.report.asks.push(asked);
    }
  }

  /** What is read of the file before its rows. */
  tell({
    columns,
    header,
    doubts,
    canReach,
    notices,
  }: {
    columns: Record<string, string>;
    header: readonly string[];
    doubts: readonly string[];
    canReach: boolean;
    notices: readonly string[];
  }): void {
    this.report.notices.push(...notices);
    this.report.columns = columns;
    this.#record.header = header;
    if (!canReach) this.report.notices.push(cannotReach(doubts));
  }

  /** What a row says of consent holds for each contact in it, and for those that its lead has already. */
  async #keepConsent(
    tx: Transaction,
    lead: CheckedLead,
    known: readonly (string | null)[],
    importSeq: number,
  ): Promise<void> {
    for (const { scope, reason, column, value, origin } of lead.consents) {
      for (const channel of CHANNEL_NAMES) {
        if (scope !== 'all' && scope !== channel) continue;
        if (reason === UNCONFIRMED && this.#options.includeUnconfirmed) continue;
        const source = origin ? origin.source : `${this.#options.file ?? 'import'}: ${column}: ${value}`;
        for (const contact of contactsOf(channel, lead, known))
          await suppress(tx, channel, contact, reason, source, importSeq, origin?.at);
      }
    }
  }

  /**
   * In the order of the batch: who comes first is the first one of a contact. Those whom nobody and nothing in the batch
   * knows, as all of a new file, are found by a few statements and made many at once; everybody else is looked at one by
   * one.
   */
  async #saveAll(
    tx: Transaction,
    batch: readonly CheckedLead[],
    now: string,
    importSeq: number,
  ): Promise<void> {
    const unknown = await findUnknown(tx, batch);
    const made: CheckedLead[] = [];
    for (const lead of batch) {
      const others: LeadRow[] = [];
      const known = unknown.has(lead)
        ? undefined
        : await findSamePerson(tx, lead, others, (seq) => this.#wasTouched(seq));
      if (known) {
        const former = await mergeLead(tx, known, lead, now, this.#wasTouched(known.seq), importSeq);
        this.report[former === 'unchanged' ? 'unchanged' : 'updated'] += 1;
        if (known.import_seq !== importSeq) await this.#met(tx, known.seq, former, importSeq);
        this.#touch(known.seq);
        await this.#keepConsent(tx, lead, [known.email_key, known.phone_key], importSeq);
      } else {
        if (lead.emailKey === null && others[0]) this.#warnShared(lead, others[0].seq);
        made.push(lead);
        // Somebody later in the batch may be the same person.
        if (!unknown.has(lead)) await this.#make(tx, made.splice(0), now, importSeq);
      }
    }
    await this.#make(tx, made, now, importSeq);
  }

  async #met(tx: Transaction, seq: number, former: Former | 'unchanged', importSeq: number): Promise<void> {
    if (former === 'unchanged') return this.#record.met(seq, null);
    const before = this.#wasTouched(seq)
      ? (this.#record.formerInBatch(seq) ?? (await findFormer(tx, importSeq, seq)))
      : null;
    const all = before === null ? former : joinFormer(JSON.parse(before) as Former, former);
    this.#record.met(seq, JSON.stringify(all));
  }

  async #make(tx: Transaction, leads: readonly CheckedLead[], now: string, importSeq: number): Promise<void> {
    const taken = await takenIds(tx, idsOf(leads));
    const idOf = ({ exported }: CheckedLead) => {
      const id = exported?.id;
      if (id === undefined || taken.has(id)) return undefined;
      taken.add(id);
      return id;
    };
    const seqs = await insertLeads(
      tx,
      leads.map((lead) => newLead(lead, now, importSeq, idOf(lead))),
    );
    for (const [at, seq] of seqs.entries()) {
      this.#touch(seq);
      this.#lines.add(seq, this.#rowOf.get(leads[at]!)?.line ?? 0);
    }
    for (const lead of leads) await this.#keepConsent(tx, lead, [], importSeq);
    this.report.created += leads.length;
  }

  /** Kept apart, and of one number only the first gets a message: nobody vanishes without a word. */
  #warnShared(lead: CheckedLead, seq: number): void {
    const line = this.#lines.of(seq);
    const whose = line === undefined ? 'a lead that is here already' : `line ${line}`;
    const row = this.#rowOf.get(lead);
    this.#warn(
      row?.line ?? 0,
      `same phone as ${whose}: kept as a person of their own, and one message goes to that phone`,
      row?.record,
    );
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

export const UNCONFIRMED = 'not_opted_in';

function contactsOf(channel: ChannelName, lead: CheckedLead, known: readonly (string | null)[]): Set<string> {
  const isEmail = channel === 'email';
  const own = isEmail
    ? [lead.emailKey, ...(lead.otherEmails ?? [])]
    : [lead.phoneKey, ...(lead.otherPhones ?? [])];
  const before = known.filter((contact) => contact !== null && contact.includes('@') === isEmail);
  return new Set([...own, ...before].filter((contact) => contact !== null));
}

/** @param doubts columns that look like contacts */
export function cannotReach(doubts: readonly string[]): string {
  const like = doubts.length > 0 ? `; these look like contacts: ${doubts.join(', ')}` : '';
  return `No column was read as an email or a phone, so nobody of this file can be reached${like}.`;
}
