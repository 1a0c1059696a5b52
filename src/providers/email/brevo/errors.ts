import { ACCOUNT, BREAKER, type ErrorRow, PERMANENT, TOO_FAST, UNCERTAIN } from '../api/classify.ts';

/** https://developers.brevo.com/docs/how-it-works, "Error codes", and those of its own client. */
export const BREVO_ROWS: readonly ErrorRow[] = [
  {
    codes: ['too_many_requests'],
    verdict: TOO_FAST,
    says: 'Brevo takes no more requests just now; lower EMAIL_RATE if this comes often.',
  },
  {
    codes: ['unauthorized'],
    verdict: ACCOUNT,
    says: 'Brevo does not take the key, or not from this IP address; check BREVO_API_KEY and Security, Authorised IPs.',
  },
  {
    codes: ['permission_denied', 'reseller_permission_denied', 'account_under_validation'],
    verdict: ACCOUNT,
    says: 'The account at Brevo may not send yet, or no more; see its page.',
  },
  {
    codes: ['not_enough_credits'],
    verdict: ACCOUNT,
    says: 'The credits of the account at Brevo are used up; wait for the next day, or change the plan.',
  },
  {
    codes: ['document_not_found', 'method_not_allowed'],
    verdict: ACCOUNT,
    says: 'There is no API of Brevo at that address; check BREVO_API_URL.',
  },
  {
    codes: ['invalid_parameter', 'missing_parameter'],
    words: /sender|replyto/i,
    verdict: ACCOUNT,
    says: 'Brevo does not take the address of EMAIL_FROM or REPLY_TO: add and verify it under Senders.',
  },
  {
    codes: ['invalid_parameter', 'missing_parameter'],
    words: /\bto\b|email is not valid/i,
    verdict: PERMANENT,
    says: 'Brevo does not take this address.',
  },
  {
    codes: [
      'invalid_parameter',
      'missing_parameter',
      'out_of_range',
      'duplicate_parameter',
      'not_acceptable',
      'bad_request',
    ],
    verdict: BREAKER,
    says: 'Brevo found something wrong with the message; its words say what.',
  },
  {
    codes: ['duplicate_request'],
    verdict: UNCERTAIN,
    says: 'Brevo has had a request with the same key, and does not say what became of it.',
  },
];
