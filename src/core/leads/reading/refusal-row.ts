import type { ChannelName } from '../../channel.ts';
import type { Refusal } from '../../suppressions/suppression.store.ts';
import { SUPPRESSION_REASONS, type SuppressionReason } from '../../suppressions/suppression.ts';
import { normalizeEmail, normalizePhone } from '../contact.ts';
import { looksLikeEmail, looksLikePhone } from './cell-kind.ts';
import { type ConsentColumn, consentColumn, readConsent } from './consent-columns.ts';
import { statusSign } from './consent-words.ts';
import { fold } from './fold.ts';
import { isOfOthers, recognise } from './header-words.ts';
import { OUR_COLUMNS } from './reject-columns.ts';

const CONTACT = new Set(
  'contact contacto contato kontakt recipient recipients address subscriber identifier value emailorphone'.split(
    ' ',
  ),
);
const CHANNEL = new Set('channel canal kanal canale medium'.split(' '));
const REASON = new Set(
  'reason motivo grund raison causa suppressionreason unsubscribereason type event category'.split(' '),
);
const DATE = new Set(
  (
    'createdat created date datetime timestamp time fecha data datum suppressedat unsubscribedat unsubtime cleantime ' +
    'addedat dateadded datesuppressed lastupdatetime optouttime bouncedat'
  ).split(' '),
);

type Role = 'contact' | 'channel' | 'reason' | 'date' | 'source' | 'any' | 'none';
export interface RefusalPlan {
  readonly roles: readonly Role[];
  readonly consents: readonly ConsentColumn[];
  readonly header: readonly string[];
  /** Header → how it is read. */
  readonly shown: Record<string, string>;
}

export interface RefusalDefaults {
  readonly channel: ChannelName | null;
  readonly reason: SuppressionReason | null;
  readonly country: string | null;
  readonly file: string;
  readonly now: string;
}

/** A list has no header where its first row is a contact already. */
export function hasHeader(first: readonly string[], country: string | null): boolean {
  return !first.some((cell) => looksLikeEmail(cell) || normalizePhone(cell, country).ok);
}

export function planRefusals(header: readonly string[]): RefusalPlan {
  const roles = header.map(roleOf);
  const consents = header.flatMap((name, at) =>
    roles[at] === 'any' ? (consentColumn(name, at, name.trim()) ?? []) : [],
  );
  for (const { index } of consents) roles[index] = 'none';
  if (roles.length === 1 && roles[0] === 'any') roles[0] = 'contact';
  const named = header.map((name, at) => [name.trim() || `column ${at + 1}`, at] as const);
  const shown = Object.fromEntries(
    named.map(([name, at]) => {
      const isConsent = consents.some(({ index }) => index === at);
      return [name, isConsent ? 'reason' : roles[at] === 'any' ? 'contacts in it' : roles[at]!];
    }),
  );
  return { roles, consents, header, shown };
}

function roleOf(header: string): Role {
  const name = fold(header);
  if (OUR_COLUMNS.includes(header.trim()) || isOfOthers(header)) {
    // "Created At" is about the row, and not about whoever made it.
    return DATE.has(name) ? 'date' : 'none';
  }
  if (CONTACT.has(name)) return 'contact';
  if (CHANNEL.has(name)) return 'channel';
  if (REASON.has(name)) return 'reason';
  if (DATE.has(name)) return 'date';
  if (name === 'source') return 'source';
  const field = recognise(header)?.field;
  if (field === 'email' || field === 'phone') return 'contact';
  return field === undefined ? 'any' : 'none';
}

/** What a row refuses; a text says why nothing can be made of it. */
export function readRefusals(
  record: readonly string[],
  plan: RefusalPlan,
  defaults: RefusalDefaults,
): Refusal[] | string {
  const at = (role: Role) =>
    record.find((cell, index) => plan.roles[index] === role && cell.trim() !== '')?.trim();
  const given = at('channel');
  const only = given === undefined ? defaults.channel : readChannel(given);
  if (only === undefined) return `"${given!.slice(0, 60)}" is not a channel`;
  const said = reasonOf(record, plan, at('reason'));
  const shared = {
    reason: said?.reason ?? defaults.reason ?? 'unsubscribed',
    created_at: dateOf(at('date')) ?? defaults.now,
    source: at('source')?.slice(0, 500) ?? `${defaults.file}${said ? `: ${said.from}` : ''}`,
  };
  const refusals: Refusal[] = [];
  let unread: string | undefined;
  for (const [index, cell] of record.entries()) {
    const role = plan.roles[index] ?? 'any';
    if (cell.trim() === '' || (role !== 'contact' && role !== 'any')) continue;
    for (const part of cell.split(/\s*:::\s*/)) {
      const isEmail = part.includes('@') && !looksLikePhone(part);
      if (role === 'any' && !looksLikeEmail(part) && !looksLikePhone(part)) continue;
      const channel: ChannelName = isEmail ? 'email' : 'whatsapp';
      if (only !== null && only !== channel) {
        unread ??= `it is for ${only}, and the row has no contact of that channel`;
        continue;
      }
      const read = isEmail ? normalizeEmail(part) : normalizePhone(part, defaults.country);
      if (read.ok) refusals.push({ channel, contact: read.value, ...shared });
      else unread ??= `${isEmail ? 'email' : 'phone'} cannot be used: ${read.reason}`;
    }
  }
  return refusals.length > 0 ? refusals : (unread ?? 'no email and no phone in it');
}

/** null: of whatever channel the contact is; undefined: it is none. */
function readChannel(text: string): ChannelName | null | undefined {
  const name = fold(text);
  if (/^(e?mail|correo|courriel)/.test(name)) return 'email';
  if (/^(whatsapp|sms|phone|text|mobile|telefono|telefon)/.test(name)) return 'whatsapp';
  return /^(all|any|both|global|todos?|alle)$/.test(name) ? null : undefined;
}

function reasonOf(
  record: readonly string[],
  plan: RefusalPlan,
  given: string | undefined,
): { reason: SuppressionReason; from: string } | undefined {
  if (given !== undefined) {
    const exact = SUPPRESSION_REASONS.find((reason) => reason === given.toLowerCase().trim());
    const reason = exact ?? statusSign(given)?.reason ?? guess(given);
    if (reason) return { reason, from: given.slice(0, 100) };
  }
  for (const column of plan.consents) {
    const value = record[column.index]?.trim();
    const said = value ? readConsent(column, value) : null;
    if (said && said.reason !== 'not_opted_in')
      return { reason: said.reason, from: `${said.column}: ${said.value}` };
  }
  return undefined;
}

function guess(text: string): SuppressionReason | undefined {
  if (/complain|spam|abuse|queja/i.test(text)) return 'complained';
  if (/bounce|invalid|undeliver|rebot/i.test(text)) return 'bounced';
  if (/opt.?out|block|black|stop|do.?not/i.test(text)) return 'opted_out';
  return /unsub|baja|abgemeldet/i.test(text) ? 'unsubscribed' : undefined;
}

/** ISO times, and seconds since 1970: what a day of 03/04/2025 is, nobody can know. */
function dateOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{10}(\d{3})?$/.exec(text);
  const isIso = /^\d{4}-\d{2}-\d{2}(?:$|[T ]\d{2}:\d{2})/.test(text);
  const zoned = /(?:Z|[+-]\d{2}:?\d{2}| UTC)$/i.test(text) || !/[T ]/.test(text) ? text : `${text}Z`;
  const ms = seconds ? Number(text) * (seconds[1] ? 1 : 1_000) : isIso ? Date.parse(zoned) : Number.NaN;
  return Number.isNaN(ms) || ms > Date.now() ? undefined : new Date(ms).toISOString();
}
