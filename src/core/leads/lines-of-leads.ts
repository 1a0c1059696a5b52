/** So many runs are kept: some megabytes. A file whose every row has line breaks within it makes one of each row. */
const MOST_RUNS = 250_000;

interface Run {
  /** Of the first lead of it. */
  readonly seq: number;
  readonly line: number;
  count: number;
}

/**
 * On which line of a file each lead stands that its import made. Leads that are made one after the other mostly stand on
 * lines that follow each other, and are kept as one run: ten million of them take no more than ten.
 */
export class LinesOfLeads {
  readonly #runs: Run[] = [];

  get runs(): number {
    return this.#runs.length;
  }

  add(seq: number, line: number): void {
    const runs = this.#runs;
    // A transaction that was taken back gives its numbers away once more.
    while (runs.length > 0 && runs.at(-1)!.seq >= seq) runs.pop();
    const last = runs.at(-1);
    if (last) last.count = Math.min(last.count, seq - last.seq);
    if (last && seq === last.seq + last.count && line === last.line + last.count) last.count += 1;
    else if (runs.length < MOST_RUNS) runs.push({ seq, line, count: 1 });
  }

  /** @returns undefined: this import did not make it, or it stands behind more runs than are kept. */
  of(seq: number): number | undefined {
    let [from, to] = [0, this.#runs.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#runs[middle]!.seq <= seq) from = middle + 1;
      else to = middle;
    }
    const run = this.#runs[from - 1];
    return run && seq < run.seq + run.count ? run.line + seq - run.seq : undefined;
  }
}
