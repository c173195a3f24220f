import type { Dispatcher } from '../run/dispatcher.js';
import type { StreamState } from '../intake/stream-state.js';

/**
 * Obeys a cancellation, `["stream","entry"]`: nobody waits for it any more. The entry is named as in
 * `Delivery.name`. Notices come over Pub/Sub and, for those that were missed, with the next renewal of the lease.
 */
export function applyCancellation(
  text: string,
  streams: readonly StreamState[],
  dispatcher: Dispatcher,
): void {
  const named = parse(text);
  if (named === undefined) return;
  const stream = streams.find(({ name }) => name === named.stream);
  const delivery = stream?.named(named.entry);
  if (delivery === undefined || delivery.ended) return;
  if (delivery.running) dispatcher.abort(delivery);
  else delivery.giveUp();
}

/** Ids of the cancelled entries of a stream. @param notices cancellations left for a consumer */
export function cancelledEntries(notices: readonly string[], stream: string): ReadonlySet<string> {
  const entries = new Set<string>();
  for (const text of notices) {
    const named = parse(text);
    if (named?.stream === stream) entries.add(named.entry);
  }
  return entries;
}

function parse(text: string): { stream: string; entry: string } | undefined {
  try {
    const named: unknown = JSON.parse(text);
    if (!Array.isArray(named)) return undefined;
    const [stream, entry] = named as unknown[];
    if (typeof stream !== 'string' || typeof entry !== 'string') return undefined;
    return { stream, entry };
  } catch {
    return undefined;
  }
}
