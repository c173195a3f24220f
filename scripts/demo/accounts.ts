// Counts executions from the journals, independently of Redis and of the transport.
import type { Service } from './service.js';

/** How often something happened, by name. */
export type Counts = Readonly<Record<string, number>>;

/** Executions beyond the first of each call, wherever they took place. */
export function repeatedExecutions(services: readonly Service[]): number {
  const started = services.flatMap((service) => service.journaled('started'));
  return started.length - new Set(started).size;
}

/** Distinct events that each service has handled, by the name of its group. */
export function handledEvents(services: readonly Service[]): Counts {
  const handled: Record<string, Set<string>> = {};
  for (const service of services) {
    const ids = (handled[service.group] ??= new Set());
    service.journaled('handled').forEach((id) => ids.add(id));
  }
  return Object.fromEntries(Object.entries(handled).map(([group, ids]) => [group, ids.size]));
}

export function difference(later: Counts, earlier: Counts): Counts {
  const entries = Object.entries(later).map(
    ([name, n]) => [name, n - (earlier[name] ?? 0)] as const,
  );
  return Object.fromEntries(entries.filter(([, n]) => n > 0));
}

export function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0);
}
