import { duration, invalid, type Option } from './option.js';

/**
 * What happens to a call whose pattern no live instance serves: `'fail'` refuses it at once,
 * `'wait'` stores it until its deadline, and a number of milliseconds refuses it after that time
 * if the pattern was never served, and stores it if it was served before.
 */
export type WhenNoConsumer = 'fail' | 'wait' | number;

const grace = duration({ min: 0, max: 86_400_000 });

/** The option `whenNoConsumer` of clients and of records. */
export const whenNoConsumer: Option<WhenNoConsumer, undefined> = {
  type: "`'fail'`, `'wait'` or milliseconds",
  bounds: grace.bounds,
  default: undefined,
  read(value, name, place) {
    if (value === 'fail' || value === 'wait') return value;
    if (typeof value !== 'string') return grace.read(value, name, place);
    throw invalid(place, name, "'fail', 'wait' or a number of milliseconds", value);
  },
};
