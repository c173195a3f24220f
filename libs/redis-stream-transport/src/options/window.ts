import { MAX_WINDOW } from '../protocol/credit.js';
import { count, type Option } from './option.js';
import { readParts } from './read-options.js';

/** How much of a streamed reply may be on its way: sent by the service, and not yet taken by the reader. */
export interface Window {
  /**
   * How many values. What is given holds exactly; else a reader that takes them as fast as they come is given up to 4096.
   * Default: 64.
   */
  readonly values?: number;
  /** How many characters of replies; the value that crosses this bound is sent. Default: 1048576. */
  readonly characters?: number;
}

export const WINDOW_TABLE = {
  values: count({ default: 64, min: 1, max: MAX_WINDOW.values }),
  characters: count({ default: 1_048_576, min: 1, max: MAX_WINDOW.characters }),
} as const satisfies Record<keyof Window, Option>;

/** Values that a reader who keeps up may have on their way, unless the window says how many. */
const MOST_VALUES = 4096;

/** A window as the engine uses it. */
export interface ResolvedWindow extends Required<Window> {
  /** Values that it grows to while the reader keeps up. */
  readonly most: number;
}

export const DEFAULT_WINDOW: ResolvedWindow = Object.freeze({
  values: WINDOW_TABLE.values.default,
  characters: WINDOW_TABLE.characters.default,
  most: MOST_VALUES,
});

/** The option `window` of clients and of records. False: the stream does not wait. */
export const windowOption: Option<ResolvedWindow | false, undefined> = {
  type: 'boolean or `{ values?, characters? }`',
  default: undefined,
  read(value, name, place) {
    if (value === false) return false;
    if (value === true) return DEFAULT_WINDOW;
    const { values, characters = DEFAULT_WINDOW.characters } = readParts(
      WINDOW_TABLE,
      value,
      name,
      place,
    );
    if (values === undefined) return Object.freeze({ ...DEFAULT_WINDOW, characters });
    return Object.freeze({ values, characters, most: values });
  },
};
