/** Done once a minute by whoever sends: what the log says when it fails, and the work. */
export type Chore = readonly [fault: string, work: () => Promise<unknown>];
