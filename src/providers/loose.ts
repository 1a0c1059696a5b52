const LONGEST_ID = 200;

/** A part of what a provider says, of which nothing is certain. */
export type Loose = Readonly<Record<string, unknown>>;

export function isLoose(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An empty one where there is none. */
export function looseIn(value: unknown, name: string): Loose {
  const found = isLoose(value) ? value[name] : undefined;
  return isLoose(found) ? found : {};
}

export function listIn(value: unknown, name: string): readonly unknown[] {
  const found = isLoose(value) ? value[name] : undefined;
  return Array.isArray(found) ? found : [];
}

/** Short, well-formed text; null where there is none. */
export function textIn(value: unknown, name: string, longest = LONGEST_ID): string | null {
  const found = isLoose(value) ? value[name] : undefined;
  if (typeof found !== 'string' && typeof found !== 'number') return null;
  const text = String(found).slice(0, longest).toWellFormed();
  return text === '' ? null : text;
}

/** How something is built, without what it says, which may be about somebody. */
export function shapeOf(value: unknown, depth = 0): unknown {
  if (depth > 5) return 'deep';
  if (Array.isArray(value)) return value.slice(0, 3).map((one) => shapeOf(one, depth + 1));
  if (!isLoose(value)) return value === null ? null : typeof value;
  const entries = Object.entries(value).slice(0, 30);
  return Object.fromEntries(entries.map(([name, one]) => [name.slice(0, 60), shapeOf(one, depth + 1)]));
}
