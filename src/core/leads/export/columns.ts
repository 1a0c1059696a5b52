/**
 * The file that an export writes. It says what our own import needs to read it cell by cell as it was written, which no
 * reading by sense could: a trailing blank, an empty text, the number 5 and the text "5".
 */

/** Names the columns of its row that hold JSON. Where it stands, a file is an export, and its columns are what they say. */
export const JSON_COLUMN = 'tidings_json';
/** Values without a column of their own: of keys that are many, very long, or newer than the header. */
export const REST_COLUMN = 'metadata';
export const METADATA_PREFIX = 'metadata.';

const SUPPRESSION_COLUMNS = [
  'email_suppressed',
  'email_suppressed_at',
  'email_suppressed_source',
  'whatsapp_suppressed',
  'whatsapp_suppressed_at',
  'whatsapp_suppressed_source',
] as const;

/** All that a lead has, besides its metadata. */
export const OWN_COLUMNS = [
  'id',
  'name',
  'first_name',
  'last_name',
  'email',
  'phone',
  'phone_country_code',
  'position',
  'company',
  'notes',
  'status',
  'origin',
  'tags',
  'created_at',
  ...SUPPRESSION_COLUMNS,
] as const;
export type OwnColumn = (typeof OWN_COLUMNS)[number];

/** A table with more columns is of no use in a spreadsheet, and our import reads 2,000. */
const MOST_KEYS = 1_000;
const LONGEST_KEY = 100;

/** The metadata keys that get a column: the first thousand met, lead after lead, so that the same leads give the same. */
export class ExportedKeys {
  readonly #keys = new Set<string>();

  get isFull(): boolean {
    return this.#keys.size >= MOST_KEYS;
  }

  /** @param metadata JSON of a lead */
  add(metadata: string): void {
    if (metadata === '{}' || this.isFull) return;
    for (const key of Object.keys(JSON.parse(metadata) as object).sort())
      if (key.length <= LONGEST_KEY && !this.isFull) this.#keys.add(key);
  }

  /** Without regard to who had them first. */
  sorted(): string[] {
    return [...this.#keys].sort();
  }
}

export function exportHeader(keys: readonly string[]): string[] {
  return [...OWN_COLUMNS, ...keys.map((key) => METADATA_PREFIX + key), REST_COLUMN, JSON_COLUMN];
}
