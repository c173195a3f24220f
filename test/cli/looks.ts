import { TimeLimit, type GroupBacklog, type Overview } from 'nestjs-redis-streams/operate';
import { statisticsIn } from '../../libs/redis-stream-transport/src/operate/instance-statistics.js';
import type { TopLook } from '../../libs/redis-stream-transport/src/cli/top/watch.js';

const CONSUMER = 'web-1-4711-aaaaaaaaaaaa';

const group = (facts: Partial<GroupBacklog>): GroupBacklog => ({
  ...{ group: 'orders', instances: 1, unread: 0, pending: 0, retries: 0, running: 0 },
  ...{ oldestFor: undefined, given: 0, ...facts },
});

/** Streams by name: what ever came, and what one group of each has. */
export type Streams = Readonly<
  Record<string, { readonly added: number; readonly groups: readonly Partial<GroupBacklog>[] }>
>;

/** `[pattern, running, waiting, answered, handled, failed, refused, retried, dead, durations]`, as instances say it. */
export type Counts = readonly [string, ...unknown[]];

/** A look that never was: what Redis and one instance would have said. @param at seconds */
export function look(at: number, streams: Streams, patterns: readonly Counts[] = []): TopLook {
  const said = { at: 1_000_000 + at * 1000, up: 900_000, running: 3, waiting: 1, patterns };
  const one = statisticsIn(JSON.stringify(said), { service: 'orders', consumer: CONSUMER });
  const facts = { library: '0.1.0', node: '20.20.2', host: 'web-1', protocol: 1 };
  const overview = {
    servers: [
      {
        ...{ version: 'Redis 7.2.5', port: 6379, usedMemory: 2_097_152, maxMemory: 0 },
        ...{ clients: 10, maxClients: 10_000 },
      },
    ],
    services: [
      {
        ...{ service: 'orders', answers: [], hears: [], paused: [], seenAt: undefined },
        instances: [
          { name: 'web-1-4711', consumers: [CONSUMER], leaseFor: 9000, listens: true, facts },
        ],
      },
    ],
    backlog: {
      ...{ shards: 1, deadLetters: { orders: 2 }, callers: 1 },
      streams: Object.entries(streams).map(([stream, { added, groups }]) => ({
        ...{ stream, shard: 0, length: added, added, quietFor: 0, scheduled: 0 },
        ...{ overdueFor: undefined, groups: groups.map(group) },
      })),
    },
    callers: [{ application: 'shop', process: 'web-2-1', addresses: [], connections: 2 }],
    complete: true,
  } as unknown as Overview;
  const statistics = { instances: one === undefined ? [] : [one], silent: [] };
  const wallTime = Date.parse('2026-01-31T12:00:00Z') + at * 1000;
  return { overview, statistics, limit: new TimeLimit(), at: at * 1000, wallTime };
}
