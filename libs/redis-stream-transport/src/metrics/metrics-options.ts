import { RedisStreamsError } from '../errors.js';
import { resolveClientOptions, type RedisStreamsClientOptions } from '../options/index.js';

/** Where the figures of Redis are read, and how often. */
export type GaugeOptions = RedisStreamsClientOptions & {
  /** Milliseconds from one read to the next, at least; 1,000 to 3,600,000. Default: 15,000. */
  readonly interval?: number;
};

/** What all exporters of metrics take. */
export interface MetricsOptions {
  /** How many patterns get labels of their own; all others are `other`. 1 to 100,000. Default: 1,000. */
  readonly maxPatterns?: number;
  /**
   * Options of a client: where to read what Redis knows. One process of all that read there does so at a time, over a
   * connection of its own. Default: none, and nothing is read.
   */
  readonly gauges?: GaugeOptions;
}

export interface ResolvedMetricsOptions {
  readonly maxPatterns: number;
  readonly gauges:
    { readonly client: RedisStreamsClientOptions; readonly interval: number } | undefined;
}

/** @throws RedisStreamsError INVALID_OPTION */
export function resolveMetricsOptions({
  maxPatterns = 1000,
  gauges,
}: MetricsOptions): ResolvedMetricsOptions {
  within('maxPatterns', maxPatterns, 1, 100_000);
  if (gauges === undefined) return { maxPatterns, gauges: undefined };
  const { interval = 15_000, ...client } = gauges;
  within('gauges.interval', interval, 1000, 3_600_000);
  resolveClientOptions(client);
  return { maxPatterns, gauges: { client, interval } };
}

function within(name: string, value: unknown, least: number, most: number): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  const message = `option "${name}": expected a whole number from ${least} to ${most}`;
  throw new RedisStreamsError('INVALID_OPTION', message);
}
