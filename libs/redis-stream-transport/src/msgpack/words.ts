import { writeItems, type RichWords } from '../nest/rich-walk.js';
import { EXTENSION, SINGLE } from './extension.js';
import { FormError } from './form-error.js';

/** Stands for a value that the library would write as something else. */
export class Single {
  readonly bytes: Uint8Array;

  constructor(byte: number) {
    this.bytes = Uint8Array.of(byte);
  }
}

/** Stands for a Map or a Set. */
export class Collection {
  constructor(
    readonly type: typeof EXTENSION.map | typeof EXTENSION.set,
    readonly items: readonly unknown[],
  ) {}
}

const NEGATIVE_ZERO = new Single(SINGLE.negativeZero);
const INVALID_DATE = new Single(SINGLE.invalidDate);

/** What the library is given: values that it writes rightly by itself, and stand-ins for the others. */
export const WORDS: RichWords = {
  nothing: new Single(SINGLE.undefined),
  number: (value) => (Object.is(value, -0) ? NEGATIVE_ZERO : value),
  bigint: (value) => value,
  date: (value) => (Number.isNaN(value.getTime()) ? INVALID_DATE : value),
  bytes: (value) => value,
  map: (value, depth) =>
    new Collection(EXTENSION.map, writeItems([...value].flat(1), depth, WORDS)),
  set: (items) => new Collection(EXTENSION.set, items),
  properties: (written) => written,
  unfit: (reason) => new FormError(reason),
};
