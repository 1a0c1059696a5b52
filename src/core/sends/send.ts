export const SEND_STATES = ['running', 'scheduled', 'paused', 'completed', 'cancelled'] as const;
export const PLACEHOLDER_POLICIES = ['strip_tokens', 'skip_recipient'] as const;

/** Why a send has stopped although leads remain and nothing is wrong with the account. */
export const RETRIES_USED_UP = 'retries_used_up';
export const PAUSED_BY_REQUEST = 'paused_by_request';
