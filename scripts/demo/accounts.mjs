// What was executed, counted from the journals and thus independent of Redis and of the transport.

/** Executions beyond the first of each call, wherever they took place. */
export function repeatedExecutions(services) {
  const started = services.flatMap((service) => service.journaled('started'));
  return started.length - new Set(started).size;
}

/** Distinct events that each service has handled, by the name of its group. */
export function handledEvents(services) {
  const handled = {};
  for (const service of services) {
    const ids = (handled[service.group] ??= new Set());
    service.journaled('handled').forEach((id) => ids.add(id));
  }
  return Object.fromEntries(Object.entries(handled).map(([group, ids]) => [group, ids.size]));
}

export function difference(later, earlier) {
  const entries = Object.entries(later).map(([name, n]) => [name, n - (earlier[name] ?? 0)]);
  return Object.fromEntries(entries.filter(([, n]) => n > 0));
}

export function total(counts) {
  return Object.values(counts).reduce((sum, n) => sum + n, 0);
}
