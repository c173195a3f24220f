import { isAscii } from 'node:buffer';
import type { RawEntry } from '../../protocol/entry.js';
import type { StreamEntries } from '../entries.js';

/** First bytes of the values that an answer to a read is made of, in RESP2 and RESP3. */
const [LIST, MAP, TEXT] = [0x2a, 0x25, 0x24];
const [CR, ZERO, NINE] = [0x0d, 0x30, 0x39];

export interface ReadInBytes {
  readonly read: StreamEntries[];
  /** Where the answer ends. */
  readonly end: number;
}

/**
 * Reads the answer of XREADGROUP that these bytes begin with. Undefined: they begin with something else, the answer is
 * not whole, or something is missing in it, such as the fields of an entry that was deleted.
 */
export function readInBytes(bytes: Buffer): ReadInBytes | undefined {
  const cursor = new Cursor(bytes);
  const isMap = bytes[0] === MAP;
  const count = cursor.length(isMap ? MAP : LIST);
  const read: StreamEntries[] = [];
  for (let i = 0; i < count; i++) {
    if (!isMap && cursor.length(LIST) !== 2) return undefined;
    const stream = cursor.text();
    const entries = stream === undefined ? undefined : entriesAt(cursor);
    if (stream === undefined || entries === undefined) return undefined;
    read.push({ stream, entries });
  }
  return count > 0 ? { read, end: cursor.at } : undefined;
}

function entriesAt(cursor: Cursor): RawEntry[] | undefined {
  const count = cursor.length(LIST);
  if (count < 0) return undefined;
  const entries: RawEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (cursor.length(LIST) !== 2) return undefined;
    const id = cursor.text();
    const fields = id === undefined ? undefined : textsAt(cursor);
    if (id === undefined || fields === undefined) return undefined;
    entries.push({ id, fields });
  }
  return entries;
}

function textsAt(cursor: Cursor): string[] | undefined {
  const count = cursor.length(LIST);
  if (count < 0) return undefined;
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    const text = cursor.text();
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return texts;
}

class Cursor {
  at = 0;
  private readonly encoding: 'latin1' | 'utf8';

  constructor(private readonly bytes: Buffer) {
    // For these bytes both encodings say the same, and this one is read faster.
    this.encoding = isAscii(bytes) ? 'latin1' : 'utf8';
  }

  /** The length of a value of that type, after which this stands then; -1: there is something else, or less. */
  length(type: number): number {
    const { bytes } = this;
    if (bytes[this.at] !== type) return -1;
    let length = 0;
    // Its line ends with two characters.
    for (let at = this.at + 1; at < bytes.length - 1; at++) {
      const byte = bytes[at] as number;
      if (byte === CR) {
        this.at = at + 2;
        return length;
      }
      if (byte < ZERO || byte > NINE) return -1;
      length = length * 10 + byte - ZERO;
    }
    return -1;
  }

  /** Always a copy: a part of a longer text would keep all of that in memory. */
  text(): string | undefined {
    const length = this.length(TEXT);
    const end = this.at + length;
    if (length < 0 || end + 2 > this.bytes.length) return undefined;
    const first = this.bytes[this.at] as number;
    // Names of fields have one letter.
    const isLetter = length === 1 && first < 0x80;
    const text = isLetter
      ? String.fromCharCode(first)
      : this.bytes.toString(this.encoding, this.at, end);
    this.at = end + 2;
    return text;
  }
}
