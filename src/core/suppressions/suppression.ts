/** Why a contact must not be messaged. */
export const SUPPRESSION_REASONS = ['unsubscribed', 'bounced', 'complained', 'opted_out'] as const;
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];
