import { onTestFinished } from 'vitest';
import { Registry } from 'prom-client';
import { instrumentRedisStreams, type PrometheusOptions } from 'nestjs-redis-streams/prometheus';

/** One line of what Prometheus reads. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;

/** Reads the text as Prometheus does; throws where it is not such a text. */
export function samplesOf(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, inside = '', value] = LINE.exec(line) ?? [];
      if (name === undefined) throw new Error(`no sample: ${line}`);
      const labels: Record<string, string> = {};
      let read = 0;
      for (const [whole, label = '', said = ''] of inside.matchAll(LABEL)) {
        labels[label] = said.replaceAll(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char));
        read += whole.length;
      }
      if (read !== inside.length) throw new Error(`no labels: ${inside}`);
      return { name, labels, value: Number(value) };
    });
}

/** A registry of its own that is instrumented, until the test ends. */
export function scraped(options: Omit<PrometheusOptions, 'registry'> = {}) {
  const registry = new Registry();
  const stop = instrumentRedisStreams({ registry, ...options });
  onTestFinished(stop);
  const samples = async () => samplesOf(await registry.metrics());
  /** The value with these labels, if there is one. */
  const value = async (name: string, labels: Record<string, string> = {}) => {
    const found = (await samples()).filter(
      (sample) =>
        sample.name === `nestjs_redis_streams_${name}` &&
        Object.entries(labels).every(([label, said]) => sample.labels[label] === said),
    );
    if (found.length > 1) throw new Error(`${found.length} samples of ${name}`);
    return found[0]?.value;
  };
  return { registry, stop, samples, value };
}
