import { addressesIn, distinct, recipientsOf, returnedHeader } from './addresses.ts';
import { deliveryOf } from './delivery-of.ts';
import { decodeAddress, type Fields, readFields, withoutType } from './fields.ts';
import { type BounceMail, readMail } from './read-mail.ts';
import { type BounceClass, judgeWords, type Verdict } from './reasons.ts';
import { isAutoreply, isServer, saysBounced, saysDelayed } from './signs.ts';

export type BounceKind = BounceClass | 'complaint' | 'autoreply' | 'delayed' | 'none';

/** What a mail that came to the bounce address says. */
export interface BounceJudgement {
  readonly kind: BounceKind;
  /** Whom it is about, as the mail writes them; those of this kind, where recipients fared differently. */
  readonly recipients: readonly string[];
  /** Enhanced status (RFC 3463), such as `5.1.1`; null when none is given. */
  readonly status: string | null;
  /** Why, in one word; null when it is no bounce. */
  readonly reason: string | null;
  /** Our id of the delivery, by the bounce address or by the message that came back; null when it is not one of ours. */
  readonly delivery: string | null;
}

/** How one recipient fared. */
interface Fate {
  readonly kind: BounceKind;
  readonly recipient: string | null;
  readonly status: string | null;
  readonly reason: string | null;
}

/** The worst that a report says of anybody is what it is about. */
const WEIGHTS: readonly BounceKind[] = ['hard', 'sender', 'message', 'soft', 'delayed', 'none'];

/**
 * Judges one mail as it was received. It never throws: what cannot be read says nothing (`none`). Whatever the mail is,
 * the work is bounded by its first megabyte.
 */
export async function judgeBounce(raw: Uint8Array): Promise<BounceJudgement> {
  return judgeMail(await readReport(raw));
}

/** A mail, or the report in it that a filter has wrapped. */
export async function readReport(raw: Uint8Array): Promise<BounceMail> {
  const outer = await readMail(raw);
  const isWrapped = outer.reports.length === 0 && outer.wrapped !== null && isServer(outer);
  return isWrapped ? readMail(outer.wrapped!) : outer;
}

export function judgeMail(mail: BounceMail): BounceJudgement {
  const delivery = deliveryOf(mail);
  const { kind, fates } = judge(mail);
  const telling = fates.filter((fate) => fate.kind === kind);
  const first = telling.find(({ status }) => status !== null) ?? telling[0];
  const named = distinct(telling.flatMap(({ recipient }) => recipient ?? []));
  return {
    kind,
    recipients: named,
    status: first?.status ?? null,
    reason: first?.reason ?? null,
    delivery,
  };
}

function judge(mail: BounceMail): { readonly kind: BounceKind; readonly fates: readonly Fate[] } {
  const fates = complaints(mail) ?? reported(mail) ?? receipt(mail) ?? told(mail) ?? [];
  const kind =
    fates.length === 0
      ? 'none'
      : fates[0]!.kind === 'complaint' || fates[0]!.kind === 'autoreply'
        ? fates[0]!.kind
        : WEIGHTS.find((one) => fates.some((fate) => fate.kind === one))!;
  return { kind, fates };
}

/** A reader's "this is spam" (RFC 5965). What a receiver says of signatures, or a reader takes back, is no complaint. */
function complaints(mail: BounceMail): Fate[] | null {
  if (mail.feedback.length === 0) return complaintInWords(mail);
  const fates: Fate[] = [];
  for (const fields of mail.feedback.flatMap(readFields)) {
    const type = (fields.get('feedback-type') ?? 'abuse').toLowerCase();
    const isComplaint = !/auth-failure|not-spam|dmarc/.test(type);
    const given = fields.get('original-rcpt-to') ?? fields.get('removal-recipient') ?? '';
    const recipients = addressesIn(given);
    if (recipients.length === 0) recipients.push(...addressesIn(returnedHeader(mail.returned, 'to')));
    const fate = { kind: isComplaint ? 'complaint' : 'none', status: null, reason: type } as const;
    fates.push(
      ...(recipients.length === 0 ? [null] : recipients).map((recipient) => ({ ...fate, recipient })),
    );
  }
  return fates.length > 0 ? fates : null;
}

/** Outlook.com's programme for senders (JMRP) sends the message back and says what it is in the subject. */
function complaintInWords(mail: BounceMail): Fate[] | null {
  if (!/^complaint about message from/i.test(mail.header('subject')[0] ?? '') || mail.returned === '')
    return null;
  const [recipient = null] = addressesIn(returnedHeader(mail.returned, 'to'));
  return [{ kind: 'complaint', recipient, status: null, reason: 'abuse' }];
}

const FIELDS_IN_TEXT = /^[ \t]*(?:final|original)-recipient ?:/im;

/** By the fields of RFC 3464, also where a server writes them into its text. */
function reported(mail: BounceMail): Fate[] | null {
  const texts =
    mail.reports.length > 0
      ? mail.reports
      : FIELDS_IN_TEXT.test(mail.notice)
        ? [mail.notice.replace(/^[ \t]+(?=[A-Za-z-]+:)/gm, '')]
        : [];
  if (mail.reports.length === 0 && !saysBounced(mail)) return null;
  const groups = texts
    .flatMap(readFields)
    .filter((group) => RECIPIENT_FIELDS.some((name) => group.has(name)));
  const fates = groups.flatMap((group) => fateOf(group, mail) ?? []);
  return fates.length > 0 ? fates : null;
}

const RECIPIENT_FIELDS = [
  'final-recipient',
  'original-recipient',
  'action',
  'status',
  'diagnostic-code',
  'x-actual-recipient',
];

function fateOf(group: Fields, mail: BounceMail): Fate | null {
  const recipient = recipientOf(group, mail);
  const action = (group.get('action') ?? '').toLowerCase().split(/[ (;]/)[0]!;
  const status = /[245]\.\d{1,3}\.\d{1,3}/.exec(group.get('status') ?? '')?.[0] ?? null;
  if (/^(?:delivered|relayed|expanded|deliverable)/.test(action) || status?.startsWith('2.')) {
    return { kind: 'none', recipient, status, reason: action || null };
  }
  const said = [group.get('diagnostic-code') ?? commentOf(group), group.get('x-supplementary-info')]
    .filter((one) => one !== undefined)
    .map(withoutType)
    .join(' ');
  if (recipient === null && status === null && said === '' && action === '') return null;
  if (action.startsWith('delayed') || (action === '' && saysDelayed(mail))) {
    return { kind: 'delayed', recipient, status, reason: 'delayed' };
  }
  return { ...judgeWords(said, status ?? commentedStatus(group), withoutSubject(mail.notice)), recipient };
}

/** `Status: 5.0.0 (the recipient's disk is full)`. */
function commentOf(group: Fields): string | undefined {
  return /\(([^()]+)\)/.exec(group.get('status') ?? '')?.[1];
}

/** Some write the code as a comment: `Status: 5 (permanent failure)`. */
function commentedStatus(group: Fields): string | null {
  const digit = /^([45])\b/.exec(group.get('status') ?? '')?.[1];
  return digit === undefined ? null : `${digit}.0.0`;
}

/** Who was written to rather than where it was forwarded to, which is nobody we know. */
function recipientOf(group: Fields, mail: BounceMail): string | null {
  const given = ['original-recipient', 'final-recipient', 'x-actual-recipient'].flatMap((name) => {
    const value = group.get(name);
    return value === undefined ? [] : addressOf(decodeAddress(value));
  });
  const sentTo = new Set(addressesIn(returnedHeader(mail.returned, 'to')).map((one) => one.toLowerCase()));
  const known = given.find((one) => sentTo.has(one.toLowerCase()));
  return known ?? given[0] ?? (recipientsOf(mail)[0] || null);
}

/** As it stands there where it cannot be an address, for somebody may have sent to it all the same. */
function addressOf(value: string): string[] {
  const found = addressesIn(value);
  const bare = value.replace(/^<|>$/g, '');
  return found.length > 0 || !/^[^\s@]{1,64}@[^\s@]{1,255}$/.test(bare) ? found.slice(0, 1) : [bare];
}

/** That it was read, or deleted unread, is no bounce (RFC 8098). */
function receipt(mail: BounceMail): Fate[] | null {
  return mail.isReceipt && !saysBounced(mail) ? [] : null;
}

/** Of those that one mail names in free text; we write to one at a time. */
const MOST_JUDGED = 50;

/** By words alone. */
function told(mail: BounceMail): Fate[] | null {
  const bounced = saysBounced(mail);
  if (isAutoreply(mail) && !bounced) {
    const [from = null] = addressesIn(mail.header('from')[0] ?? '');
    return [{ kind: 'autoreply', recipient: from, status: null, reason: 'vacation' }];
  }
  if (!bounced) return null;
  const recipients = recipientsOf(mail).slice(0, MOST_JUDGED);
  const isDelayed = saysDelayed(mail);
  return (recipients.length === 0 ? [null] : recipients).map((recipient) => {
    if (isDelayed) return { kind: 'delayed', recipient, status: null, reason: 'delayed' };
    return { ...verdictOn(recipient, recipients, mail), recipient };
  });
}

/** Of several, each has its own lines; the rest is said to all. */
function verdictOn(recipient: string | null, all: readonly string[], mail: BounceMail): Verdict {
  const notice = withoutSubject(mail.notice);
  const subject = (mail.header('subject')[0] ?? '').slice(0, 300);
  const own = recipient === null ? '' : linesAbout(recipient, all, notice);
  const verdict = judgeWords(own, null, notice.slice(0, 3_000));
  return verdict.reason === 'undefined' && !ENDS_IN_OURS.test(subject)
    ? judgeWords(subject, verdict.status)
    : verdict;
}

/** Servers quote the subject of what comes back: our own words, which say nothing of what became of it. */
function withoutSubject(notice: string): string {
  return notice.replace(
    /^[ \t>*]*(?:subject|betreff|objet|asunto|assunto|oggetto|onderwerp|тема|件名|主题)[ \t]*:.*$/gimu,
    '',
  );
}
const ENDS_IN_OURS =
  /^(?:undeliver|unzustell|non remis|no se puede|não foi|failure notice *:|mail delivery failed *:|automat)/i;

function linesAbout(recipient: string, all: readonly string[], notice: string): string {
  const lower = notice.toLowerCase();
  const at = lower.indexOf(recipient.toLowerCase());
  if (at < 0) return '';
  const rest = all
    .filter((other) => other !== recipient)
    .map((other) => lower.indexOf(other.toLowerCase(), at + recipient.length))
    .filter((index) => index >= 0);
  const start = notice.lastIndexOf('\n', at) + 1;
  return notice.slice(start, Math.min(at + 1_500, ...rest));
}
