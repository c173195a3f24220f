import {
  decodeEntry,
  isMalformed,
  type Entry,
  type Malformed,
} from '../../libs/redis-stream-transport/src/protocol/entry.js';
import { decodeFrame, REPLY } from '../../libs/redis-stream-transport/src/protocol/frame.js';
import { parseHeader, senderOf } from '../../libs/redis-stream-transport/src/protocol/header.js';
import { isPack, unpack } from '../../libs/redis-stream-transport/src/protocol/pack.js';
import { vectorsOf } from './vectors.js';

// Our own readers, by the vectors that clients in other languages use.

const ID = '1763640000000-0';
const MAX_PAYLOAD = 1_048_576;
const named = <V extends { readonly name: string }>(file: string): readonly V[] =>
  vectorsOf<V>(file);

interface Told {
  readonly call: string;
  readonly caller: string;
}

/** What is there, as JSON has it: nothing is left out. */
const plain = (value: object): unknown =>
  JSON.parse(JSON.stringify(value, (_, held: unknown) => held ?? null));

function without<T extends object>(value: T, name: keyof T): object {
  const { [name]: _left, ...rest } = value;
  return rest;
}

describe('header lines', () => {
  test.each(
    named<{ name: string; line: string; reads?: object; tells?: Told | null }>('headers.json'),
  )('$name', ({ line, reads, tells }) => {
    const header = parseHeader(line);
    // What a line says of a window is in credit.json.
    if (typeof header !== 'string') expect(header.window).toBeUndefined();
    if (reads !== undefined) {
      expect(
        typeof header === 'string'
          ? header
          : plain({
              ...without(header, 'window'),
              codecName: header.codecName,
              call: header.call,
              caller: header.caller,
            }),
      ).toEqual(reads);
    } else {
      expect(typeof header).toBe('string');
      const sender = senderOf(line);
      expect(sender && { call: sender.call, caller: sender.caller }).toEqual(tells ?? undefined);
    }
  });
});

/** What a vector says of an entry, or of a call of a pack. */
interface Found {
  readonly data?: string;
  readonly headers?: object;
  readonly key?: string;
  readonly pattern?: string;
  readonly group?: string;
  readonly malformed?: boolean;
  readonly tells?: Told | null;
}

function foundIn(entry: Entry | Malformed): Found {
  const { call, caller } = entry.header ?? {};
  if (isMalformed(entry)) {
    const tells = call === undefined || caller === undefined ? null : { call, caller };
    return { malformed: true, tells };
  }
  const { data, headers, key, pattern, group } = entry;
  return JSON.parse(JSON.stringify({ data, headers, key, pattern, group })) as Found;
}

describe('entries', () => {
  test.each(named<{ name: string; fields: string[] } & Found>('entries.json'))(
    '$name',
    ({ name: _name, fields, ...found }) => {
      expect(unpack({ id: ID, fields }, MAX_PAYLOAD)).toBeUndefined();
      expect(foundIn(decodeEntry({ id: ID, fields }, MAX_PAYLOAD))).toEqual(found);
    },
  );
});

describe('packs', () => {
  test.each(
    named<{ name: string; fields: string[]; calls: ({ call: string } & Found)[] | null }>(
      'packs.json',
    ),
  )('$name', ({ fields, calls }) => {
    const pack = unpack({ id: ID, fields }, MAX_PAYLOAD);
    const members = isPack(pack) ? pack.members : null;
    const found = members?.map((member) => {
      const { tells: _tells, ...said } = foundIn(member);
      return { call: member.header?.call, ...said };
    });
    expect(found ?? null).toEqual(calls);
    if (calls === null) expect(pack).toMatchObject({ malformed: expect.any(String) as string });
  });
});

interface Read {
  readonly fault?: string;
  readonly outcome?: string;
}

describe('frames', () => {
  test.each(
    named<{ name: string; frame: string; replies: Read[] | null; unreadable: number }>(
      'frames.json',
    ),
  )('$name', ({ frame, replies, unreadable }) => {
    const read = decodeFrame(frame);
    if (replies === null || typeof read === 'string') {
      expect(typeof read === 'string').toBe(replies === null);
      return;
    }
    expect(read.unreadable).toBe(unreadable);
    const found = read.replies.map(
      ([call, kind, deliveries, nonce, index, payload, headers, empty], i) => {
        const head = { call, kind, deliveries, nonce, index };
        if (replies[i]?.fault !== undefined && kind === REPLY.fault) {
          const { code, outcome } = payload as { code: string; outcome: string };
          return { ...head, fault: code, outcome };
        }
        const isThere = payload !== undefined && empty !== 1;
        return { ...head, ...(isThere && { payload }), ...(headers && { headers }) };
      },
    );
    expect(found).toEqual(replies);
  });
});
