import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import type { Connection } from '../connect.js';
import { inOneWrite } from './one-write.js';

function setup() {
  const writes: string[][] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, _, done) => {
      writes.push([chunk]);
      done();
    },
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => String(chunk)));
      done();
    },
  });
  return { stream, writes, connection: { stream } as unknown as Connection };
}

it('writes in one piece what is sent meanwhile', () => {
  const { stream, writes, connection } = setup();
  expect(
    inOneWrite(connection, () => {
      stream.write('a');
      stream.write('b');
      return 7;
    }),
  ).toBe(7);
  stream.write('c');
  expect(writes).toEqual([['a', 'b'], ['c']]);
});

it('writes also when sending fails, and needs no socket', () => {
  const { stream, writes, connection } = setup();
  const send = () => {
    stream.write('a');
    throw new Error('no');
  };
  expect(() => inOneWrite(connection, send)).toThrow('no');
  expect(writes).toEqual([['a']]);
  expect(inOneWrite(undefined, () => 7)).toBe(7);
  expect(inOneWrite({} as Connection, () => 7)).toBe(7);
});
