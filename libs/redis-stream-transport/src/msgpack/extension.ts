/** Types of the extensions, as they travel. A `Date` is MessagePack's own timestamp, -1. */
export const EXTENSION = {
  timestamp: -1,
  /** One byte, see {@link SINGLE}. */
  single: 0,
  /** A bigint: its decimal digits in ASCII. */
  bigint: 1,
  /** A Map: MessagePack of the list of its keys and values in turn. */
  map: 2,
  /** A Set: MessagePack of the list of its values. */
  set: 3,
} as const;

/** Values without a form of their own in MessagePack, by their byte. */
export const SINGLE = { undefined: 0, negativeZero: 1, invalidDate: 2 } as const;
