/** Enough to keep the rate while an answer takes a second; few enough to settle by hand after a kill. */
const SMALLEST_WINDOW = 16;
const LARGEST_WINDOW = 256;

export function windowFor(ratePerSecond: number | null): number {
  if (ratePerSecond === null) return LARGEST_WINDOW;
  return Math.min(Math.max(Math.ceil(ratePerSecond), SMALLEST_WINDOW), LARGEST_WINDOW);
}
