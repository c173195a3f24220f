import { invalid, type Option } from './option.js';

/**
 * What happens to values that come faster than the caller asks for them, when no more may wait: `'error'` ends the call
 * with REPLY_LOST, `'latest'` leaves out the oldest that wait, `'drop'` leaves out the newest.
 */
export type Overflow = 'error' | 'latest' | 'drop';

const WAYS: readonly unknown[] = ['error', 'latest', 'drop'] satisfies Overflow[];

/** The extra `overflow` of a handler. */
export const overflow: Option<Overflow, 'error'> = {
  type: "`'error'`, `'latest'` or `'drop'`",
  default: 'error',
  read(value, name, place) {
    if (WAYS.includes(value)) return value as Overflow;
    throw invalid(place, name, "'error', 'latest' or 'drop'", value);
  },
};
