import { shardContext } from '../../../../../../test/support/shard-context.js';
import type { StreamEntries } from '../../../redis/entries.js';
import type { Link } from '../../../redis/link.js';
import type { WaitingRequest } from '../../../redis/operations/serving/read-waiting.js';
import { BesideReads } from './beside-reads.js';
import type { NestedReads } from './nested-reads.js';
import { StreamState } from './stream-state.js';

const room = (free: number) => ({ free, members: 2, mayPark: true });

/** Reads beside a plan that leaves out `count` streams. What it is asked for and what it finds: `asked`, `found`. */
function beside(count: number, nested?: Partial<NestedReads>) {
  const context = shardContext();
  const streams = Array.from({ length: count }, (_, i) => new StreamState(`s${i}`));
  const asked: WaitingRequest[] = [];
  const found: StreamEntries[] = [];
  const broker = {
    readWaiting: async (_: Link, request: WaitingRequest) => {
      asked.push(request);
      return found;
    },
  };
  const reads = new BesideReads(
    context,
    { broker, link: {} as Link, nested: nested as NestedReads },
    { closed: () => streams, lacking: () => streams },
    () => true,
  );
  return { reads, asked, found, clock: context.clock };
}

describe('P17: reads beside those of the plan', () => {
  it('are due every 50 ms while streams are left out and a slot is free, for what has waited for 100 ms', async () => {
    const { reads, asked, clock } = beside(1);
    expect([reads.dueIn(room(0)), reads.dueIn(room(1))]).toEqual([undefined, 0]);
    await reads.look();
    expect(asked).toMatchObject([{ streams: ['s0'], age: 100 }]);
    expect(reads.dueIn(room(1))).toBe(50);
    clock.pass(30);
    expect(reads.dueIn(room(1))).toBe(20);
    clock.pass(20);
    expect(reads.dueIn(room(1))).toBe(0);
  });

  it('follow each other while they find something', async () => {
    const { reads, found } = beside(1);
    found.push({ stream: 's0', entries: [{ id: '1-0', fields: [] }] });
    reads.dueIn(room(1));
    await reads.look();
    expect(reads.dueIn(room(1))).toBe(1);
  });

  it('begin with each stream in its turn, and name 50 at most', async () => {
    const { reads, asked, clock } = beside(60);
    for (let i = 0; i < 60; i++) {
      reads.dueIn(room(1));
      await reads.look();
      clock.pass(50);
    }
    expect(new Set(asked.map(({ streams }) => streams[0])).size).toBe(60);
    expect(asked.every(({ streams }) => new Set(streams).size === 50)).toBe(true);
  });

  it('take turns with looks for nested calls', async () => {
    let looks = 0;
    const nested = { hasRoom: true, dueIn: () => 0, look: async () => ((looks += 1), []) };
    const { reads, asked } = beside(1, nested);
    for (let i = 0; i < 4; i++) {
      expect(reads.dueIn(room(1))).toBe(0);
      await reads.look();
    }
    expect([asked.length, looks]).toEqual([1, 3]);
  });
});
