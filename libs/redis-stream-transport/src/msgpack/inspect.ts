import { MAX_DEPTH } from '../protocol/limits.js';
import { EXTENSION } from './extension.js';
import { FormError } from './form-error.js';

/** How the lengths of a kind are written: bytes of the length, by the first byte. */
const LENGTHS: ReadonlyMap<
  number,
  readonly [kind: 'list' | 'object' | 'bytes' | 'ext', size: number]
> = new Map([
  [0xc4, ['bytes', 1]],
  [0xc5, ['bytes', 2]],
  [0xc6, ['bytes', 4]],
  [0xc7, ['ext', 1]],
  [0xc8, ['ext', 2]],
  [0xc9, ['ext', 4]],
  [0xd9, ['bytes', 1]],
  [0xda, ['bytes', 2]],
  [0xdb, ['bytes', 4]],
  [0xdc, ['list', 2]],
  [0xdd, ['list', 4]],
  [0xde, ['object', 2]],
  [0xdf, ['object', 4]],
]);

/** First bytes of whole numbers of 64 bits. */
const UINT64 = 0xcf;
const INT64 = 0xd3;

/** Bytes after the first one, of values whose size the first byte tells. */
const SIZES: ReadonlyMap<number, number> = new Map([
  ...[0xc0, 0xc2, 0xc3].map((byte) => [byte, 0] as const),
  ...[0xcc, 0xd0].map((byte) => [byte, 1] as const),
  ...[0xcd, 0xd1].map((byte) => [byte, 2] as const),
  ...[0xca, 0xce, 0xd2].map((byte) => [byte, 4] as const),
  ...[0xcb, 0xcf, 0xd3].map((byte) => [byte, 8] as const),
]);

/**
 * Walks over bytes before the library reads them. It makes lists of the length that a header claims, and
 * knows no bound of the depth: a few bytes of a stranger's would take all memory.
 * @throws FormError if it is not one whole value, or is nested more deeply than any transport carries
 */
export function inspect(bytes: Uint8Array): void {
  const walk = new Walk(bytes);
  // What is around the data does not count.
  walk.values(1, -1, bytes.length);
  if (walk.at !== bytes.length) throw new FormError('bytes are left over');
}

class Walk {
  at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** @param end where the last of the values must have ended */
  values(count: number, depth: number, end: number): void {
    if (depth > MAX_DEPTH) throw new FormError(`nesting deeper than ${MAX_DEPTH}`);
    for (let i = 0; i < count; i++) this.value(depth, end);
  }

  private value(depth: number, end: number): void {
    if (this.at >= end) throw cut();
    const first = this.bytes[this.at++] as number;
    if (first < 0x80 || first >= 0xe0) return;
    if (first < 0x90) this.values((first & 0x0f) * 2, depth + 1, end);
    else if (first < 0xa0) this.values(first & 0x0f, depth + 1, end);
    else if (first < 0xc0) this.skip(first & 0x1f, end);
    else if (first >= 0xd4 && first <= 0xd8) this.extension(1 << (first - 0xd4), depth, end);
    else this.long(first, depth, end);
  }

  private long(first: number, depth: number, end: number): void {
    const size = SIZES.get(first);
    if (size !== undefined) {
      const from = this.at;
      this.skip(size, end);
      if (first === UINT64 || first === INT64) this.exact(from, first === INT64);
      return;
    }
    const [kind, bytes] = LENGTHS.get(first) ?? [];
    if (kind === undefined || bytes === undefined)
      throw new FormError('a byte that begins nothing');
    let length = 0;
    for (let i = 0; i < bytes; i++) length = length * 256 + this.byte(end);
    if (kind === 'list') this.values(length, depth + 1, end);
    else if (kind === 'object') this.values(length * 2, depth + 1, end);
    else if (kind === 'ext') this.extension(length, depth, end);
    else this.skip(length, end);
  }

  private extension(length: number, depth: number, end: number): void {
    const type = (this.byte(end) << 24) >> 24;
    const last = this.at + length;
    if (last > end) throw cut();
    switch (type) {
      case EXTENSION.map:
      case EXTENSION.set:
        this.values(1, depth, last);
        if (this.at !== last) throw new FormError('bytes are left over');
        return;
      case EXTENSION.timestamp:
      case EXTENSION.single:
      case EXTENSION.bigint:
        return this.skip(length, end);
      default:
        throw new FormError(`an extension of the unknown type ${type}`);
    }
  }

  /** A whole number of 64 bits must be one that a JavaScript number holds exactly. */
  private exact(from: number, signed: boolean): void {
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + from, 8);
    const whole = signed ? view.getBigInt64(0) : view.getBigUint64(0);
    if (Number.isSafeInteger(Number(whole))) return;
    throw new FormError(
      `the whole number ${whole} is beyond 2^53; a bigint travels as extension ${EXTENSION.bigint}`,
    );
  }

  private byte(end: number): number {
    if (this.at >= end) throw cut();
    return this.bytes[this.at++] as number;
  }

  private skip(length: number, end: number): void {
    this.at += length;
    if (this.at > end) throw cut();
  }
}

function cut(): FormError {
  return new FormError('it ends too early');
}
