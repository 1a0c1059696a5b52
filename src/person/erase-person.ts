import { listBuilding } from '../core/audiences/audience.store.ts';
import { buildAudience } from '../core/audiences/build-audience.ts';
import { eraseLead } from '../core/leads/lead.store.ts';
import type { LeadRow } from '../core/leads/lead.ts';
import { addToTotals, chunkAt, NO_CHANGE } from '../core/sends/chunk.store.ts';
import { completeIfSettled } from '../core/sends/send.store.ts';
import { hashContact, isHashed } from '../core/suppressions/erased-contact.ts';
import { suppress } from '../core/suppressions/suppression.store.ts';
import { forgetSamples } from '../core/templates/template.store.ts';
import type { Ledger, Reader, Transaction } from '../ledger/ledger.ts';
import { removeEntries } from '../providers/sandbox/outbox.store.ts';
import { forgetContact } from './forget-contact.ts';
import { forgetEventsOfLead } from './forget-events.ts';
import { forgetInImports, knownBy } from './forget-imports.ts';
import { positionsIn, type SendPlace, sendsThrough } from './person.store.ts';
import { redactAudiences } from './redact-audiences.ts';

export interface ErasedCounts {
  deliveries: number;
  outboxEntries: number;
  /** Handed to a provider whose answer is awaited: looked at again when it is there. */
  inFlight: number;
}

interface ErasureRow {
  readonly seq: number;
  readonly leads: string;
  readonly contacts: string;
  readonly through_send: number;
}

/**
 * Erases people:
 *
 *   leads, suppressions, audiences (one commit, with what is left to do) ──▶ imports ──▶ send after send ──▶ done
 *                                                         ▲                       │ something is in flight
 *                                                         └── housekeeping, stop ─┘
 *
 * From the first commit on nobody of them is claimed any more. Killed in between, whoever keeps house goes on.
 * @param choose the leads, read within the transaction
 */
export async function erasePeople(
  ledger: Ledger,
  choose: (tx: Transaction) => Promise<{ leads: readonly LeadRow[]; contacts: readonly string[] }>,
  andSuppress = false,
): Promise<ErasedCounts & { leads: number; suppressed: boolean }> {
  // Their filters are needed as they are until they are built.
  for (const { seq } of await listBuilding(ledger)) await buildAudience(ledger, seq).catch(() => {});
  const begun = await ledger.write(async (tx) => {
    const now = new Date().toISOString();
    const { leads, contacts } = await choose(tx);
    const all = new Set(contacts);
    for (const lead of leads) {
      for (const key of [lead.email_key, lead.phone_key]) if (key !== null) all.add(key);
      await eraseLead(tx, lead.seq, now);
      await tx.run('UPDATE import_leads SET former = NULL WHERE lead_seq = ?', lead.seq);
      await forgetEventsOfLead(tx, lead.seq);
    }
    const known = [...leads, ...contacts.map(knownBy)];
    await redactAudiences(tx, known);
    await forgetSamples(tx);
    const free: string[] = [];
    for (const contact of all) if ((await forgetContact(tx, contact, now)) !== null) free.push(contact);
    for (const contact of andSuppress ? free : [])
      await suppress(tx, contact.includes('@') ? 'email' : 'whatsapp', contact, 'unsubscribed');
    const row = await tx.get<ErasureRow>(
      `INSERT INTO erasures (leads, contacts, through_send)
       SELECT CAST(? AS TEXT), CAST(? AS TEXT), coalesce(max(seq), 0) FROM sends RETURNING *`,
      JSON.stringify(leads.map(({ seq }) => seq)),
      JSON.stringify(free),
    );
    await tx.run("INSERT INTO marks (name, value) VALUES ('scrub', 'due') ON CONFLICT DO NOTHING");
    return { row: row!, known, leads: leads.length, suppressed: andSuppress && free.length > 0 };
  });
  await forgetInImports(ledger, begun.known);
  const counts = await finish(ledger, begun.row);
  await ledger.cleanLog?.();
  return { ...counts, leads: begun.leads, suppressed: begun.suppressed };
}

/** Goes on with erasures that found something in flight, or whose process died; for at most about `maxMs`. */
export async function finishErasures(ledger: Ledger, maxMs: number): Promise<void> {
  const startedAt = performance.now();
  let last = 0;
  while (performance.now() - startedAt < maxMs) {
    const row = await ledger.get<ErasureRow>(
      'SELECT * FROM erasures WHERE seq > ? ORDER BY seq LIMIT 1',
      last,
    );
    if (!row) break;
    await forgetInImports(ledger, (JSON.parse(row.contacts) as string[]).map(knownBy));
    await finish(ledger, row);
    last = row.seq;
  }
  if (last > 0) await ledger.cleanLog?.();
}

async function finish(ledger: Ledger, row: ErasureRow): Promise<ErasedCounts> {
  const counts: ErasedCounts = { deliveries: 0, outboxEntries: 0, inFlight: 0 };
  const leads = new Set(JSON.parse(row.leads) as number[]);
  const contacts = new Set(JSON.parse(row.contacts) as string[]);
  // An earlier address of theirs may come to light in one send, and stand in others.
  for (let known = -1; known < contacts.size; ) {
    known = contacts.size;
    counts.inFlight = 0;
    const hashes = await ledger.write((tx) => Promise.all([...contacts].map((one) => hashContact(tx, one))));
    for await (const send of sendsThrough(ledger, row.through_send)) {
      const positions = await positionsIn(ledger, send, leads, [...contacts, ...hashes]);
      if (!(await anyLeft(ledger, send, positions))) continue;
      await ledger.write((tx) => eraseInSend(tx, send, positions, leads, contacts, counts));
    }
  }
  if (counts.inFlight === 0)
    await ledger.write((tx) => tx.run('DELETE FROM erasures WHERE seq = ?', row.seq));
  return counts;
}

interface Delivery {
  readonly lead_seq: number;
  readonly status: string;
  readonly contact: string | null;
  readonly error: string | null;
  readonly provider_said: string | null;
  readonly provider_message_id: string | null;
}

const SELECT =
  'SELECT lead_seq, status, contact, error, provider_said, provider_message_id FROM deliveries WHERE send_seq = ? AND position = ?';

async function anyLeft(reader: Reader, send: SendPlace, positions: readonly number[]): Promise<boolean> {
  for (const position of positions) {
    const row = await reader.get<Delivery>(SELECT, send.seq, position);
    if (row && !isClean(row)) return true;
  }
  return false;
}

function isClean({ status, contact, error, provider_said, provider_message_id }: Delivery): boolean {
  const isOpen = status === 'pending' || status === 'sending';
  return (
    !isOpen &&
    (contact === null || isHashed(contact)) &&
    [error, provider_said, provider_message_id].every((one) => one === null)
  );
}

/** Chunk before row, as whoever sends locks them. */
async function eraseInSend(
  tx: Transaction,
  send: SendPlace,
  positions: readonly number[],
  leads: ReadonlySet<number>,
  contacts: Set<string>,
  counts: ErasedCounts,
): Promise<void> {
  const now = new Date().toISOString();
  let isSkipped = false;
  for (const position of positions) {
    const chunk = (await chunkAt(tx, send.seq, position))!;
    await tx.get(
      'SELECT 1 AS locked FROM chunks WHERE send_seq = ? AND number = ? FOR UPDATE',
      send.seq,
      chunk.number,
    );
    const row = (await tx.get<Delivery>(`${SELECT} FOR UPDATE`, send.seq, position))!;
    const isTheirs = leads.has(row.lead_seq);
    let contact = row.contact;
    if (contact !== null && !isHashed(contact)) {
      // Of somebody else's row only what went to a contact that is nobody's any more.
      const hash = await forgetContact(tx, contact, now);
      if (hash === null && !isTheirs) continue;
      if (hash !== null) contacts.add(contact);
      contact = hash ?? contact;
    }
    const waits = row.status === 'pending';
    await tx.run(
      `UPDATE deliveries SET contact = ?, error = NULL, provider_said = NULL, provider_message_id = NULL${
        waits
          ? `, status = 'skipped', retry_at = NULL, error_code = '${isTheirs ? 'lead_deleted' : 'erased'}'`
          : ''
      } WHERE send_seq = ? AND position = ?`,
      contact,
      send.seq,
      position,
    );
    if (waits) await addToTotals(tx, chunk, { ...NO_CHANGE, skipped: 1 });
    isSkipped ||= waits;
    if (row.status === 'sending') counts.inFlight += 1;
    counts.deliveries += 1;
    counts.outboxEntries += await removeEntries(tx, send.id, position);
    await forgetEventsOfLead(tx, row.lead_seq, { send: send.seq, position });
  }
  await tx.run('UPDATE sends SET provider_said = NULL WHERE seq = ? AND provider_said IS NOT NULL', send.seq);
  if (isSkipped) await completeIfSettled(tx, send.seq);
}
