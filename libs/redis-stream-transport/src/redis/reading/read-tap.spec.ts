import { EventEmitter } from 'node:events';
import { expect, it, describe } from 'vitest';
import { readInBytes } from './answer-bytes.js';
import type { Connection } from '../connect.js';
import { ReadTap } from './read-tap.js';

const text = (value: string): string => `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
const list = (...items: string[]): string => `*${items.length}\r\n${items.join('')}`;
const entry = (id: string, ...fields: string[]): string =>
  list(text(id), list(...fields.map((field) => text(field))));

const ENTRIES = list(entry('1-0', 'c', '1 json - - 0', 'd', '"ä"'), entry('1-1', 'd', ''));
const RESP2 = list(list(text('s'), ENTRIES), list(text('t'), list(entry('2-0'))));
const RESP3 = `%2\r\n${text('s')}${ENTRIES}${text('t')}${list(entry('2-0'))}`;
const READ = [
  {
    stream: 's',
    entries: [
      { id: '1-0', fields: ['c', '1 json - - 0', 'd', '"ä"'] },
      { id: '1-1', fields: ['d', ''] },
    ],
  },
  { stream: 't', entries: [{ id: '2-0', fields: [] }] },
];

describe('an answer in bytes', () => {
  it.each([RESP2, RESP3])('is read, and what comes after it is left', (answer) => {
    const bytes = Buffer.from(`${answer}+PONG\r\n`);
    expect(readInBytes(bytes)).toEqual({ read: READ, end: Buffer.byteLength(answer) });
  });

  it('is read only when it is whole', () => {
    for (const answer of [RESP2, RESP3]) {
      const bytes = Buffer.from(answer);
      for (let end = 0; end < bytes.length; end++)
        expect(readInBytes(bytes.subarray(0, end))).toBeUndefined();
    }
  });

  it.each([
    ['nothing came in time (RESP2)', '*-1\r\n'],
    ['nothing came in time (RESP3)', '_\r\n'],
    ['an error', '-NOGROUP no such group\r\n'],
    ['another list', list(text('a'), text('b'))],
    ['an entry that was deleted', list(list(text('s'), list(list(text('1-0'), '*-1\r\n'))))],
    ['a text that is missing', list(list(text('s'), list(list(text('1-0'), list('$-1\r\n')))))],
    ['an empty list', list()],
    ['a length that is none', '*1x\r\n'],
  ])('is left to ioredis: %s', (_, answer) => {
    expect(readInBytes(Buffer.from(answer))).toBeUndefined();
  });
});

describe('the tap', () => {
  function setup() {
    const stream = new EventEmitter();
    const heard: string[] = [];
    stream.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
    const tap = ReadTap.on({ stream } as unknown as Connection) as ReadTap;
    const say = (bytes: string) => stream.emit('data', Buffer.from(bytes));
    /** What ioredis would resolve its command with. */
    const answer = () => heard[0]?.slice(1, -2);
    return { stream, tap, say, heard, answer };
  }

  it('reads the answer that is expected, and tells ioredis a short one', () => {
    const { tap, say, heard, answer } = setup();
    tap.expect();
    say(`${RESP3}+PONG\r\n`);
    expect(heard).toEqual([expect.stringMatching(/^\+.{1,40}\r\n$/), '+PONG\r\n']);
    expect(tap.take(answer())).toEqual(READ);
  });

  it('leaves to ioredis what is not expected', () => {
    const { tap, say, heard } = setup();
    say(RESP3);
    tap.expect();
    say('+PONG\r\n');
    say(RESP3);
    expect(heard).toEqual([RESP3, '+PONG\r\n', RESP3]);
    expect(tap.take([])).toBeUndefined();
  });

  it('leaves to ioredis an answer in several pieces', () => {
    const { tap, say, heard } = setup();
    tap.expect();
    say(RESP3.slice(0, 20));
    say(RESP3.slice(20));
    expect(heard.join('')).toBe(RESP3);
  });

  it('is one for each socket, and none without a socket or a listener', () => {
    const { stream, tap } = setup();
    expect(ReadTap.on({ stream } as unknown as Connection)).toBe(tap);
    expect(ReadTap.on({ stream: new EventEmitter() } as unknown as Connection)).toBeUndefined();
    expect(ReadTap.on({} as Connection)).toBeUndefined();
    expect(ReadTap.on(undefined)).toBeUndefined();
  });
});
