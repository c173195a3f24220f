import { invalid, type Option } from './option.js';

/** The last time of a `Date`, in milliseconds since 1970. */
const LAST_TIME = 8_640_000_000_000_000;

/** The option `notBefore` of records: milliseconds since 1970. */
export const notBefore: Option<number, undefined> = {
  type: '`Date` or milliseconds since 1970',
  bounds: 'at most a year ahead',
  default: undefined,
  read(value, name, place) {
    const at = value instanceof Date ? value.getTime() : value;
    if (typeof at === 'number' && Number.isInteger(at) && at >= 0 && at <= LAST_TIME) return at;
    throw invalid(place, name, 'a Date or whole milliseconds since 1970', value);
  },
};
