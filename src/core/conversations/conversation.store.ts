import { byDialect, type Reader, type Transaction } from '../../ledger/ledger.ts';

/** What a sender and a contact have with each other. */
export interface ConversationRow {
  readonly sender: string;
  /** Normalised; the id at the provider while that is all there is. */
  readonly contact: string;
  readonly user_id: string | null;
  /** When they last wrote, by the provider's clock, milliseconds since 1970; null: never, as far as was told. */
  readonly last_inbound_at: number | null;
  /** When the provider last said that they have not written lately, whatever is known here. */
  readonly refused_at: number | null;
  /** When the provider last held marketing back for them. */
  readonly held_back_at: number | null;
  /** The language in which they are still to be told that their STOP was heard, empty: any; null: nothing is to be told. */
  readonly farewell: string | null;
  /** When they were last told. */
  readonly farewell_at: number | null;
}

type Heard = Omit<ConversationRow, 'farewell' | 'farewell_at'>;
export type ConversationChange = Pick<Heard, 'sender' | 'contact'> &
  Partial<Omit<Heard, 'sender' | 'contact'>>;

const TEXTS = ['sender', 'contact', 'user_id'] as const;
const TIMES = ['last_inbound_at', 'refused_at', 'held_back_at'] as const;
const COLUMNS = [...TEXTS, ...TIMES];
const GIVEN = byDialect({
  sqlite: `SELECT ${COLUMNS.map((_, at) => `json_extract(value, '$[${at}]')`).join(', ')} FROM json_each(?) WHERE true`,
  postgres: `SELECT * FROM unnest(${TEXTS.map(() => 'CAST(? AS TEXT[])').join(', ')}, ${TIMES.map(() => 'CAST(? AS BIGINT[])').join(', ')})`,
});
const later = (column: string) => `CASE WHEN excluded.${column} IS NULL THEN conversations.${column}
    WHEN conversations.${column} > excluded.${column} THEN conversations.${column} ELSE excluded.${column} END`;

/**
 * Notes what was heard, in one statement: times never go back, and an id is kept until another one is told.
 * @param changes one for each sender and contact at most
 */
export async function noteConversations(
  tx: Transaction,
  changes: readonly ConversationChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const cells = changes.map((change) => COLUMNS.map((column) => change[column] ?? null));
  const given =
    tx.dialect === 'sqlite' ? [JSON.stringify(cells)] : COLUMNS.map((_, at) => cells.map((row) => row[at]!));
  await tx.run(
    `INSERT INTO conversations (${COLUMNS.join(', ')}) ${GIVEN(tx)}
     ON CONFLICT (sender, contact) DO UPDATE SET user_id = coalesce(excluded.user_id, conversations.user_id),
       ${TIMES.map((column) => `${column} = ${later(column)}`).join(', ')}`,
    ...given,
  );
}

/**
 * The provider takes nothing but templates for these: whatever is known of when they wrote, and by whichever clock.
 */
export async function noteRefusals(
  tx: Transaction,
  sender: string,
  contacts: readonly string[],
  atMs: number,
): Promise<void> {
  const unique = [...new Set(contacts)];
  await noteConversations(
    tx,
    unique.map((contact) => ({ sender, contact, refused_at: atMs })),
  );
  for (const contact of unique)
    await tx.run(
      'UPDATE conversations SET refused_at = last_inbound_at WHERE sender = ? AND contact = ? AND last_inbound_at > refused_at',
      sender,
      contact,
    );
}

/** The provider holds marketing back for these. */
export function noteHeldBack(
  tx: Transaction,
  sender: string,
  contacts: readonly string[],
  atMs: number,
): Promise<void> {
  const changes = [...new Set(contacts)].map((contact) => ({ sender, contact, held_back_at: atMs }));
  return noteConversations(tx, changes);
}

export function findConversation(
  reader: Reader,
  sender: string,
  contact: string,
): Promise<ConversationRow | undefined> {
  return reader.get<ConversationRow>(
    'SELECT * FROM conversations WHERE sender = ? AND contact = ?',
    sender,
    contact,
  );
}

const MANY = byDialect({
  sqlite: 'IN (SELECT value FROM json_each(?))',
  postgres: '= ANY (CAST(? AS TEXT[]))',
});

/** Everything by which somebody is known to the senders who has one of these contacts or ids. */
export async function conversationsOf(reader: Reader, names: readonly string[]): Promise<ConversationRow[]> {
  const given = reader.dialect === 'sqlite' ? JSON.stringify(names) : names;
  return reader.all<ConversationRow>(
    `SELECT * FROM conversations WHERE contact ${MANY(reader)} UNION SELECT * FROM conversations WHERE user_id ${MANY(reader)}`,
    given,
    given,
  );
}
