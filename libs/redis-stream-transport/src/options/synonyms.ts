import { contradiction, type Place } from './option.js';

/** Names that options of a handler have on other transports of Nest, and mean the same. */
export interface HandlerSynonyms {
  /** `group`, as NATS and RabbitMQ name it. */
  queue?: string;
  /** `concurrency`, as RabbitMQ names it. */
  prefetchCount?: number;
}

/** Names that options of a server have on other transports of Nest, and mean the same. */
export interface ServerSynonyms extends HandlerSynonyms {
  /** `drainTimeout`, as NATS names it. */
  gracePeriod?: number;
}

/** Name of another transport → ours. */
export const HANDLER_SYNONYMS: Readonly<Record<keyof HandlerSynonyms, string>> = {
  queue: 'group',
  prefetchCount: 'concurrency',
};
export const SERVER_SYNONYMS: Readonly<Record<keyof ServerSynonyms, string>> = {
  ...HANDLER_SYNONYMS,
  gracePeriod: 'drainTimeout',
};

/**
 * Gives options the names that they have here. Changes the map.
 * @throws RedisStreamsError INVALID_OPTION: an option is given under both names
 */
export function translate(
  given: Map<string, unknown>,
  synonyms: Readonly<Record<string, string>>,
  place: Place,
): void {
  for (const [theirs, ours] of Object.entries(synonyms)) {
    const value = given.get(theirs);
    given.delete(theirs);
    if (value === undefined) continue;
    if (given.get(ours) !== undefined)
      throw contradiction(place, ours, theirs, 'they are two names of one option');
    given.set(ours, value);
  }
}
