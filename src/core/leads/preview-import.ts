import { setImmediate as yieldTurn } from 'node:timers/promises';
import type { Ledger, Reader } from '../../ledger/ledger.ts';
import { CHANNEL_NAMES, CHANNELS, type ChannelName } from '../channel.ts';
import { suppressedAmong } from '../suppressions/suppression.store.ts';
import type { CsvBatch, CsvLead } from './csv/read-leads-csv.ts';
import type { ImportOptions } from './import-csv.ts';
import { cannotReach, UNCONFIRMED } from './import-leads.ts';
import { takenContacts } from './lead.store.ts';
import type { ImportPreview } from './preview.schema.ts';
import { type CheckedLead, checkRead, findErasedLeads } from './save-lead.ts';

const LISTED = 20;
const SAMPLES = 3;
const SHOWN = 80;
/** Contacts that are remembered, to find those that stand in the file twice: what they take is bounded. */
const REMEMBERED = 200_000;

type Column = ImportPreview['columns'][number];
type Reach = ImportPreview['reach'][ChannelName];

type Context = { readonly ledger: Ledger; readonly defaultCountry: string | null };

/**
 * What an import of the same bytes with the same options would do, in flat memory: the same code reads and judges them,
 * and nothing is stored.
 * @throws TidingsError `invalid_file` when nothing of it can be read.
 */
export async function previewImport(
  { ledger, defaultCountry }: Context,
  input: AsyncIterable<Uint8Array>,
  options: ImportOptions = {},
): Promise<ImportPreview> {
  const { readLeadsCsv } = await import('./csv/read-leads-csv.ts');
  const country = options.country ?? defaultCountry;
  const preview = new Preview(ledger, options.includeUnconfirmed === true);
  for await (const batch of readLeadsCsv(input, { country, ...(options.map && { map: options.map }) })) {
    options.signal?.throwIfAborted();
    await preview.add(batch);
    options.onProgress?.({ bytes: batch.bytesRead, rows: preview.result.rows });
    await yieldTurn();
  }
  return preview.end();
}

class Preview {
  readonly #reader: Reader;
  readonly #lets: boolean;
  readonly #columns: { readonly index: number; readonly shown: Column }[] = [];
  readonly #seen = new Set<string>();
  readonly #asks = new Map<string, ImportPreview['asks'][number]>();
  readonly result: ImportPreview = {
    success: true,
    rows: 0,
    rejected: 0,
    known: 0,
    duplicates: 0,
    erased_before: 0,
    unconfirmed: 0,
    warnings_count: 0,
    columns: [],
    reach: { whatsapp: noReach(), email: noReach() },
    said_no: {},
    asks: [],
    rejects: [],
    warnings: [],
    notices: [],
  };

  constructor(reader: Reader, letsUnconfirmed: boolean) {
    this.#reader = reader;
    this.#lets = letsUnconfirmed;
  }

  async add(batch: CsvBatch): Promise<void> {
    if (this.#columns.length === 0) this.#begin(batch);
    for (const { line, reason } of batch.rejects) this.#reject(line, reason);
    const leads = new Map(batch.rows.map((row) => [toLead(row), row]));
    const erased = await findErasedLeads(this.#reader, [...leads.keys()]);
    const [known, suppressed] = await Promise.all([
      this.#known([...leads.keys()]),
      this.#suppressed([...leads.keys()]),
    ]);
    for (const [lead, row] of leads) {
      this.result.rows += 1;
      this.#sample(lead, row.record);
      if (erased.has(lead)) this.result.erased_before += 1;
      else this.#count(lead, row.line, known, suppressed);
    }
  }

  end(): ImportPreview {
    if (this.#seen.size >= REMEMBERED)
      this.result.notices.push(`Duplicates were looked for among the first ${REMEMBERED} contacts.`);
    const all = this.#columns.map(({ shown }) => shown);
    this.result.columns = [...all.filter((one) => !one.is_mapped), ...all.filter((one) => one.is_mapped)];
    return this.result;
  }

  #begin({ columns, labels, doubts, canReach, notices }: CsvBatch): void {
    this.result.notices.push(...notices);
    for (const [index, column] of labels.entries()) {
      const field = columns[column];
      if (field === undefined) continue;
      const shown = { column, field, is_mapped: !field.startsWith('metadata.'), samples: [] };
      this.#columns.push({ index, shown });
    }
    if (!canReach) this.result.notices.push(cannotReach(doubts));
  }

  #count(lead: CheckedLead, line: number, known: ReadonlySet<string>, suppressed: ReadonlySet<string>): void {
    const { result } = this;
    const keys = keysOf(lead);
    if (keys.some((key) => known.has(key))) result.known += 1;
    if (keys.some((key) => this.#seen.has(key))) result.duplicates += 1;
    for (const key of keys) if (this.#seen.size < REMEMBERED) this.#seen.add(key);
    if (lead.warnings.length > 0) {
      result.warnings_count += 1;
      if (result.warnings.length < LISTED) result.warnings.push({ line, reason: lead.warnings.join('; ') });
    }
    const counted = new Set<string>();
    for (const { column, value, scope, reason } of lead.consents) {
      const id = `${column}\n${value}`;
      const ask = this.#asks.get(id) ?? { column, value, channel: scope, reason, count: 0 };
      ask.count += 1;
      if (!this.#asks.has(id) && this.#asks.size < LISTED) {
        this.#asks.set(id, ask);
        result.asks.push(ask);
      }
      if (!counted.has(reason)) result.said_no[reason] = (result.said_no[reason] ?? 0) + 1;
      counted.add(reason);
    }
    if (counted.size === 1 && counted.has(UNCONFIRMED)) result.unconfirmed += 1;
    for (const channel of CHANNEL_NAMES) this.#reach(channel, lead, suppressed);
  }

  #reach(channel: ChannelName, lead: CheckedLead, suppressed: ReadonlySet<string>): void {
    const reach = this.result.reach[channel];
    const key = channel === 'email' ? lead.emailKey : lead.phoneKey;
    const saysNo = lead.consents.some(
      ({ scope, reason }) =>
        (scope === 'all' || scope === channel) && !(reason === UNCONFIRMED && this.#lets),
    );
    if (key === null) reach.without_contact += 1;
    else if (saysNo || suppressed.has(`${channel} ${key}`)) reach.said_no += 1;
    else reach.reachable += 1;
  }

  #reject(line: number, reason: string): void {
    this.result.rows += 1;
    this.result.rejected += 1;
    if (this.result.rejects.length < LISTED) this.result.rejects.push({ line, reason });
  }

  #sample(lead: CheckedLead, record: readonly string[]): void {
    for (const { index, shown } of this.#columns) {
      const { field, samples } = shown;
      const given = record[index]?.trim() ?? '';
      if (samples.length >= SAMPLES || given === '') continue;
      samples.push({ given: short(given), kept: short(keptOf(field, lead)) });
    }
  }

  async #known(leads: readonly CheckedLead[]): Promise<Set<string>> {
    const found = await Promise.all([
      takenContacts(
        this.#reader,
        'email_key',
        leads.flatMap(({ emailKey }) => emailKey ?? []),
      ),
      takenContacts(
        this.#reader,
        'phone_key',
        leads.flatMap(({ phoneKey }) => phoneKey ?? []),
      ),
    ]);
    return new Set(found.flatMap((contacts) => [...contacts]));
  }

  async #suppressed(leads: readonly CheckedLead[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (const channel of CHANNEL_NAMES) {
      const keys = leads.flatMap((lead) => (channel === 'email' ? lead.emailKey : lead.phoneKey) ?? []);
      for (const contact of await suppressedAmong(this.#reader, channel, keys))
        found.add(`${channel} ${contact}`);
    }
    return found;
  }
}

function noReach(): Reach {
  return { reachable: 0, said_no: 0, without_contact: 0 };
}

function toLead({ input, read }: CsvLead): CheckedLead {
  return checkRead(input, read.email, read.phone, read.consents, read);
}

function keysOf({ emailKey, phoneKey }: CheckedLead): string[] {
  // Many people share a phone: who has an email is known by it.
  return [emailKey ?? phoneKey].filter((key) => key !== null);
}

/** Null: this row keeps nothing of it under that name. */
function keptOf(field: string, { input, emailKey, phoneKey }: CheckedLead): string | null {
  if (field === CHANNELS.email.given) return emailKey ?? input.email ?? null;
  if (field === CHANNELS.whatsapp.given) return phoneKey ?? input.phone ?? null;
  const key = /(?:^|, )metadata\.(.*)$/s.exec(field)?.[1];
  const value = key === undefined ? input[field as keyof typeof input] : input.metadata?.[key];
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function short<Text extends string | null>(text: Text): Text {
  if (text === null || text.length <= SHOWN) return text;
  return `${text.slice(0, SHOWN - 1)}…`.toWellFormed() as Text;
}
