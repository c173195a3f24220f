import { RedisStreamsError } from '../errors.js';

/** Where an option was given, for texts of errors: to a class, in a record, or in the extras of a handler. */
export interface Place {
  readonly owner: string;
  readonly pattern?: string;
}

/**
 * One option, as a row of a table: it checks a value, has the default, and is printed in the manual together with the
 * docstring of the option. `D` is `undefined` if there is no default.
 */
export interface Option<T = unknown, D = unknown> {
  readonly type: string;
  readonly bounds?: string;
  readonly default: D;
  /** Returns the value as the floors above use it, or throws INVALID_OPTION. */
  read(this: void, value: unknown, name: string, place: Place): T;
}

/** The rows of one object of options, by name. */
export type OptionTable = Readonly<Record<string, Option>>;

/** The values that a table reads from an object of options. */
export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends Option<infer V, infer D> ? V | D : never;
};

/** A value that an option must not have. */
interface Misfit {
  /** Name of the option. */
  readonly name: string;
  /** What its value must be. */
  readonly wanted: string;
  readonly value: unknown;
  /** Follows the text of the error. */
  readonly hint: string;
}

/** The error for a value of a known option. */
export function invalid(place: Place, name: string, wanted: string, value: unknown) {
  return invalidWithHint(place, { name, wanted, value, hint: '' });
}

/** The same, with a hint at the end. */
export function invalidWithHint(place: Place, { name, wanted, value, hint }: Misfit) {
  const told = `${place.owner}: option "${name}" must be ${wanted}, got ${show(value)}${hint}.`;
  return new RedisStreamsError('INVALID_OPTION', told, place);
}

/** The error for options that cannot be given together. */
export function contradiction(place: Place, one: string, other: string, reason: string) {
  const told = `${place.owner}: options "${one}" and "${other}" contradict each other: ${reason}.`;
  return new RedisStreamsError('INVALID_OPTION', told, place);
}

/** A value in a few words. Objects and URLs are not shown, because they may hold secrets. */
function show(value: unknown): string {
  if (value === null || Array.isArray(value)) return value ? 'an array' : 'null';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return typeof value;
  return value.includes('://') ? 'a URL' : `the string ${JSON.stringify(value.slice(0, 40))}`;
}

/** Whether the value is an object with names and values, of any class. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface NumberFacts<D> {
  readonly default?: D;
  readonly min: number;
  readonly max: number;
}

/**
 * Makes a kind of number option.
 *
 * @param type its name in the manual
 * @param wanted its name in errors
 * @param isFit what else a number must be, besides being within its bounds
 * @param hint for errors about a text
 */
function numberKind(type: string, wanted: string, isFit = Number.isInteger, hint = '') {
  return <D extends number | undefined = undefined>(facts: NumberFacts<D>): Option<number, D> => ({
    type,
    bounds: `${facts.min} – ${facts.max}`,
    default: facts.default as D,
    read(value, name, place) {
      const { min, max } = facts;
      if (typeof value === 'number' && value >= min && value <= max && isFit(value)) return value;
      const range = `${wanted} from ${min} to ${max}`;
      throw invalidWithHint(place, {
        ...{ name, wanted: range, value },
        hint: typeof value === 'string' ? hint : '',
      });
    },
  });
}

/** A span of time: always a number, always in milliseconds. */
export const duration = numberKind(
  'milliseconds',
  'a duration: a whole number of milliseconds',
  Number.isInteger,
  '; durations are numbers, ten seconds are 10000',
);

/** A size in bytes. */
export const bytes = numberKind('bytes', 'a whole number of bytes');

/** A number of things. */
export const count = numberKind('whole number', 'a whole number');

/** A share or factor: any number between its bounds. */
export const ratio = numberKind('number', 'a number', Number.isFinite);

/** On or off: only `true` and `false`. A text such as 'false' is refused. */
export const flag: Option<boolean, false> = {
  type: 'boolean',
  default: false,
  read(value, name, place) {
    if (typeof value === 'boolean') return value;
    throw invalid(place, name, 'true or false', value);
  },
};

/** Half of a pair of surrogates: in Redis all of them would be the same text. */
const LONE = /\p{Surrogate}/u;

/** A text of bounded length. `pattern` is its form, and `wanted` the name of it in errors. */
export function text<D extends string | undefined = undefined>(facts: {
  default?: D;
  max: number;
  pattern?: RegExp;
  wanted?: string;
}): Option<string, D> {
  const { max, pattern = /./s, wanted = 'a text' } = facts;
  return {
    type: 'text',
    bounds: `1 – ${max} characters`,
    default: facts.default as D,
    read(value, name, place) {
      const fits = typeof value === 'string' && value.length <= max && pattern.test(value);
      if (fits && !LONE.test(value)) return value;
      const whole = fits ? ', without half of a pair of surrogates' : '';
      throw invalid(place, name, `${wanted} of 1 to ${max} characters${whole}`, value);
    },
  };
}

/** An object with certain methods. It is passed on as it is. */
export function instance<T extends object>(
  type: string,
  ...methods: (keyof T & string)[]
): Option<T, undefined> {
  const offers = (value: unknown): value is T =>
    isObject(value) && methods.every((name) => typeof Reflect.get(value, name) === 'function');
  return {
    type,
    default: undefined,
    read(value, name, place) {
      if (offers(value)) return value;
      throw invalid(place, name, `an object with ${methods.join('() and ')}()`, value);
    },
  };
}

/** A function of the application. It is passed on as it is. */
export function listener<T extends (...args: never[]) => void>(type: string): Option<T, undefined> {
  return {
    type: `\`${type}\``,
    default: undefined,
    read(value, name, place) {
      if (typeof value === 'function') return value as T;
      throw invalid(place, name, 'a function', value);
    },
  };
}
