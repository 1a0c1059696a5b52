import { ACCOUNT, BREAKER, type ErrorRow, PERMANENT, STOP, TOO_FAST, UNCERTAIN } from '../api/classify.ts';

/** https://resend.com/docs/api-reference/errors, of sending. */
export const RESEND_ROWS: readonly ErrorRow[] = [
  {
    codes: ['rate_limit_exceeded'],
    verdict: TOO_FAST,
    says: 'Resend takes no more requests just now; lower EMAIL_RATE if this comes often.',
  },
  {
    codes: ['daily_quota_exceeded', 'monthly_quota_exceeded'],
    verdict: ACCOUNT,
    says: 'The quota of the account at Resend is used up; wait for the next day or month, or change the plan.',
  },
  {
    codes: ['missing_api_key', 'invalid_api_key', 'restricted_api_key', 'invalid_access'],
    verdict: ACCOUNT,
    says: 'Resend does not take the key, or not for this; check RESEND_API_KEY.',
  },
  {
    codes: ['validation_error'],
    words: /api key/i,
    verdict: ACCOUNT,
    says: 'Resend does not take the key; check RESEND_API_KEY.',
  },
  {
    codes: ['validation_error'],
    status: 403,
    verdict: ACCOUNT,
    says: 'The domain of EMAIL_FROM is not verified at Resend; verify it under Domains.',
  },
  {
    codes: ['validation_error'],
    words: /domain is not verified|only send testing emails/i,
    verdict: ACCOUNT,
    says: 'The domain of EMAIL_FROM is not verified at Resend; verify it under Domains.',
  },
  {
    codes: ['invalid_from_address'],
    verdict: ACCOUNT,
    says: 'Resend does not take the address of EMAIL_FROM; correct it.',
  },
  {
    codes: ['validation_error'],
    words: /[`'"]to[`'"] field|testing email address instead/i,
    verdict: PERMANENT,
    says: 'Resend does not take this address (addresses at example.com and test.com are refused).',
  },
  {
    codes: ['validation_error', 'missing_required_field', 'missing_required_fields', 'invalid_parameter'],
    verdict: BREAKER,
    says: 'Resend found something wrong with the message; its words say what.',
  },
  {
    codes: ['invalid_attachment', 'invalid_idempotency_key', 'invalid_region', 'security_error'],
    verdict: STOP,
    says: 'Resend refuses the message as it is made; its words say why.',
  },
  {
    codes: ['not_found', 'method_not_allowed'],
    verdict: ACCOUNT,
    says: 'There is no API of Resend at that address; check RESEND_API_URL.',
  },
  {
    codes: ['concurrent_idempotent_requests', 'invalid_idempotent_request'],
    verdict: UNCERTAIN,
    says: 'Resend has had a request with the same key, and does not say what became of it.',
  },
  {
    codes: ['application_error', 'internal_server_error'],
    verdict: UNCERTAIN,
    says: 'Resend reported a fault; the message may or may not have left.',
  },
];
