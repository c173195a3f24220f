import { ReadPace } from './read-pace.js';
import { StreamState } from './stream-state.js';

const START = 1_700_000_000_000;

/** The pace of reads of two streams. */
function pace() {
  const at = { now: START };
  const clock = { now: () => at.now } as never;
  const [one, other] = [new StreamState('one'), new StreamState('other')];
  const byKey = new Map([one, other].map((stream) => [stream.name, stream]));
  const reads = new ReadPace({ clock, redisClock: clock });
  const entry = (ago: number) => ({ id: `${at.now - ago}-0`, fields: [] });
  /** A read of some streams for two entries of each, and the ages of what it brought. */
  const read = (...asked: [StreamState, ...number[]][]): void => {
    const streams = asked.map(([stream]) => stream);
    const brought = asked.map(([{ name }, ...ages]) => ({
      stream: name,
      entries: ages.map(entry),
    }));
    reads.ended(brought, { streams, count: 2, blocks: false }, byKey);
  };
  return { at, reads, read, one, other };
}

it('remembers how late a stream with a backlog is until a read has named it again', () => {
  const { at, reads, read, one, other } = pace();
  read([one, 60_000, 59_000], [other]);
  expect(reads.behind(false)).toBe(60_000);
  at.now += 500;
  // It has not seen the first one.
  read([other]);
  expect(reads.behind(false)).toBe(60_500);
  read([other, 5, 4]);
  expect(reads.behind(false)).toBe(60_500);
  read([one, 3], [other]);
  expect(reads.behind(false)).toBe(3);
  read([one], [other]);
  expect(reads.behind(false)).toBe(0);
});

it('says nothing of a stream that had less than was asked for', () => {
  const { at, reads, read, one, other } = pace();
  read([one, 60_000]);
  read([other]);
  at.now += 10;
  expect(reads.behind(false)).toBe(0);
  expect(reads.behind(true)).toBe(10);
});
