/** Why a contact must not be messaged; `not_opted_in`: they never said no, and never yes either. */
export const SUPPRESSION_REASONS = [
  'unsubscribed',
  'bounced',
  'complained',
  'opted_out',
  'not_opted_in',
] as const;
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];
