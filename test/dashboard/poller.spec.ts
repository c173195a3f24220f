import type { Overview } from 'nestjs-redis-streams/operate';
import { History } from '../../libs/redis-stream-transport/src/dashboard/live/history.js';
import { Recent } from '../../libs/redis-stream-transport/src/dashboard/live/recent.js';
import { Rates } from '../../libs/redis-stream-transport/src/dashboard/live/points.js';
import {
  Poller,
  type News,
  type Seen,
} from '../../libs/redis-stream-transport/src/dashboard/live/poller.js';

const stream = (name: string, added: number, given: number, pending = 0) => ({
  ...{ stream: name, shard: 0, length: 1, added, quietFor: 0, scheduled: 0 },
  overdueFor: undefined,
  groups: [
    {
      group: 'g',
      instances: 1,
      unread: added - given,
      pending,
      retries: 0,
      running: 0,
      oldestFor: undefined,
      given,
    },
  ],
});
const overview = (...streams: ReturnType<typeof stream>[]): Overview => ({
  ...{ servers: [], services: [], callers: [], complete: true },
  backlog: { shards: 1, streams, deadLetters: {}, callers: 0 },
});
const seen = (...streams: ReturnType<typeof stream>[]): Seen => ({
  overview: overview(...streams),
  statistics: undefined,
});

describe('a poller', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('looks while somebody watches, once for all of them, and no longer', async () => {
    const look = vi.fn(async () => seen());
    const poller = new Poller(look, 2000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(look).toHaveBeenCalledTimes(0);
    const [one, other] = [vi.fn(), vi.fn()];
    const leaves = [poller.watch(one), poller.watch(other)];
    await vi.advanceTimersByTimeAsync(9000);
    expect(look.mock.calls.length).toBe(5);
    expect(one.mock.calls.length).toBe(5);
    expect(other.mock.calls.length).toBe(5);
    leaves[0]?.();
    await vi.advanceTimersByTimeAsync(2000);
    expect([look.mock.calls.length, one.mock.calls.length]).toEqual([6, 5]);
    leaves[1]?.();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(look.mock.calls.length).toBe(6);
    poller.watch(one);
    await vi.advanceTimersByTimeAsync(100);
    expect(look.mock.calls.length).toBe(7);
  });

  it('takes a tenth of the time at most, however long a look takes', async () => {
    const look = vi.fn(
      () => new Promise<Seen>((resolve) => setTimeout(() => resolve(seen()), 1000)),
    );
    new Poller(look, 2000).watch(() => undefined);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(look.mock.calls.length).toBe(6);
  });

  it('tells why it cannot look, and goes on', async () => {
    const look = vi.fn(async () => seen()).mockRejectedValueOnce(new Error('away'));
    const heard: string[] = [];
    new Poller(look, 2000).watch((news: News) => {
      heard.push(news.kind === 'trouble' ? news.told : news.kind);
    });
    await vi.advanceTimersByTimeAsync(2100);
    expect(heard).toEqual(['away', 'look']);
  });
});

describe('what handlers did', () => {
  const said = (at: number, answered: number, failed: number, consumer = 'a') => ({
    ...{ service: 'g', consumer, at, up: at, running: 0, waiting: 0, more: 0 },
    patterns: [
      {
        ...{ pattern: 'p', running: 0, waiting: 0, answered, handled: 0, failed },
        ...{ refused: 0, retried: 0, dead: 0, paused: 0, cancelled: 0 },
        durations: [[50, answered]] as [number, number][],
      },
    ],
  });
  const of = (...instances: ReturnType<typeof said>[]) => ({ instances, silent: [] as string[] });

  it('is of the last minute, and where nothing ended then, since instances were started', () => {
    const recent = new Recent();
    const first = recent.since(of(said(1000, 90, 10)), 0);
    expect(first.of('g', 'p')).toMatchObject({ ended: 100, errors: 10, isRecent: false });
    const second = recent.since(of(said(3000, 94, 10)), 2000);
    expect(second.of('g', 'p')).toMatchObject({ ended: 4, errors: 0, over: 2000, isRecent: true });
    expect(second.all).toMatchObject({ ended: 4, isRecent: true });
    expect(second.of('g', 'other')).toBeUndefined();
    recent.since(of(said(33_000, 100, 10)), 32_000);
    recent.since(of(said(64_000, 100, 10)), 63_000);
    const quiet = recent.since(of(said(95_000, 100, 10)), 94_000);
    expect(quiet.of('g', 'p')).toMatchObject({ ended: 110, errors: 10, isRecent: false });
  });

  it('goes on where an instance did not answer once', () => {
    const recent = new Recent();
    recent.since(of(said(1000, 10, 0)), 0);
    recent.since({ instances: [], silent: ['a'] }, 31_000);
    recent.since({ instances: [], silent: ['a'] }, 62_000);
    const again = recent.since(of(said(64_000, 13, 0)), 63_000);
    expect(again.of('g', 'p')).toMatchObject({ ended: 3, isRecent: true });
  });
});

describe('rates', () => {
  it('are what came and what was finished between two looks', () => {
    const rates = new Rates();
    const [first] = rates.rowsOf(overview(stream('a', 10, 10)), 1000).rows;
    expect(first).toMatchObject({ in: undefined, out: undefined });
    const [second] = rates.rowsOf(overview(stream('a', 30, 26, 6)), 3000).rows;
    expect(second).toMatchObject({ in: 10, out: 5, unread: 4, pending: 6 });
    // A stream that was deleted and made again begins anew.
    const [third] = rates.rowsOf(overview(stream('a', 1, 1)), 5000).rows;
    expect(third).toMatchObject({ in: 0, out: 0 });
  });

  it('are of a thousand patterns at most, of which those with the most waiting', () => {
    const many = Array.from({ length: 1200 }, (_, i) => stream(`p${i}`, i, 0));
    const { rows, leftOut } = new Rates().rowsOf(overview(...many), 0);
    expect([rows.length, leftOut, rows[0]?.stream]).toEqual([1000, 200, 'p1199']);
  });
});

it('history is bounded in time, in points, and in patterns', () => {
  const history = new History();
  const rates = new Rates();
  const many = overview(...Array.from({ length: 210 }, (_, i) => stream(`p${i}`, 1, 0)));
  for (let n = 0; n < 460; n++) history.add(n * 2000, rates.rowsOf(many, n * 2000).rows);
  const end = 459 * 2000;
  expect(history.total(end).length).toBe(450);
  const kept = many.backlog.streams.filter((one) => history.of(one.stream, 'g', end).length > 0);
  expect(kept.length).toBe(200);
  expect(history.total(end + 900_000 + 1)).toEqual([]);
});
