import { shardContext } from './shard-context.js';
import type {
  AnnouncedWildcard,
  KnownFrom,
  LeaseBroker,
  StreamClaim,
  WantedStream,
} from '../../libs/redis-stream-transport/src/redis/lease-broker.js';
import type { GroupReading } from '../../libs/redis-stream-transport/src/engine/consumer/intake/group-reading.js';
import type {
  PatternSpec,
  PatternState,
} from '../../libs/redis-stream-transport/src/engine/consumer/intake/pattern-state.js';
import { Patterns } from '../../libs/redis-stream-transport/src/engine/consumer/intake/patterns.js';
import type { StreamState } from '../../libs/redis-stream-transport/src/engine/consumer/intake/stream-state.js';
import { WildRoom } from '../../libs/redis-stream-transport/src/engine/consumer/wildcards/wild-patterns.js';
import { WildStreams } from '../../libs/redis-stream-transport/src/engine/consumer/wildcards/wild-streams.js';

const specOf = (pattern: string): PatternSpec => ({
  ...{ pattern, stream: pattern, answers: true, hears: false, broadcast: false },
  ...{ concurrency: undefined, retry: undefined, once: false, restartable: false, wild: true },
});

/** Another group answers the requests. */
export const LEFT = {
  ...({ kind: 'left', from: '1-0', to: 'other', upTo: undefined, isShared: false } as const),
} satisfies StreamClaim;

/** Redis, as far as wildcards are concerned. */
class Known {
  readonly names = new Set<string>();
  readonly retired = new Set<string>();
  /** Streams that were asked to go. */
  readonly asked: string[] = [];
  readonly remembered: string[] = [];
  readonly looked: number[] = [];
  readonly claimed: WantedStream[] = [];
  /** Whether the wildcards were announced as answered, each time. */
  readonly announced: boolean[][] = [];
  /** Looks that were begun, pages of a look, and what happens when one is asked for. */
  looks = 0;
  pages = 1;
  onPage: (page: number) => unknown = () => undefined;
  private page = 0;
  /** The page of the look in which a name was claimed. */
  readonly pagesAtClaim = new Map<string, number>();
  /** For how long a stream must not have been written, in milliseconds. */
  idle = 0;
  /** It knows the wildcards of the group: it has not lost its memory. */
  knowsGroup = true;
  holdsLease = true;
  claims: (name: string) => StreamClaim = () => ({ kind: 'ok', from: '1-0' });

  readonly leases = {
    announceWildcards: async (_: unknown, wildcards: readonly AnnouncedWildcard[]) => {
      this.announced.push(wildcards.map(({ answers }) => answers));
      if (!this.holdsLease) return { kind: 'missing' };
      const isNew = !this.knowsGroup;
      this.knowsGroup = true;
      return { kind: 'ok', now: 5, isNew };
    },
    withdrawWildcards: async () => undefined,
    knownStreams: async ({ after }: KnownFrom) => {
      const page = Number(after || '1');
      if (page === 1) this.looks++;
      this.onPage(page);
      this.page = page;
      const next = page < this.pages ? { time: 1, after: String(page + 1) } : undefined;
      return { now: 9000, names: page === 1 ? [...this.names] : [], next, last: 1 };
    },
    unknownStreams: async (_: string, names: string[]) =>
      this.knowsGroup ? names.filter((name) => !this.names.has(name)) : undefined,
    rememberStreams: async (names: string[]) => void this.remembered.push(...names),
    noteLooked: async (until: number) => void this.looked.push(until),
    claimStream: async (_: unknown, wanted: WantedStream) => {
      this.claimed.push(wanted);
      this.pagesAtClaim.set(wanted.name, this.page);
      const claim = this.claims(wanted.name);
      return claim.kind === 'left' && wanted.again === 'look'
        ? { ...claim, kind: 'yields' }
        : claim;
    },
    retireStream: async (_: unknown, name: string, idle: number) => {
      this.idle = idle;
      this.asked.push(name);
      return this.retired.has(name) ? 'retired' : 'kept';
    },
  } as unknown as LeaseBroker;
}

export type WildShard = ReturnType<typeof wildShard>;

/**
 * What an instance reads by wildcards in one shard, and a Redis that a test changes.
 * @param most streams that it may read
 * @param listens events are handled too
 */
export function wildShard(most = 10, listens = true) {
  const redis = new Known();
  const logged: string[] = [];
  const note = (kind: string) => void logged.push(kind);
  const context = shardContext({
    options: { shards: 1, groupTtl: 1000, leaseTtl: 1000, concurrency: 100 },
    logger: { log: note, error: note, warn: note },
  });
  const patterns = new Patterns([specOf('orders.named')], 1);
  const open = new Set<string>();
  const read = new Map<string, StreamState>();
  const answered: string[] = [];
  const refreshed: boolean[][] = [];
  /** How many streams were read when it was said that some have come. */
  const came: number[] = [];
  /** How much had been claimed when it was certain that no read brings any more. */
  const settled: number[] = [];
  const states: PatternState[] = [];
  const streams = new WildStreams({
    ...{ context, leases: redis.leases, shard: 0, patterns, states, room: new WildRoom(most) },
    wild: {
      wildcards: [{ text: 'orders.*', start: 'orders.', answers: true }],
      wants: (pattern) =>
        pattern.startsWith('orders.') ? { answers: true, listens, texts: ['orders.*'] } : undefined,
      open: (pattern) => {
        open.add(pattern);
        return specOf(pattern);
      },
      close: (pattern) => open.delete(pattern),
    },
    reading: () =>
      ({
        add: async (stream: StreamState) => void read.set(stream.name, stream),
        answers: ({ name }: StreamState) => void answered.push(name),
        drop: ({ name }: StreamState) => void read.delete(name),
        reader: { settled: async () => void settled.push(redis.claimed.length) },
      }) as unknown as GroupReading,
    hooks: {
      reads: () => undefined,
      came: () => void came.push(read.size),
      refreshed: () => void refreshed.push([...read.values()].map(({ isOut }) => isOut)),
    },
  });
  /** Lets so many milliseconds pass, in steps, and what is due run. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      context.clock.pass(10);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  /** Looks until there is nothing to look at. */
  const look = async () => {
    const looked = { isOver: false };
    void streams.look().then(() => (looked.isOver = true));
    for (let turns = 0; turns < 50 && !looked.isOver; turns++) await pass(10);
    if (!looked.isOver) throw new Error('it goes on looking');
  };
  const confirmed = async () => {
    await streams.confirmed(context.identity.owner);
    await look();
  };
  const later = async () => {
    context.clock.jump(60_000);
    await look();
  };
  const names = () => [...read.keys()];
  const all = {
    redis,
    logged,
    context,
    patterns,
    streams,
    open,
    read,
    answered,
    states,
    refreshed,
    settled,
    came,
  };
  return { ...all, pass, look, confirmed, later, names };
}
