import { readJson } from '../protocol/json.js';
import { bucketsIn } from '../protocol/durations.js';
import type { InstanceStatistics, PatternCounts } from './statistics.js';

/** Characters and patterns that what an instance says may have. */
const LONGEST = 300_000;
const MOST_PATTERNS = 10_000;

/** What an instance says that it has done. Anyone may have written it: what is not as expected is left out. */
export function statisticsIn(
  text: string,
  { service, consumer }: Pick<InstanceStatistics, 'service' | 'consumer'>,
): InstanceStatistics | undefined {
  if (text === '' || text.length > LONGEST) return undefined;
  const read = readJson(text);
  if (!read.ok || typeof read.value !== 'object' || read.value === null) return undefined;
  const { at, up, running, waiting, more, patterns } = read.value as Record<string, unknown>;
  if (amount(at) === 0 || !Array.isArray(patterns)) return undefined;
  const rows: readonly unknown[] = patterns.slice(0, MOST_PATTERNS);
  return {
    ...{ service, consumer, at: amount(at), up: amount(up) },
    ...{ running: amount(running), waiting: amount(waiting), more: amount(more) },
    patterns: rows.map(countsIn).filter((counts) => counts !== undefined),
  };
}

function countsIn(row: unknown): PatternCounts | undefined {
  if (!Array.isArray(row)) return undefined;
  const [pattern, running, waiting, ...ends] = row as unknown[];
  if (typeof pattern !== 'string') return undefined;
  const [answered, handled, failed, refused, retried, dead, durations, paused, cancelled] = ends;
  return {
    ...{ pattern, running: amount(running), waiting: amount(waiting) },
    ...{ answered: amount(answered), handled: amount(handled), failed: amount(failed) },
    ...{ refused: amount(refused), retried: amount(retried), dead: amount(dead) },
    ...{ paused: amount(paused), cancelled: amount(cancelled) },
    durations: bucketsIn(durations),
  };
}

const amount = (said: unknown): number =>
  typeof said === 'number' && said > 0 && said < Number.MAX_SAFE_INTEGER ? said : 0;
