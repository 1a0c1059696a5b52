import type { Transaction } from '../../ledger/ledger.ts';
import type { ChannelName } from '../channel.ts';
import {
  type ConversationChange,
  conversationsOf,
  noteConversations,
} from '../conversations/conversation.store.ts';
import { oweFarewell } from '../conversations/farewell.store.ts';
import { erasedAmong, isHashed } from '../suppressions/erased-contact.ts';
import { findSuppression, suppress, suppressedAmong } from '../suppressions/suppression.store.ts';
import {
  CHOSE_AT_PROVIDER,
  SCOPES,
  type SuppressionReason,
  type SuppressionScope,
  WHATSAPP_MARKETING,
  WROTE_TO_US,
} from '../suppressions/suppression.ts';
import { takeBackSource } from '../suppressions/take-back-source.ts';
import { choseLater, findAnswered, type UnfoldedRow } from './fold.store.ts';
import { detailOf } from './fold-told.ts';
import { SOFT_BOUNCE, tooManySoftBounces } from './soft-bounces.ts';

/** A provider's clock may go a little wrong; what is further ahead opens no window. */
const AHEAD_MS = 5 * 60_000;
/** How long a word like "yes" still answers the stop before it. */
const TAKES_BACK_MS = 60 * 60_000;

/**
 * Finds out who did something, and which message they answered: for those who are known by an id alone, the contact that
 * goes with it. What is found is written beside the event.
 */
export async function resolvePeople(
  tx: Transaction,
  rows: readonly UnfoldedRow[],
): Promise<readonly UnfoldedRow[]> {
  const resolved: UnfoldedRow[] = [];
  for (const row of rows) resolved.push(row.contact === null ? row : await resolve(tx, row));
  return resolved;
}

async function resolve(tx: Transaction, row: UnfoldedRow): Promise<UnfoldedRow> {
  const contact = await contactOf(tx, row);
  const { repliesTo = null } = detailOf(row);
  const answered =
    row.send_seq === null && row.sender !== null && isAnswer(row)
      ? await findAnswered(tx, row.sender, contact, row.occurred_at, repliesTo)
      : undefined;
  if (contact === row.contact && !answered) return row;
  const { send_seq, position, lead_seq } = answered ?? row;
  const attempt = answered?.attempts ?? row.attempt;
  await tx.run(
    'UPDATE events SET contact = ?, send_seq = ?, position = ?, attempt = ?, lead_seq = ? WHERE seq = ?',
    contact,
    send_seq,
    position,
    attempt,
    lead_seq,
    row.seq,
  );
  if (!answered) return { ...row, contact };
  const receipt = await tx.get<object>(
    `SELECT r.*, r.attempt AS told_attempt, r.code AS told_code FROM receipts r WHERE r.send_seq = ? AND r.position = ?`,
    send_seq,
    position,
  );
  return { ...row, ...receipt, contact, send_seq, position, attempt, lead_seq, code: row.code };
}

/** What somebody wrote; that they chose something in WhatsApp itself is no reply. */
function isAnswer({ type, code }: UnfoldedRow): boolean {
  return type === 'replied' || type === 'opted_out' || (type === 'opted_in' && code !== 'marketing');
}

async function contactOf(tx: Transaction, { contact, user_id }: UnfoldedRow): Promise<string> {
  if (contact !== user_id || contact === null) return contact!;
  const known = await conversationsOf(tx, [contact]);
  return known.find((one) => one.user_id === contact && one.contact !== contact)?.contact ?? contact;
}

/** A contact who does, or does not, want messages any more. */
export interface Choice {
  readonly contact: string;
  readonly isOut: boolean;
  /** Of marketing alone. */
  readonly isMarketing?: boolean;
}

/** Windows, ids and choices, in the order in which they came. @returns who chose what */
export async function foldPeople(tx: Transaction, rows: readonly UnfoldedRow[]): Promise<Choice[]> {
  await noteHeard(tx, rows);
  const choices: Choice[] = [];
  for (const row of rows) {
    const { suppress: reason, formerly } = detailOf(row);
    if (formerly !== undefined && row.contact !== null) await follow(tx, formerly, row.contact, row);
    if (row.type === 'opted_out' || row.type === 'opted_in') choices.push(...(await choose(tx, row)));
    else if (row.type === 'unsubscribed' || row.type === 'complained' || reason !== undefined)
      choices.push(...(await end(tx, row, reason ?? (row.type as SuppressionReason))));
    else if (row.code === SOFT_BOUNCE) choices.push(...(await giveUp(tx, row)));
  }
  return choices;
}

/** When contacts wrote, and which ids go with which contacts; an opt-out holds for both, whichever was known first. */
async function noteHeard(tx: Transaction, rows: readonly UnfoldedRow[]): Promise<void> {
  const changes = new Map<string, ConversationChange>();
  for (const row of rows) {
    const contact = row.contact ?? row.delivered_to;
    if (row.sender === null || contact === null || isHashed(contact)) continue;
    const { window, heldBack } = row.detail === null ? {} : detailOf(row);
    const opens = window === 'opens' && row.occurred_at < row.received_at + AHEAD_MS;
    const change = {
      ...(row.user_id !== null && { user_id: row.user_id }),
      ...(opens && { last_inbound_at: row.occurred_at }),
      ...(window === 'closes' && { refused_at: row.occurred_at }),
      ...(heldBack && { held_back_at: Math.min(row.occurred_at, row.received_at) }),
    };
    if (Object.keys(change).length === 0) continue;
    const key = `${row.sender} ${contact}`;
    const before = changes.get(key) ?? { sender: row.sender, contact };
    changes.set(key, {
      ...before,
      ...change,
      last_inbound_at: latest(before.last_inbound_at, change.last_inbound_at),
      refused_at: latest(before.refused_at, change.refused_at),
      held_back_at: latest(before.held_back_at, change.held_back_at),
    });
  }
  if (changes.size === 0) return;
  const known = new Map<string, string | null>();
  for (const { sender, contact, user_id } of await conversationsOf(
    tx,
    [...changes.values()].map(({ contact }) => contact),
  ))
    known.set(`${sender} ${contact}`, user_id);
  const isNews = ([key, { user_id, last_inbound_at, refused_at, held_back_at }]: [
    string,
    ConversationChange,
  ]) => (last_inbound_at ?? refused_at ?? held_back_at ?? null) !== null || known.get(key) !== user_id;
  const news = [...changes].filter(isNews);
  await noteConversations(
    tx,
    news.map(([, change]) => change),
  );
  const links = news.flatMap(([key, { contact, user_id }]) =>
    user_id && contact !== user_id && known.get(key) !== user_id ? [{ contact, userId: user_id }] : [],
  );
  await linkSuppressions(tx, links);
}

/** Nearly nobody is suppressed: a few statements say so for all. */
async function linkSuppressions(
  tx: Transaction,
  links: readonly { readonly contact: string; readonly userId: string }[],
): Promise<void> {
  if (links.length === 0) return;
  const names = links.flatMap(({ contact, userId }) => [contact, userId]);
  const found = new Set((await erasedAmong(tx, names)).keys());
  for (const scope of SCOPES.whatsapp)
    for (const name of await suppressedAmong(tx, scope, names)) found.add(name);
  for (const { contact, userId } of links) {
    if (!found.has(contact) && !found.has(userId)) continue;
    await copySuppressions(tx, userId, contact);
    await copySuppressions(tx, contact, userId);
  }
}

function latest(one: number | null | undefined, other: number | null | undefined): number | null {
  return Math.max(one ?? 0, other ?? 0) || null;
}

async function copySuppressions(tx: Transaction, from: string, to: string): Promise<void> {
  for (const scope of SCOPES.whatsapp) {
    const row = await findSuppression(tx, scope, from);
    if (row) await suppress(tx, scope, to, row.reason, row.source, null, row.created_at);
  }
}

/** Who has another number or id now is the same person. */
async function follow(tx: Transaction, formerly: string, now: string, row: UnfoldedRow): Promise<void> {
  await copySuppressions(tx, formerly, now);
  if (row.user_id === null) return;
  const known = await conversationsOf(tx, [formerly]);
  const theirs = known.filter(({ user_id, contact }) => user_id === formerly && contact !== formerly);
  for (const { contact } of theirs) await copySuppressions(tx, now, contact);
  await noteConversations(
    tx,
    theirs.map(({ sender, contact }) => ({ sender, contact, user_id: row.user_id })),
  );
}

/** The latest choice of a person holds, in whatever order they come; at the same second it is the "no". */
async function choose(tx: Transaction, row: UnfoldedRow): Promise<Choice[]> {
  const given = row.contact ?? row.delivered_to;
  if (given === null) return [];
  const isOut = row.type === 'opted_out';
  const isMarketing = row.code === 'marketing';
  const scope: SuppressionScope = isMarketing ? WHATSAPP_MARKETING : channelOf(row);
  const source = isMarketing ? CHOSE_AT_PROVIDER : WROTE_TO_US;
  const names = await namesOf(tx, given, row.user_id);
  const other = isOut ? 'opted_in' : 'opted_out';
  if (await choseLater(tx, names, other, row.code ?? '', row.occurred_at + (isOut ? 1 : 0))) return [];
  if (!isOut && detailOf(row).takesBack && !(await stoppedLately(tx, scope, names, source, row.occurred_at)))
    return [];
  for (const name of names) {
    if (isOut) await suppress(tx, scope, name, 'opted_out', source, null, isoOf(row.occurred_at));
    else await takeBackSource(tx, scope, name, source, 'the person');
  }
  const { farewell } = detailOf(row);
  // A text goes to a number: who has none that is known is heard all the same.
  if (isOut && farewell !== undefined && row.sender !== null && given.startsWith('+'))
    await oweFarewell(tx, row.sender, given, farewell, row.received_at);
  return names.map((contact) => ({ contact, isOut, isMarketing }));
}

async function stoppedLately(
  tx: Transaction,
  scope: SuppressionScope,
  names: readonly string[],
  source: string,
  atMs: number,
): Promise<boolean> {
  for (const name of names) {
    const row = await findSuppression(tx, scope, name);
    if (row?.source === source && Date.parse(row.created_at) > atMs - TAKES_BACK_MS) return true;
  }
  return false;
}

/** Nothing arrives there any more, though each time it might have passed. */
async function giveUp(tx: Transaction, row: UnfoldedRow): Promise<Choice[]> {
  if (row.delivered_to === null || row.send_seq === null || row.channel !== 'email') return [];
  const bounces = await tooManySoftBounces(tx, row.delivered_to, row.send_seq);
  if (bounces === null) return [];
  const source = `${bounces.count} messages in a row came back since ${isoOf(bounces.sinceMs).slice(0, 10)}`;
  return end(tx, row, 'bounced', source);
}

/** A person left by another way than a word to us, or nothing arrives at that contact. */
async function end(
  tx: Transaction,
  row: UnfoldedRow,
  reason: SuppressionReason,
  because?: string,
): Promise<Choice[]> {
  const given = row.contact ?? row.delivered_to;
  if (given === null) return [];
  const { said } = detailOf(row);
  const words = because ?? said;
  const source = `an event of ${row.provider}${words === undefined ? '' : `: ${words}`}`;
  const names = await namesOf(tx, given, row.user_id);
  for (const name of names)
    await suppress(tx, channelOf(row), name, reason, source, null, isoOf(row.occurred_at));
  return names.map((contact) => ({ contact, isOut: true }));
}

/** All by which the person is known who has this contact. */
async function namesOf(tx: Transaction, contact: string, userId: string | null): Promise<string[]> {
  if (contact.includes('@') || isHashed(contact)) return [contact];
  const given = userId === null ? [contact] : [contact, userId];
  const known = await conversationsOf(tx, given);
  return [...new Set([...given, ...known.flatMap(({ contact, user_id }) => [contact, user_id ?? contact])])];
}

function channelOf(row: UnfoldedRow): ChannelName {
  return row.channel ?? (row.contact?.includes('@') ? 'email' : 'whatsapp');
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
