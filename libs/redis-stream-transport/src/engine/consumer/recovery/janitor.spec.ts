import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { shardContext } from '../../../../../../test/support/shard-context.js';
import type { Cleaned, CleaningPlace } from '../../../redis/operations/cleaning/clean.js';
import type { StartBroker } from '../../../redis/start-broker.js';
import type { GroupReading } from '../intake/group-reading.js';
import { PatternState, type PatternSpec } from '../intake/pattern-state.js';
import { StreamState } from '../intake/stream-state.js';
import { Janitor } from './janitor.js';

const options = { groupTtl: 1000, retention: { count: undefined, age: undefined } };

type Terms = { readonly isOwn?: boolean };

/** What is found in a stream, by its name. */
type Find = (name: string, place: CleaningPlace | undefined) => Cleaned;

function setup(names: readonly string[], find: Find) {
  const clock = new FakeClock();
  const asked: string[] = [];
  /** Streams of patterns. */
  const own: string[] = [];
  /** Names of the scripts that are on their way. */
  const onTheirWay: Set<string> = new Set();
  /** Scripts that were on their way when the last answer of a stream came. */
  const beside = new Map<string, number>();
  const broker = {
    clean: async (name: string, _: unknown, { isOwn }: Terms, place?: CleaningPlace) => {
      asked.push(name);
      if (isOwn === true) own.push(name);
      onTheirWay.add(name);
      await new Promise((resolve) => setImmediate(resolve));
      beside.set(name, onTheirWay.size);
      onTheirWay.delete(name);
      return find(name, place);
    },
  };
  const streams = names.map((name) => new StreamState(name));
  const reading = { streams, auditor: {}, processor: { broker } } as unknown as GroupReading;
  const starts = { sweep: () => Promise.resolve() } as unknown as StartBroker;
  const janitor = new Janitor(shardContext({ clock, options }), [reading], starts);
  janitor.start();
  /** Plays a round, which is over when it has asked so many times. */
  const round = async (times: number) => {
    asked.length = 0;
    beside.clear();
    clock.pass(10_000);
    await vi.waitUntil(() => asked.length >= times && onTheirWay.size === 0);
  };
  return { round, asked, own, streams, beside, stop: () => janitor.stop() };
}

const NOTHING: Cleaned = { removed: 0, next: undefined, idle: [] };

it('looks at short streams together, and at one with more by itself until its end', async () => {
  const names = Array.from({ length: 40 }, (_, i) => `s${i}`);
  const more: Cleaned = { removed: 0, next: { after: '5-0', stayed: 0 }, idle: [] };
  const { round, asked, beside, stop } = setup(names, (name, place) =>
    name === 's7' && place === undefined ? more : NOTHING,
  );
  try {
    await round(41);
    expect(asked).toEqual([...names, 's7']);
    expect(beside.get('s0')).toBe(16);
    expect(beside.get('s7')).toBe(1);
  } finally {
    await stop();
  }
});

it('says which streams are those of patterns, and no lanes', async () => {
  const { round, own, streams, stop } = setup(['orders', 'lane'], () => NOTHING);
  try {
    const [orders, lane] = streams;
    orders?.patterns.set('orders', new PatternState({ pattern: 'orders' } as PatternSpec));
    lane?.patterns.set('places', new PatternState({ pattern: 'places' } as PatternSpec));
    await round(2);
    expect(own).toEqual(['orders']);
  } finally {
    await stop();
  }
});
