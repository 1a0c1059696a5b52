import { ACCOUNT, BREAKER, type ErrorRow, PERMANENT, STOP, TOO_FAST } from '../api/classify.ts';

/** https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/responses: it has no codes but HTTP's. */
export const SENDGRID_ROWS: readonly ErrorRow[] = [
  {
    codes: [429],
    verdict: TOO_FAST,
    says: 'SendGrid takes no more requests just now; lower EMAIL_RATE if this comes often.',
  },
  {
    codes: [401],
    words: /credits/i,
    verdict: ACCOUNT,
    says: 'The credits of the account at SendGrid are used up; wait for the next period, or change the plan.',
  },
  {
    codes: [401],
    verdict: ACCOUNT,
    says: 'SendGrid does not take the key; check SENDGRID_API_KEY.',
  },
  {
    codes: [403],
    verdict: ACCOUNT,
    says: 'The key at SendGrid may not send, or EMAIL_FROM is no verified sender or domain there.',
  },
  {
    codes: [404, 405],
    verdict: ACCOUNT,
    says: 'There is no API of SendGrid at that address; check SENDGRID_API_URL.',
  },
  {
    codes: [400],
    words: /^(from|reply_to)\b|from address|sender identity/i,
    verdict: ACCOUNT,
    says: 'SendGrid does not take the address of EMAIL_FROM or REPLY_TO; correct it.',
  },
  {
    codes: [400],
    words: /^personalizations\.0\.to\b/i,
    verdict: PERMANENT,
    says: 'SendGrid does not take this address.',
  },
  {
    codes: [400],
    verdict: BREAKER,
    says: 'SendGrid found something wrong with the message; its words say what.',
  },
  {
    codes: [413, 415],
    verdict: STOP,
    says: 'SendGrid refuses the message as it is made: it is too large, or not in a form that it takes.',
  },
];
