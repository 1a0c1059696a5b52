export const PARTS = ['sent', 'failed', 'unknown', 'skipped', 'pending'] as const;
export type Part = (typeof PARTS)[number];
export type Parts = Readonly<Record<Part, number>>;

/** How much of a whole each part is; its words stand beside it. */
export function StackedBar({ parts, label }: { parts: Parts; label: string }) {
  const whole = Math.max(
    1,
    PARTS.reduce((sum, part) => sum + parts[part], 0),
  );
  return (
    <div class="bar" role="img" aria-label={label}>
      {PARTS.filter((part) => part !== 'pending').map((part) => (
        <i key={part} class={`fill-${part}`} style={{ width: `${(100 * parts[part]) / whole}%` }} />
      ))}
    </div>
  );
}

export interface StripCell {
  readonly parts: Parts;
  readonly title: string;
}

/** An audience in its order: each cell a piece of it, filled from below by what became of its leads. */
export function Strip({ cells, label }: { cells: readonly StripCell[]; label: string }) {
  const width = 1_000 / Math.max(1, cells.length);
  return (
    <svg class="strip" viewBox="0 0 1000 36" preserveAspectRatio="none" role="img" aria-label={label}>
      {cells.map(({ parts, title }, at) => (
        <g key={at}>
          <title>{title}</title>
          {stack(parts).map(({ part, from, size }) => (
            <rect
              key={part}
              class={`fill-${part}`}
              x={at * width}
              width={Math.max(1, width - 2.5)}
              y={36 - 36 * (from + size)}
              height={36 * size}
            />
          ))}
        </g>
      ))}
    </svg>
  );
}

function stack(parts: Parts): { part: Part; from: number; size: number }[] {
  const whole = Math.max(
    1,
    PARTS.reduce((sum, part) => sum + parts[part], 0),
  );
  let from = 0;
  return PARTS.map((part) => {
    const one = { part, from, size: parts[part] / whole };
    from += one.size;
    return one;
  }).filter(({ size }) => size > 0);
}

export function Sparkline({ values, label }: { values: readonly number[]; label: string }) {
  const most = Math.max(1, ...values);
  const step = 100 / Math.max(1, values.length - 1);
  const points = values.map((value, at) => `${at * step},${29 - (27 * value) / most}`);
  if (values.length < 2) return <svg class="spark" viewBox="0 0 100 30" role="img" aria-label={label} />;
  return (
    <svg class="spark" viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={`M0,31 L${points.join(' L')} L100,31`} />
    </svg>
  );
}
