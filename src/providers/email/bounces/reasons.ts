import { CLEAR_PHRASES } from './phrases/clear.ts';
import { LOOSE_PHRASES } from './phrases/loose.ts';
import { byPhrase } from './phrases/phrase.ts';

/** Whose fault it is, and so what follows: docs/guides/bounces.md has the sentence for each. */
export type BounceClass = 'hard' | 'soft' | 'message' | 'sender';

/** Why a message came back. The names are those of sisimai, which many who run lists know. */
export const BOUNCE_REASONS = {
  userunknown: 'hard',
  hostunknown: 'hard',
  hasmoved: 'hard',
  notaccept: 'hard',
  mailboxfull: 'soft',
  suspend: 'soft',
  expired: 'soft',
  filtered: 'soft',
  mailererror: 'soft',
  networkerror: 'soft',
  systemfull: 'soft',
  systemerror: 'soft',
  onhold: 'soft',
  undefined: 'soft',
  mesgtoobig: 'message',
  exceedlimit: 'message',
  contenterror: 'message',
  spamdetected: 'message',
  virusdetected: 'message',
  syntaxerror: 'message',
  authfailure: 'sender',
  requireptr: 'sender',
  badreputation: 'sender',
  blocked: 'sender',
  norelaying: 'sender',
  policyviolation: 'sender',
  rejected: 'sender',
  speeding: 'sender',
  toomanyconn: 'sender',
  securityerror: 'sender',
  notcompliantrfc: 'sender',
  failedstarttls: 'sender',
} as const satisfies Readonly<Record<string, BounceClass>>;
export type BounceReason = keyof typeof BOUNCE_REASONS;

/** What a server's words and codes say together. */
export interface Verdict {
  readonly reason: BounceReason;
  readonly kind: BounceClass;
  /** The enhanced status (RFC 3463) that says most. */
  readonly status: string | null;
}

const MOST_READ = 4_000;

/**
 * Words before codes: servers choose the code of their software, and write themselves what happened.
 * @param said what the receiving server said, first of all; the reporting one repeats it in its own words
 * @param status what the report gives as status
 * @param around what stands around it, for a person
 */
export function judgeWords(said: string, status: string | null, around = ''): Verdict {
  const words = oneLine(said);
  const nearby = oneLine(around);
  const best = bestStatus(statusIn(words), status);
  const code = replyCodeIn(words);
  const reason =
    byPhrase(words, CLEAR_PHRASES) ??
    byStatus(best, 'clear') ??
    byPhrase(nearby, CLEAR_PHRASES) ??
    byPhrase(words.replace(BEFORE_A_RULE, ''), LOOSE_PHRASES) ??
    byStatus(best, 'vague') ??
    byStatus(statusIn(nearby), 'clear') ??
    byCode(code ?? replyCodeIn(nearby)) ??
    'undefined';
  return { reason, kind: kindOf(reason, best, code), status: best ?? statusIn(nearby) };
}

/** Postfix puts this before whatever its rules say, of the sender and the message too. */
const BEFORE_A_RULE = /recipient address rejected: (?!access denied)/gi;

/** A host that takes no mail for now is no host that takes none. */
function kindOf(reason: BounceReason, status: string | null, code: number | null): BounceClass {
  if (reason === 'notaccept' && (status?.startsWith('4.') || (code !== null && code < 500))) return 'soft';
  return BOUNCE_REASONS[reason];
}

function oneLine(text: string): string {
  return text
    .slice(0, MOST_READ)
    .replace(/[\s_]+/g, ' ')
    .trim();
}

/** The first enhanced status in a text; an address of the internet is none. */
export function statusIn(text: string): string | null {
  return /(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?!\d|\.\d)/.exec(text)?.[0] ?? null;
}

function replyCodeIn(text: string): number | null {
  const found = /(?<![\d.:])([45][0-7]\d)(?=[ -](?!\d{4})|#|$)/.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

/** `5.0.0` says nothing but that it is over. */
function bestStatus(inWords: string | null, given: string | null): string | null {
  if (inWords === null || given === null) return inWords ?? given;
  return isEmptyStatus(inWords) && !isEmptyStatus(given) ? given : inWords;
}

function isEmptyStatus(status: string): boolean {
  return status.endsWith('.0.0');
}

/** By subject and detail (RFC 3463, RFC 5248, RFC 7372, RFC 7505, and the codes of Exchange). */
const CLEAR: Readonly<Record<string, BounceReason>> = {
  '1.1': 'userunknown',
  '1.2': 'hostunknown',
  '1.3': 'userunknown',
  '1.4': 'userunknown',
  '1.6': 'hasmoved',
  '1.7': 'rejected',
  '1.8': 'rejected',
  '1.10': 'userunknown',
  '1.20': 'userunknown',
  '2.1': 'suspend',
  '2.2': 'mailboxfull',
  '2.3': 'mesgtoobig',
  '3.1': 'systemfull',
  '3.2': 'notaccept',
  '3.4': 'mesgtoobig',
  '4.1': 'networkerror',
  '4.4': 'hostunknown',
  '4.6': 'networkerror',
  '4.7': 'expired',
  '4.14': 'networkerror',
  '4.300': 'expired',
  '4.310': 'hostunknown',
  '4.312': 'networkerror',
  '4.316': 'expired',
  '5.3': 'toomanyconn',
  '5.4': 'syntaxerror',
  '6.1': 'contenterror',
  '6.2': 'contenterror',
  '6.3': 'contenterror',
  '6.7': 'contenterror',
  '6.9': 'contenterror',
  '7.4': 'securityerror',
  '7.5': 'securityerror',
  '7.8': 'securityerror',
  '7.13': 'suspend',
  '7.14': 'policyviolation',
  '7.20': 'authfailure',
  '7.21': 'authfailure',
  '7.22': 'authfailure',
  '7.23': 'authfailure',
  '7.24': 'authfailure',
  '7.25': 'requireptr',
  '7.26': 'authfailure',
  '7.27': 'notaccept',
  '7.28': 'speeding',
  '7.29': 'authfailure',
  '7.509': 'authfailure',
  '7.515': 'authfailure',
};

const VAGUE: Readonly<Record<string, BounceReason>> = {
  '1.0': 'userunknown',
  '2.0': 'filtered',
  '3.0': 'systemerror',
  '3.3': 'systemerror',
  '3.5': 'systemerror',
  '4.0': 'networkerror',
  '4.2': 'networkerror',
  '4.3': 'networkerror',
  '4.5': 'networkerror',
  '5.1': 'syntaxerror',
  '5.2': 'syntaxerror',
  '6.0': 'contenterror',
  '6.6': 'contenterror',
  '7.0': 'policyviolation',
  '7.1': 'policyviolation',
  '7.3': 'securityerror',
  '7.7': 'policyviolation',
};

function byStatus(status: string | null, which: 'clear' | 'vague'): BounceReason | null {
  if (status === null) return null;
  const [first = '', ...rest] = status.split('.');
  const detail = rest.join('.');
  // "Not now" of a name server, and a host that is out of service for now, are the network's.
  if (first === '4' && (detail === '4.4' || detail === '1.2')) return 'networkerror';
  const found = (which === 'clear' ? CLEAR : VAGUE)[detail];
  if (found !== undefined || which === 'clear') return found ?? null;
  return detail.startsWith('7.') ? 'policyviolation' : null;
}

function byCode(code: number | null): BounceReason | null {
  if (code === 552 || code === 452) return 'mailboxfull';
  if (code === 551 || code === 553) return 'userunknown';
  if (code === 556 || code === 521) return 'notaccept';
  return code === 421 || code === 450 ? 'networkerror' : null;
}
