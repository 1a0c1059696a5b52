/** Added in front of a rejects file; of no meaning when it is imported again. */
export const REJECT_COLUMNS = ['rejected_line', 'rejected_reason'] as const;
