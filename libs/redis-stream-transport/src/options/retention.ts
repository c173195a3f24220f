import { count, duration, type Option } from './option.js';
import { readParts } from './read-options.js';

/**
 * What is kept of handled events; what no live group has handled yet is kept in any case.
 * With both, an event goes when it is beyond either.
 */
export interface Retention {
  /** How many entries of handled events are kept per stream; events of one turn may share one. Default: none. */
  readonly count?: number;
  /** For how many milliseconds handled events are kept. Default: none. */
  readonly age?: number;
}

export const RETENTION_TABLE = {
  count: count({ min: 0, max: 1_000_000_000 }),
  age: duration({ min: 0, max: 31_536_000_000 }),
} as const satisfies Record<keyof Retention, Option>;

/** The option `retention`. */
export const retention: Option<Retention, Retention> = {
  type: '`{ count?, age? }`',
  default: Object.freeze({}),
  read: (value, name, place) => readParts(RETENTION_TABLE, value, name, place),
};
