import type { Outcome } from '../../../core/deliveries/sender.ts';

/** What a Graph answer says went wrong. */
export interface GraphError {
  readonly code: number;
  readonly subcode?: number | undefined;
  /** Meta's own words, already redacted; may be empty. */
  readonly details: string;
}

type Verdict =
  | {
      readonly type: 'transient';
      readonly scope: 'recipient' | 'sender';
      readonly retryAfterMs?: number;
      readonly mostTries?: number;
    }
  | { readonly type: 'throttled'; readonly scope: 'recipient' | 'sender'; readonly retryAfterMs?: number }
  | {
      readonly type: 'permanent';
      readonly breaker?: true;
      readonly suppress?: 'opted_out';
      readonly scope?: 'marketing';
      readonly heldBack?: true;
    }
  | { readonly type: 'stop_send' }
  | { readonly type: 'account' };

interface Group {
  readonly codes: readonly number[];
  readonly verdict: Verdict;
  /** What happened and what to do about it. */
  readonly says: string;
}

const PERMANENT: Verdict = { type: 'permanent' };
const BREAKER: Verdict = { type: 'permanent', breaker: true };
const STOP: Verdict = { type: 'stop_send' };
const ACCOUNT: Verdict = { type: 'account' };

/** Every code of Meta's error page (2026-09) that sending a message can answer with. */
export const GROUPS: readonly Group[] = [
  {
    codes: [1],
    verdict: { type: 'transient', scope: 'recipient', mostTries: 2 },
    says: 'WhatsApp could not handle this message, and gives no reason; it is tried once more.',
  },
  {
    codes: [131000],
    verdict: { type: 'transient', scope: 'recipient' },
    says: 'WhatsApp could not handle this message just now; it is tried again.',
  },
  {
    codes: [2, 131016, 133004],
    verdict: { type: 'transient', scope: 'sender' },
    says: 'The WhatsApp service is down or overloaded; sending goes on when it is back.',
  },
  {
    codes: [131057],
    verdict: { type: 'transient', scope: 'sender' },
    says: 'The WhatsApp account is in maintenance, as during a throughput upgrade; sending goes on after it.',
  },
  {
    codes: [134101],
    verdict: { type: 'transient', scope: 'recipient', retryAfterMs: 10 * 60_000 },
    says: 'The template is new and still on its way through WhatsApp; it is tried again in ten minutes.',
  },
  {
    codes: [130429],
    verdict: { type: 'throttled', scope: 'sender' },
    says: 'The number sends faster than WhatsApp allows it; lower WHATSAPP_RATE if this comes often.',
  },
  {
    codes: [4, 80007],
    verdict: { type: 'throttled', scope: 'sender' },
    says: 'The Meta app or WhatsApp account made too many calls; sending goes on more slowly.',
  },
  {
    codes: [131056],
    verdict: { type: 'throttled', scope: 'recipient', retryAfterMs: 6_000 },
    says: 'This recipient got too many messages in a short time; it is tried again a little later.',
  },
  {
    codes: [131026],
    verdict: PERMANENT,
    says: 'The message cannot reach this number: it may not be on WhatsApp, or its app is too old.',
  },
  {
    codes: [131021],
    verdict: PERMANENT,
    says: 'The recipient is the sending number itself; correct the phone of this lead.',
  },
  {
    codes: [130403, 130472, 130497, 131062],
    verdict: PERMANENT,
    says: 'WhatsApp does not let this business message this recipient; reach them by another channel.',
  },
  {
    codes: [131047],
    verdict: PERMANENT,
    says: 'More than 24 hours passed since the recipient last wrote; only an approved template reaches them now.',
  },
  {
    codes: [131049],
    verdict: { type: 'permanent', heldBack: true },
    says: 'WhatsApp holds back marketing for this recipient; wait at least 24 hours before another try.',
  },
  {
    codes: [131050],
    verdict: { type: 'permanent', suppress: 'opted_out', scope: 'marketing' },
    says: 'The recipient has stopped marketing messages from this business; they get no more.',
  },
  {
    codes: [131051, 131053, 135000],
    verdict: PERMANENT,
    says: 'WhatsApp could not take this kind of message or its media; check the content for this lead.',
  },
  {
    codes: [100, 131008, 131009],
    verdict: BREAKER,
    says: 'WhatsApp found a value of the request missing or wrong; check this phone, WHATSAPP_PHONE_NUMBER_ID and the text.',
  },
  {
    codes: [132000, 132005, 132012, 132018],
    verdict: BREAKER,
    says: "The values given do not fit the template's placeholders; compare their number and format.",
  },
  {
    codes: [132001, 132007, 132068, 132069],
    verdict: STOP,
    says: 'The template or flow cannot be used as it is: check name, language and content in WhatsApp Manager.',
  },
  {
    codes: [132015, 132016],
    verdict: STOP,
    says: 'WhatsApp has paused or disabled the template for low quality; edit it or use another one.',
  },
  {
    codes: [131055, 131061, 131063, 134100, 134102],
    verdict: STOP,
    says: 'WhatsApp does not take this kind of message by this way; use another template or message type.',
  },
  {
    codes: [0, 190],
    verdict: ACCOUNT,
    says: 'The access token is wrong, expired or withdrawn; put a valid one in WHATSAPP_ACCESS_TOKEN.',
  },
  {
    codes: [3, 10, 131005, ...Array.from({ length: 100 }, (_, index) => 200 + index)],
    verdict: ACCOUNT,
    says: 'The access token lacks a permission; grant whatsapp_business_messaging for this number in Meta Business Settings.',
  },
  {
    codes: [33, 131045, 133006, 133010],
    verdict: ACCOUNT,
    says: 'The sending number is not registered or not verified; check WHATSAPP_PHONE_NUMBER_ID and register it.',
  },
  {
    codes: [131042, 134011],
    verdict: ACCOUNT,
    says: 'WhatsApp cannot bill the account or waits for terms of payment; settle that in Meta Business Settings.',
  },
  {
    codes: [368, 131031, 131064],
    verdict: ACCOUNT,
    says: 'WhatsApp has restricted or locked the account; see Account quality in Meta Business Settings.',
  },
  {
    codes: [131037],
    verdict: ACCOUNT,
    says: 'The sending number still needs an approved display name; request it in WhatsApp Manager.',
  },
  {
    codes: [131048],
    verdict: ACCOUNT,
    says: 'Too many recipients blocked or reported the number; stop, and see its quality in WhatsApp Manager.',
  },
];

const BY_CODE = new Map(GROUPS.flatMap((group) => group.codes.map((code) => [code, group] as const)));

/** What a Graph error means. Its code decides; the HTTP status only helps with codes that nobody listed. */
export function classifyGraphError(error: GraphError, status: number, retryAfterMs: number | null): Outcome {
  const code = `whatsapp_${error.code}`;
  const group = BY_CODE.get(error.code);
  if (!group) return unknownError(code, error.details, status, retryAfterMs);
  const message = group.says;
  const said = error.details ? { said: error.details } : {};
  const { verdict } = group;
  if (verdict.type === 'transient' || verdict.type === 'throttled') {
    return { ...verdict, code, message, ...said, ...(retryAfterMs === null ? {} : { retryAfterMs }) };
  }
  return { ...verdict, code, message, ...said };
}

function unknownError(code: string, details: string, status: number, retryAfterMs: number | null): Outcome {
  const said = details ? { said: details } : {};
  if (status === 429) return { ...tooFast(code, retryAfterMs), ...said };
  if (status >= 400 && status < 500) {
    return { type: 'permanent', code, message: 'WhatsApp refused the message.', breaker: true, ...said };
  }
  // Graph also fails after it took a message, so only a code that is known to mean "not sent" may say so.
  const message = 'WhatsApp reported a fault; the message may or may not have left.';
  return { type: 'uncertain', code, message, ...said };
}

/** HTTP 429 without a known code. */
export function tooFast(code: string, retryAfterMs: number | null): Outcome {
  const message = 'WhatsApp asks to send more slowly (HTTP 429); sending goes on at a lower speed.';
  const wait = retryAfterMs === null ? {} : { retryAfterMs };
  return { type: 'throttled', scope: 'sender', code, message, ...wait };
}
