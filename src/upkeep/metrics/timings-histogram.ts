import { TIMING_BOUNDS, type Timings } from '../../ledger/timings.ts';

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * What the registry needs of a metric. The library's own histogram wants each measurement handed to it; these were
 * counted where they were made, into the same kind of buckets.
 */
export interface HistogramMetric {
  readonly name: string;
  get(): Promise<{ name: string; help: string; type: 'histogram'; values: Sample[]; aggregator: 'sum' }>;
  reset(): void;
}

export function toHistogram(
  name: string,
  help: string,
  series: readonly { readonly labels: Labels; readonly timings: Timings }[],
): HistogramMetric {
  return {
    name,
    get: async () => ({
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: series.flatMap(({ labels, timings }) => samples(name, labels, timings)),
    }),
    reset() {},
  };
}

/** Each bucket counts those of the smaller ones too. */
function samples(name: string, labels: Labels, { counts, sumSeconds }: Timings): Sample[] {
  let total = 0;
  const buckets = [...TIMING_BOUNDS, '+Inf'].map((le, at) => {
    total += counts[at]!;
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sumSeconds },
    { metricName: `${name}_count`, labels, value: total },
  ];
}
