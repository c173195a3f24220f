import { RedisStreamsError } from '../errors.js';
import { MAX_PATTERN_LENGTH } from '../protocol/limits.js';
import { invalid, isObject, text, type Option } from './option.js';

/** How many patterns all lanes may name. */
const MAX_PATTERNS = 10_000;
const name = text({ max: MAX_PATTERN_LENGTH, wanted: 'a name' });

/**
 * An option for lanes: `{ lane: patterns[] }`. It is read into a map from pattern to lane, which senders and readers
 * need. A pattern is in one lane at most. An object pattern is given in Nest's normal form.
 */
export const lanes: Option<ReadonlyMap<string, string>, ReadonlyMap<string, string>> = {
  type: '`{ lane: patterns[] }`',
  bounds: `${MAX_PATTERNS} patterns, names of ${name.bounds}`,
  default: new Map(),
  read(value, option, place) {
    if (!isObject(value)) throw invalid(place, option, 'an object of pattern lists', value);
    const laneOf = new Map<string, string>();
    for (const [lane, patterns] of Object.entries(value) as [string, unknown][]) {
      const path = `${option}.${name.read(lane, option, place)}`;
      if (!Array.isArray(patterns)) throw invalid(place, path, 'an array of patterns', patterns);
      for (const given of patterns as unknown[]) {
        const pattern = name.read(given, path, place);
        const other = laneOf.get(pattern) ?? lane;
        if (other !== lane) {
          const told = `${place.owner}: option "${option}" puts "${pattern}" in the lanes "${other}" and "${lane}".`;
          throw new RedisStreamsError('INVALID_OPTION', told, { pattern });
        }
        laneOf.set(pattern, lane);
      }
    }
    if (laneOf.size <= MAX_PATTERNS) return laneOf;
    throw invalid(place, option, `at most ${MAX_PATTERNS} patterns`, laneOf.size);
  },
};
