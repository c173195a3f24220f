import { BoundedTexts } from './label-texts.js';
import { listen } from './listening.js';
import { resolveMetricsOptions, type MetricsOptions } from './metrics-options.js';
import { recordCalls } from './record-calls.js';
import { recordConnections } from './record-connections.js';
import { recordEntries } from './record-entries.js';
import { recordUntrusted } from './record-untrusted.js';
import { GaugeReader } from './redis/gauge-reader.js';
import { Tallies } from './tallies.js';

/** Values that are being recorded. */
export interface Recording {
  readonly tallies: Tallies;
  /** Brings figures of the moment up to date; to be called before they are exported. */
  refresh(): void;
  /** Ends it. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Begins to record all clients and servers of this process, those made before included.
 *
 * @param tallies where to; exporters that want to know of new times make them before
 * @throws RedisStreamsError INVALID_OPTION
 */
export function record(options: MetricsOptions, tallies = new Tallies()): Recording {
  const { maxPatterns, gauges } = resolveMetricsOptions(options);
  const patterns = new BoundedTexts(maxPatterns);
  const reader = gauges && new GaugeReader(gauges, tallies, maxPatterns);
  const end = listen(
    recordCalls(tallies, patterns),
    recordEntries(tallies, patterns),
    recordConnections(tallies),
    recordUntrusted(tallies),
  );
  reader?.start();
  return {
    tallies,
    refresh: () => reader?.refresh(),
    stop: async () => {
      end();
      await reader?.stop();
    },
  };
}
