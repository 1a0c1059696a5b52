/** Gives out each name once: of equal ones the second gets a 2. As much work for a thousand equal names as for others. */
export class UnusedNames {
  readonly #used: Set<string>;
  /** Where to go on counting. */
  readonly #next = new Map<string, number>();
  readonly #numbered: (name: string, number: number) => string;

  constructor(numbered: (name: string, number: number) => string, taken: readonly string[] = []) {
    this.#numbered = numbered;
    this.#used = new Set(taken);
  }

  take(name: string): string {
    let free = name;
    let number = this.#next.get(name) ?? 2;
    while (this.#used.has(free)) free = this.#numbered(name, number++);
    this.#next.set(name, number);
    this.#used.add(free);
    return free;
  }
}
