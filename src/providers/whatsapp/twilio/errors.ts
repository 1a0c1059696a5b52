import type { Outcome } from '../../../core/deliveries/sender.ts';

type Verdict =
  | { readonly type: 'transient' | 'throttled'; readonly scope: 'recipient' | 'sender' }
  | {
      readonly type: 'permanent';
      readonly breaker?: true;
      readonly suppress?: 'opted_out';
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

/** What Twilio's error dictionary (www.twilio.com/docs/api/errors) says of creating a WhatsApp message, or of its fate. */
export const TWILIO_GROUPS: readonly Group[] = [
  {
    codes: [20429, 30022, 63017, 63018],
    verdict: { type: 'throttled', scope: 'sender' },
    says: 'Twilio takes no more messages just now; lower WHATSAPP_RATE if this comes often.',
  },
  {
    codes: [63010, 63012],
    verdict: { type: 'transient', scope: 'sender' },
    says: 'WhatsApp could not handle the message at Twilio just now; it is tried again.',
  },
  {
    codes: [21211, 21614, 63003, 63024],
    verdict: PERMANENT,
    says: 'The message cannot reach this number: it is not on WhatsApp, or it is no number.',
  },
  {
    codes: [21266, 63031],
    verdict: PERMANENT,
    says: 'The recipient is the sending number itself; correct the phone of this lead.',
  },
  {
    codes: [21408, 63032, 63033],
    verdict: PERMANENT,
    says: 'WhatsApp or Twilio does not let this business message this recipient; reach them by another channel.',
  },
  {
    codes: [21610],
    verdict: { type: 'permanent', suppress: 'opted_out' },
    says: 'The recipient has answered STOP to this number or service; they get no more.',
  },
  {
    codes: [63015, 63016],
    verdict: PERMANENT,
    says: 'More than 24 hours passed since the recipient last wrote (or they never joined the Twilio sandbox); only an approved template reaches them now.',
  },
  {
    codes: [63049],
    verdict: { type: 'permanent', heldBack: true },
    says: 'WhatsApp holds back marketing for this recipient; wait at least 24 hours before another try.',
  },
  {
    codes: [63005, 63019, 63021, 63034],
    verdict: PERMANENT,
    says: 'WhatsApp could not take this kind of message or its media; check the content for this lead.',
  },
  {
    codes: [21602, 21617, 21619],
    verdict: BREAKER,
    says: 'Twilio found the text missing or over 1,600 characters; check the text for this lead.',
  },
  {
    codes: [21656, 63028, 63030],
    verdict: BREAKER,
    says: "The values given do not fit the template's placeholders; compare their number and format.",
  },
  {
    codes: [21654, 21655, 63022, 63027, 63036],
    verdict: STOP,
    says: 'The template cannot be used as it is: check its SID, language and approval in the Content Template Builder.',
  },
  {
    codes: [63040, 63041, 63042],
    verdict: STOP,
    says: 'WhatsApp has rejected, paused or disabled the template; edit it or use another one.',
  },
  {
    codes: [63013],
    verdict: STOP,
    says: 'WhatsApp says that the message goes against its policies; change the text.',
  },
  {
    codes: [20003, 20005, 20006, 20008, 20404],
    verdict: ACCOUNT,
    says: 'Twilio does not take the account SID with this token; check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.',
  },
  {
    codes: [21212, 21603, 21606, 21660, 21701, 21703, 21705, 63001, 63002, 63007, 63020],
    verdict: ACCOUNT,
    says: 'The sender is not set up for WhatsApp at Twilio; check TWILIO_WHATSAPP_FROM or TWILIO_MESSAGING_SERVICE_SID.',
  },
  {
    codes: [21609],
    verdict: ACCOUNT,
    says: 'Twilio cannot call back the address under PUBLIC_URL; it has to be public, with a name without underscores.',
  },
  {
    codes: [30002, 63025, 63038, 63051],
    verdict: ACCOUNT,
    says: 'The account is suspended, restricted or has used up its messages of the day; see the Twilio Console.',
  },
];

const BY_CODE = new Map(TWILIO_GROUPS.flatMap((group) => group.codes.map((code) => [code, group] as const)));

/** What an error of Twilio means. Its code decides; the HTTP status only helps with codes that nobody listed. */
export function classifyTwilioError(
  { code: number, said }: { readonly code: number; readonly said: string },
  status: number,
  retryAfterMs: number | null,
): Outcome {
  const code = `twilio_${number}`;
  const words = said === '' ? {} : { said };
  const group = BY_CODE.get(number);
  if (group) {
    const { verdict, says: message } = group;
    const waits = verdict.type === 'transient' || verdict.type === 'throttled';
    return { ...verdict, code, message, ...words, ...(waits && retryAfterMs !== null && { retryAfterMs }) };
  }
  if (status === 429) return { ...tooFast(code, retryAfterMs), ...words };
  if (status >= 400 && status < 500)
    return { type: 'permanent', code, message: 'Twilio refused the message.', breaker: true, ...words };
  // Twilio may have taken it before it failed: only a code that is known to mean "not sent" may say so.
  const message = 'Twilio reported a fault; the message may or may not have left.';
  return { type: 'uncertain', code, message, ...words };
}

/** HTTP 429 without a known code. */
export function tooFast(code: string, retryAfterMs: number | null): Outcome {
  return {
    type: 'throttled',
    scope: 'sender',
    code,
    message: 'Twilio takes no more requests just now; lower WHATSAPP_RATE if this comes often.',
    ...(retryAfterMs !== null && { retryAfterMs }),
  };
}
