import { MAX_HEADERS_LENGTH } from '../protocol/limits.js';
import { invalid, isObject, type Option } from './option.js';

/** Headers by name; names and values are texts. */
export type Headers = Readonly<Record<string, string>>;

/** An option for headers. They are copied and frozen, so later changes have no effect. */
export const headers: Option<Headers, undefined> = {
  type: 'texts by name',
  bounds: `${MAX_HEADERS_LENGTH} characters as JSON`,
  default: undefined,
  read(value, option, place) {
    if (!isObject(value)) throw invalid(place, option, 'an object of texts by name', value);
    const copy: Record<string, string> = {};
    for (const [name, content] of Object.entries(value) as [string, unknown][]) {
      // With this name, a receiver that copies headers would set a prototype.
      if (name === '__proto__' || name === '') {
        throw invalid(place, option, 'an object with other header names', name);
      }
      if (typeof content !== 'string') throw invalid(place, `${option}.${name}`, 'a text', content);
      copy[name] = content;
    }
    const { length } = JSON.stringify(copy);
    if (length <= MAX_HEADERS_LENGTH) return Object.freeze(copy);
    throw invalid(place, option, `at most ${MAX_HEADERS_LENGTH} characters as JSON`, length);
  },
};
