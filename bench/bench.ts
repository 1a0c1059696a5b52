/** One figure of one contender: all runs, in the unit of its row. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly runs: readonly number[];
  /** A word on how it was measured. */
  readonly note?: string;
}

/** What was wanted, and what was measured in this run. */
export interface Goal {
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean;
}

export interface BenchResult {
  /** One sentence: what was done, with which sizes. */
  readonly setting: string;
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
}

export interface Size {
  /** Small, to see that it works; its figures mean nothing. */
  readonly quick: boolean;
  readonly log: (line: string) => void;
  /** Of `huge`: how many, and where; all that there are when nothing is said. */
  readonly leads?: number;
  readonly databases?: readonly ('sqlite' | 'postgres')[];
}

export type Bench = (size: Size) => Promise<BenchResult>;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function atLeast(goal: string, value: number, limit: number, digits = 1): Goal {
  return { goal, measured: value.toFixed(digits), met: value >= limit };
}

export function atMost(goal: string, value: number, limit: number, digits = 1): Goal {
  return { goal, measured: value.toFixed(digits), met: value <= limit };
}
