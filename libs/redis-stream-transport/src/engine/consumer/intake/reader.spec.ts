import { shardContext } from '../../../../../../test/support/shard-context.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import type { Keys } from '../../../protocol/keys.js';
import type { Link } from '../../../redis/link.js';
import type { WaitingRequest } from '../../../redis/operations/serving/read-waiting.js';
import type { ReadRequest } from '../../../redis/operations/serving/read.js';
import { Reader } from './reader.js';
import { PatternState, type PatternSpec } from './pattern-state.js';
import { StreamState } from './stream-state.js';

const link = { isUp: true } as Link;
const keys = { stream: (name: string) => name } as Keys;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A lone instance with `free` slots that reads `count` streams. Each read brings one entry. */
async function reads(free: number, count: number, rounds: number) {
  const seen: { names: readonly string[]; count: number; block: number }[] = [];
  let stop: Promise<void> | undefined;
  const broker = {
    read: async (_: Link, { streams: names, count: most, block }: ReadRequest) => {
      seen.push({ names, count: most, block });
      if (seen.length === rounds) stop = reader.stop();
      await turn();
      return {
        read: [{ stream: names[0]!, entries: [{ id: '1-0', fields: [] }] }],
        seen: undefined,
      };
    },
  } as unknown as GroupBroker;
  const context = shardContext({ options: { concurrency: free } });
  const streams = Array.from({ length: count }, (_, i) => {
    const stream = new StreamState(`s${i}`);
    stream.patterns.set(stream.name, new PatternState({ concurrency: undefined } as PatternSpec));
    return stream;
  });
  const reader = new Reader(
    context,
    { broker, link, keys, streams },
    { free, mayPark: true, ahead: 0 },
    {
      mayRead: () => true,
      entries: () => {},
      heal: () => Promise.resolve(),
      unblock: () => {},
    },
  );
  reader.start();
  await vi.waitFor(() => expect(stop).toBeDefined());
  await stop;
  return seen;
}

describe('L12: a read', () => {
  it('names no more streams than entries can start, each in its turn, and does not block then', async () => {
    const seen = await reads(3, 8, 4);
    expect(seen.map(({ names }) => names.length)).toEqual([3, 3, 3, 3]);
    expect(new Set(seen.flatMap(({ names }) => names)).size).toBe(8);
    expect(seen[0]!.count).toBe(1);
    expect(seen.every(({ block }) => block === 0)).toBe(true);
  });

  it('of all streams asks each for its part of what can start, and blocks', async () => {
    const [first] = await reads(12, 4, 1);
    expect(first).toMatchObject({ count: 3, names: ['s0', 's1', 's2', 's3'] });
    expect(first!.block).toBeGreaterThan(0);
  });
});

describe('L24: a stream that is told while a read is on its way', () => {
  it('is read again', async () => {
    const asked: (readonly string[])[] = [];
    let stop: Promise<void> | undefined;
    const broker = {
      read: async (_: Link, { streams: names }: ReadRequest) => {
        asked.push(names);
        // The second read is the first that was told what to name.
        if (asked.length === 2) reader.due.changed(['s1']);
        if (asked.length === 3) stop = reader.stop();
        await turn();
        if (asked.length === 1) reader.due.changed(['s0', 's1']);
        return { read: [], seen: undefined };
      },
    } as unknown as GroupBroker;
    const streams = [new StreamState('s0'), new StreamState('s1')];
    for (const one of streams)
      one.patterns.set(one.name, new PatternState({ concurrency: undefined } as PatternSpec));
    const context = shardContext({ options: { concurrency: 10 } });
    const room = { free: 10, mayPark: true, ahead: 0 };
    const reader = new Reader(context, { broker, link, keys, streams }, room, {
      mayRead: () => true,
      entries: () => {},
      heal: () => Promise.resolve(),
      unblock: () => {},
    });
    reader.start();
    await vi.waitFor(() => expect(stop).toBeDefined());
    await stop;
    expect(asked).toEqual([['s0', 's1'], ['s0', 's1'], ['s1']]);
  });
});

describe('P17: a stream that is left out because too few slots are free for a pack', () => {
  it.each([undefined, 100])(
    'is read one entry at a time once that has waited, and other reads end in time: bound %s',
    async (bound) => {
      const made = (name: string) => {
        const stream = new StreamState(name);
        stream.patterns.set(name, new PatternState({ concurrency: bound } as PatternSpec));
        return stream;
      };
      const [packs, other] = [made('packs'), made('other')];
      packs.brought(16);
      packs.callsPerEntry = 16;
      const planned: { names: readonly string[]; block: number }[] = [];
      const waiting: (readonly string[])[] = [];
      const handed: string[] = [];
      let stop: Promise<void> | undefined;
      const broker = {
        read: async (_: Link, { streams: names, block }: ReadRequest) => {
          planned.push({ names, block });
          context.clock.pass(block);
          await turn();
          return { read: [], seen: undefined };
        },
        readWaiting: async (_: Link, { streams: names }: WaitingRequest) => {
          waiting.push(names);
          if (waiting.length === 3) stop = reader.stop();
          await turn();
          return [{ stream: 'packs', entries: [{ id: '1-0', fields: [] }] }];
        },
      } as unknown as GroupBroker;
      const context = shardContext({ options: { concurrency: 100 } });
      context.members = 2;
      const room = { free: 1, mayPark: true, ahead: 0 };
      const parts = { broker, link, keys, streams: [packs, other] };
      const reader = new Reader(context, parts, room, {
        mayRead: () => true,
        entries: ({ name }) => handed.push(name),
        heal: () => Promise.resolve(),
        unblock: () => {},
      });
      reader.start();
      await vi.waitFor(() => {
        context.clock.pass(10);
        expect(stop).toBeDefined();
      });
      await stop;
      expect(handed).toEqual(['packs', 'packs', 'packs']);
      if (bound === undefined) {
        expect(planned).toEqual([]);
        expect(waiting.flat()).toContain('other');
      } else {
        expect(new Set(waiting.flat())).toEqual(new Set(['packs']));
        expect(planned.length).toBeGreaterThan(0);
        for (const { names, block } of planned) {
          expect(names).toEqual(['other']);
          expect(block).toBeLessThanOrEqual(50);
        }
      }
    },
  );
});

describe('what a read brings', () => {
  /** One read with entries of these lengths; `during` is called with each portion that is handed on. */
  async function portions(
    lengths: readonly number[],
    during: (context: ReturnType<typeof shardContext>) => void,
    { calls = 1, concurrency = 10, answers = true } = {},
  ) {
    const entries = lengths.map((length, i) => ({
      id: `1-${i}`,
      fields: ['d', 'x'.repeat(length - 1)],
    }));
    const handed: string[][] = [];
    let answered = false;
    const broker = {
      read: () => {
        if (answered) return new Promise(() => {});
        answered = true;
        return Promise.resolve({ read: [{ stream: 's', entries }], seen: undefined });
      },
    } as unknown as GroupBroker;
    const context = shardContext({ options: { concurrency } });
    const stream = new StreamState('s');
    stream.patterns.set('s', new PatternState({ concurrency: undefined, answers } as PatternSpec));
    stream.callsPerEntry = calls;
    if (calls > 1) stream.brought(calls);
    const room = { free: concurrency, mayPark: true, ahead: 0 };
    const reader = new Reader(context, { broker, link, keys, streams: [stream] }, room, {
      mayRead: () => true,
      entries: (_, portion) => {
        handed.push(portion.map(({ id }) => id));
        during(context);
      },
      heal: () => Promise.resolve(),
      unblock: () => {},
    });
    reader.start();
    await turn();
    const atOnce = handed.length;
    await reader.settled();
    return { atOnce, handed };
  }

  it('is handed on at once, unless it is large', async () => {
    const { atOnce, handed } = await portions([100, 100, 100], () => {});
    expect(handed).toEqual([['1-0', '1-1', '1-2']]);
    expect(atOnce).toBe(1);
  });

  it('is handed on turn by turn when it is large, and the audit waits for all of it', async () => {
    const { handed } = await portions([40_000, 40_000, 40_000, 70_000, 10], () => {});
    expect(handed).toEqual([['1-0', '1-1'], ['1-2', '1-3'], ['1-4']]);
  });

  const packs = (count: number) => Array.from({ length: count }, () => 2000);

  it('is handed on in two turns when it is many calls and all that there was', async () => {
    const size = { calls: 16, concurrency: 200 };
    const { handed } = await portions(packs(8), () => {}, size);
    expect(handed.map((ids) => ids.length)).toEqual([4, 4]);
    // A few calls are not worth it.
    const few = await portions(packs(4), () => {}, size);
    expect(few.handed).toHaveLength(1);
    // Nobody waits for the ends of events.
    const events = await portions(packs(8), () => {}, { ...size, answers: false });
    expect(events.handed).toHaveLength(1);
    // 200 slots have room for 12 packs of 16: more may wait.
    const filled = await portions(packs(12), () => {}, size);
    expect(filled.handed).toHaveLength(1);
    // Entries of one call, such as events, are read many at a time.
    const lone = await portions(packs(120).fill(100), () => {}, { calls: 1, concurrency: 200 });
    expect(lone.handed).toHaveLength(1);
  });

  it('is left to the audit or to another instance when the connection or the name changed meanwhile', async () => {
    const { handed } = await portions([70_000, 70_000], ({ identity }) =>
      identity.nextGeneration(),
    );
    expect(handed).toEqual([['1-0']]);
  });
});
