import {
  Decoder,
  decodeTimestampExtension,
  Encoder,
  encodeTimestampExtension,
  ExtData,
  type ExtensionCodecType,
} from '@msgpack/msgpack';
import { digitsOf, MAX_DIGITS, writeRich } from '../nest/rich-walk.js';
import { EXTENSION, SINGLE } from './extension.js';
import { FormError } from './form-error.js';
import { inspect } from './inspect.js';
import { Collection, Single, WORDS } from './words.js';

const extensionCodec: ExtensionCodecType<undefined> = {
  tryToEncode(value) {
    if (typeof value === 'bigint') return new ExtData(EXTENSION.bigint, writeBigint(value));
    if (value instanceof Date) {
      return new ExtData(EXTENSION.timestamp, encodeTimestampExtension(value) as Uint8Array);
    }
    if (value instanceof Single) return new ExtData(EXTENSION.single, value.bytes);
    if (value instanceof Collection) return new ExtData(value.type, encoder.encode(value.items));
    return null;
  },

  decode(bytes, type) {
    switch (type) {
      case EXTENSION.timestamp:
        return decodeTimestampExtension(bytes);
      case EXTENSION.single:
        return readSingle(bytes);
      case EXTENSION.bigint:
        return readBigint(bytes);
      case EXTENSION.map:
        return readMap(decoder.decode(bytes));
      case EXTENSION.set:
        return new Set(listed(decoder.decode(bytes)));
      default:
        throw new FormError(`an extension of the unknown type ${type}`);
    }
  },
};

const encoder = new Encoder({ extensionCodec, ignoreUndefined: true });
const decoder = new Decoder({ extensionCodec });

/**
 * @param value a list or an object around what may be nested as deeply as in JSON
 * @throws FormError for what cannot be carried
 */
export function encode(value: object): Uint8Array {
  return encoder.encode(writeRich(value, -1, WORDS));
}

/** @throws FormError, or an error of the library, for bytes that {@link encode} would not write */
export function decode(bytes: Uint8Array): unknown {
  inspect(bytes);
  // Bytes within are views of the same class, and are promised to be Buffers.
  return decoder.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

function readSingle(bytes: Uint8Array): unknown {
  if (bytes.length === 1) {
    if (bytes[0] === SINGLE.undefined) return undefined;
    if (bytes[0] === SINGLE.negativeZero) return -0;
    if (bytes[0] === SINGLE.invalidDate) return new Date(Number.NaN);
  }
  throw new FormError('an unknown single value');
}

function writeBigint(value: bigint): Uint8Array {
  return Buffer.from(digitsOf(value, WORDS), 'latin1');
}

function readBigint(bytes: Uint8Array): bigint {
  const digits = Buffer.from(bytes).toString('latin1');
  if (bytes.length <= MAX_DIGITS && /^-?\d+$/.test(digits)) return BigInt(digits);
  throw new FormError('a bigint that is no whole number');
}

function readMap(held: unknown): Map<unknown, unknown> {
  const items = listed(held);
  if (items.length % 2 !== 0) throw new FormError('a Map has a key without a value');
  const map = new Map<unknown, unknown>();
  for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  return map;
}

function listed(held: unknown): readonly unknown[] {
  if (Array.isArray(held)) return held;
  throw new FormError('a Map or Set does not hold a list');
}
