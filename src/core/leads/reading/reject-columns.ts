/** Added in front of a rejects file; of no meaning when it is imported again. */
export const REJECT_COLUMNS = ['rejected_line', 'rejected_reason'] as const;

/** The same in front of a file of rows that were kept, with what to look at. */
export const WARNING_COLUMNS = ['warning_line', 'warning_reason'] as const;
export const OUR_COLUMNS: readonly string[] = [...REJECT_COLUMNS, ...WARNING_COLUMNS];
