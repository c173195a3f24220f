import { instrument, prometheusName, type InstrumentName } from '../metrics/instruments.js';
import type { Recording } from '../metrics/metrics.js';
import type { LabelValues, Times } from '../metrics/tallies.js';

/** One line of the text that Prometheus reads. */
interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** One instrument as a registry of `prom-client` expects it. Its values are made when the registry asks. */
export class RegisteredMetric {
  /** The registry changes it when it speaks OpenMetrics. */
  name: string;
  readonly help: string;
  readonly type: string;
  /** Of several processes of a Node cluster all values are summed up. */
  readonly aggregator = 'sum';

  constructor(
    private readonly of: InstrumentName,
    private readonly recording: Recording,
  ) {
    const { kind, help } = instrument(of);
    this.name = prometheusName(of);
    this.help = help;
    this.type = kind;
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: this.values() };
  }

  /** For `registry.resetMetrics()`: the values are not its own. */
  reset(): void {}

  private values(): Sample[] {
    const { of, recording } = this;
    const { kind, from } = instrument(of);
    if (from === 'redis') recording.refresh();
    const { tallies } = recording;
    if (kind === 'histogram') {
      return [...tallies.allTimes(of)].flatMap((times) => this.buckets(times));
    }
    return [...tallies.allCounts(of)].map(({ labels, value }) => ({
      labels: this.labelled(labels),
      value,
    }));
  }

  private buckets({ labels: values, counts, sum }: Times): Sample[] {
    const labels = this.labelled(values);
    const bounds = instrument(this.of).buckets ?? [];
    let total = 0;
    const samples: Sample[] = counts.map((count, i) => {
      total += count;
      const le = bounds[i] ?? '+Inf';
      return { metricName: `${this.name}_bucket`, labels: { ...labels, le }, value: total };
    });
    samples.push({ metricName: `${this.name}_sum`, labels, value: sum });
    samples.push({ metricName: `${this.name}_count`, labels, value: total });
    return samples;
  }

  private labelled(values: LabelValues): Record<string, string> {
    const { labels } = instrument(this.of);
    return Object.fromEntries(labels.map((label, i) => [label, values[i] ?? '']));
  }
}
