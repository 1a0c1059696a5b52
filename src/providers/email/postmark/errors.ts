import { ACCOUNT, BREAKER, type ErrorRow, LATER, PERMANENT, STOP, TOO_FAST } from '../api/classify.ts';

/** https://postmarkapp.com/developer/api/overview, "API error codes", of sending. */
export const POSTMARK_ROWS: readonly ErrorRow[] = [
  {
    codes: [429],
    verdict: TOO_FAST,
    says: 'Postmark takes no more requests just now; lower EMAIL_RATE if this comes often.',
  },
  {
    codes: [100],
    verdict: LATER,
    says: 'The API of Postmark is closed for maintenance; it is tried again.',
  },
  {
    codes: [10],
    verdict: ACCOUNT,
    says: 'Postmark does not take the token; check POSTMARK_SERVER_TOKEN (a token of a server, not of the account).',
  },
  {
    codes: [400, 401],
    verdict: ACCOUNT,
    says: 'EMAIL_FROM is no confirmed sender signature or domain at Postmark; add or confirm it there.',
  },
  {
    codes: [405],
    verdict: ACCOUNT,
    says: 'The account at Postmark may send no more: its credit is used up, or sending is switched off.',
  },
  {
    codes: [412, 413],
    verdict: ACCOUNT,
    says: 'The account at Postmark waits for approval, or has not got it; until then it sends to the domain of EMAIL_FROM only.',
  },
  {
    codes: [1221, 1222, 1226, 1235, 1236],
    verdict: ACCOUNT,
    says: 'The server at Postmark has no such message stream, or it is archived; check POSTMARK_MESSAGE_STREAM.',
  },
  {
    codes: [406],
    verdict: { type: 'permanent', suppress: 'bounced' },
    says: 'Postmark does not send to this address any more: an earlier message bounced, was reported as spam, or somebody put it on the list.',
  },
  {
    codes: [300],
    words: /['"]?\bfrom\b['"]?/i,
    verdict: ACCOUNT,
    says: 'Postmark does not take the address of EMAIL_FROM; correct it.',
  },
  {
    codes: [300],
    words: /['"]to['"]|recipient/i,
    verdict: PERMANENT,
    says: 'Postmark does not take this address.',
  },
  {
    codes: [300],
    verdict: BREAKER,
    says: 'Postmark found something wrong with the message; its words say what.',
  },
  {
    codes: [402, 403, 409, 410, 411],
    verdict: STOP,
    says: 'Postmark refuses the message as it is made; its words say why.',
  },
];
