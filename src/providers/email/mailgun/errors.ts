import { ACCOUNT, BREAKER, type ErrorRow, LATER, PERMANENT, STOP, TOO_FAST } from '../api/classify.ts';

/** https://documentation.mailgun.com/docs/mailgun/api-reference/mg-overview, "Error Codes": it has no codes but HTTP's. */
export const MAILGUN_ROWS: readonly ErrorRow[] = [
  {
    codes: [429],
    verdict: TOO_FAST,
    says: 'Mailgun takes no more requests just now; lower EMAIL_RATE if this comes often.',
  },
  {
    codes: [401],
    verdict: ACCOUNT,
    says: 'Mailgun does not take the key; check MAILGUN_API_KEY, and MAILGUN_API_URL for a domain in the EU.',
  },
  {
    codes: [402, 403],
    verdict: ACCOUNT,
    says: 'The account or the domain at Mailgun may not send: it is not verified or activated, or is disabled.',
  },
  {
    codes: [404],
    verdict: LATER,
    says: 'Mailgun does not find the domain, which may pass; check MAILGUN_DOMAIN, and MAILGUN_API_URL for a domain in the EU.',
  },
  {
    codes: [405],
    verdict: ACCOUNT,
    says: 'There is no API of Mailgun at that address; check MAILGUN_API_URL.',
  },
  {
    codes: [400],
    words: /sandbox|authori[sz]ed recipients|disabled|not (?:allowed|verified|activated)|probation|exceeded/i,
    verdict: ACCOUNT,
    says: 'The account or the domain at Mailgun may not send this: a sandbox domain, an account that is not activated, or a limit that is used up.',
  },
  {
    codes: [400],
    words: /['"]?\bfrom\b['"]?.*(?:parameter|address)/i,
    verdict: ACCOUNT,
    says: 'Mailgun does not take the address of EMAIL_FROM; correct it.',
  },
  {
    codes: [400],
    words: /['"]?\bto\b['"]?\s+parameter|recipient/i,
    verdict: PERMANENT,
    says: 'Mailgun does not take this address.',
  },
  {
    codes: [400],
    verdict: BREAKER,
    says: 'Mailgun found something wrong with the message; its words say what.',
  },
  {
    codes: [413],
    verdict: STOP,
    says: 'The message is larger than Mailgun takes.',
  },
];
