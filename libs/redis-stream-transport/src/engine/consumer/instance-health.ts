import type { LifecycleState } from '../lifecycle.js';

/** How an instance is doing in one shard; times in milliseconds. */
export interface ShardHealth {
  /** It serves, and its connections are up. */
  readonly isUp: boolean;
  readonly isMember: boolean;
  /** For so long its lease certainly holds. */
  readonly leaseFor: number;
  /** Since its last read was over; 0 while no slot is free. */
  readonly readAgo: number;
  readonly behind: number;
  /** Streams that wildcards stand for and that are not read, because there are too many. */
  readonly leftOut: number;
}

/** How an instance of a service is doing, as far as it knows by itself: nobody is asked. */
export interface ServerHealth {
  /** `idle` before `listen` and after `close`, `draining` and `closed` during `close`. */
  readonly state: 'idle' | 'starting' | 'running' | 'draining' | 'closed';
  /** It is a member of its group, in all shards that are up. */
  readonly member: boolean;
  /** Milliseconds for which its lease certainly holds, in the shard where that is shortest; 0: it does not. */
  readonly leaseFor: number;
  /** Milliseconds since a read was over, in the shard where that is longest: up to 2,000 where nothing comes; 0: all slots are taken. */
  readonly readAgo: number;
  /** Milliseconds that the oldest entry that it has not read may have waited, at most. */
  readonly behind: number;
  /** Handlers that run. */
  readonly running: number;
  /** Streams that wildcards stand for and that it does not read, because there are more than `wildcardStreams`. */
  readonly leftOut: number;
  /** In how many shards it serves, and of how many. */
  readonly shards: { readonly up: number; readonly all: number };
}

export const NO_HEALTH: ServerHealth = Object.freeze({
  ...{ state: 'idle', member: false, leaseFor: 0, readAgo: 0, behind: 0, running: 0 },
  leftOut: 0,
  shards: Object.freeze({ up: 0, all: 0 }),
});

/** @param running handlers that run */
export function instanceHealth(
  state: LifecycleState,
  shards: readonly ShardHealth[],
  running: number,
): ServerHealth {
  const up = shards.filter(({ isUp }) => isUp);
  const most = (of: (shard: ShardHealth) => number): number =>
    Math.round(Math.max(0, ...up.map(of)));
  return {
    state,
    member: up.length > 0 && up.every(({ isMember }) => isMember),
    leaseFor: up.length === 0 ? 0 : Math.round(Math.min(...up.map(({ leaseFor }) => leaseFor))),
    readAgo: most(({ readAgo }) => readAgo),
    behind: most(({ behind }) => behind),
    running,
    leftOut: shards.reduce((sum, shard) => sum + shard.leftOut, 0),
    shards: { up: up.length, all: shards.length },
  };
}

/** Of a server with several groups: what is worst in any of them. @param all that of its own group first */
export function worstHealth(all: readonly ServerHealth[]): ServerHealth {
  const [first = NO_HEALTH, ...others] = all;
  return others.reduce(
    (worst, one) => ({
      state: worst.state,
      member: worst.member && one.member,
      leaseFor: Math.min(worst.leaseFor, one.leaseFor),
      readAgo: Math.max(worst.readAgo, one.readAgo),
      behind: Math.max(worst.behind, one.behind),
      running: worst.running + one.running,
      leftOut: worst.leftOut + one.leftOut,
      shards: worst.shards.up <= one.shards.up ? worst.shards : one.shards,
    }),
    first,
  );
}
