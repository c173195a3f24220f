import { invalid, type Option } from './option.js';

/** Names in the list, and characters of each. */
const MOST = 64;
const LONGEST = 256;
const WANTED = `a list of 1 to ${MOST} header names of 1 to ${LONGEST} characters`;

/** The option `passHeaders`. */
export const passHeaders: Option<readonly string[], undefined> = {
  type: 'list of names',
  bounds: `1 – ${MOST} names of 1 – ${LONGEST} characters`,
  default: undefined,
  read(value, name, place) {
    if (!Array.isArray(value) || value.length === 0 || value.length > MOST)
      throw invalid(place, name, WANTED, value);
    const names: unknown[] = value;
    // With this name, a receiver that copies headers would set a prototype.
    const isName = (one: unknown): one is string =>
      typeof one === 'string' && one !== '' && one.length <= LONGEST && one !== '__proto__';
    for (const one of names) if (!isName(one)) throw invalid(place, name, WANTED, one);
    return Object.freeze([...new Set(names as string[])]);
  },
};
