import { count, duration, type Option } from './option.js';
import { readParts } from './read-options.js';

/** How messages are gathered for one run of a handler. */
export interface BatchOptions {
  /** Messages of one run at most. Default: 100. */
  readonly size?: number;
  /** Milliseconds that the first of them waits for others. Default: 10. */
  readonly ms?: number;
}

export const BATCH_TABLE = {
  size: count({ default: 100, min: 1, max: 1000 }),
  ms: duration({ default: 10, min: 0, max: 60_000 }),
} as const satisfies Record<keyof BatchOptions, Option>;

/** The option `batch`. */
export const batch: Option<Required<BatchOptions>, undefined> = {
  type: '`{ size?, ms? }`',
  default: undefined,
  read(value, name, place) {
    const { size, ms } = BATCH_TABLE;
    const defaults = { size: size.default, ms: ms.default };
    return Object.freeze({ ...defaults, ...readParts(BATCH_TABLE, value, name, place) });
  },
};
