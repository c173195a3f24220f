import { count as number, duration, invalid, type Option } from './option.js';
import { readParts } from './read-options.js';

/** When something counts as stored in a Redis with replicas. */
export interface Replicas {
  /** How many replicas must have it; this must be given. Default: none. */
  readonly count: number;
  /** How many milliseconds Redis waits for them, at most. Default: 500. */
  readonly timeout?: number;
}

export const REPLICAS_TABLE = {
  count: number({ min: 1, max: 16 }),
  // Other commands on the same connection wait meanwhile.
  timeout: duration({ default: 500, min: 1, max: 1500 }),
} as const satisfies Record<keyof Replicas, Option>;

/** The option `replicas`. */
export const replicas: Option<Required<Replicas>, undefined> = {
  type: '`{ count, timeout? }`',
  default: undefined,
  read(value, name, place) {
    const { count, timeout = REPLICAS_TABLE.timeout.default } = readParts(
      REPLICAS_TABLE,
      value,
      name,
      place,
    );
    if (count === undefined) throw invalid(place, `${name}.count`, 'given', count);
    return Object.freeze({ count, timeout });
  },
};
