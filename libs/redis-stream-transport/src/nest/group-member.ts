import { clockOf } from '../engine/clock.js';
import { Consumer } from '../engine/consumer/consumer.js';
import { ConsumerDiagnostics } from '../engine/consumer/consumer-diagnostics.js';
import type { CompanionFactory } from '../engine/consumer/membership/companion.js';
import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import type { Reach } from '../engine/shards-in-reach.js';
import type { ResolvedServerOptions } from '../options/index.js';
import { Keys, shardOf } from '../protocol/keys.js';
import type { LinkObserver } from '../redis/link.js';
import type { ServedGroup } from './handler-registry.js';
import { HandlerRunner, type RunFrame } from './handler-runner.js';
import type { ContextSource } from './redis-streams.context.js';
import type { TransportEvents } from './redis-streams.events.js';
import type { ThreadRoom } from './thread-room.js';

export interface GroupMemberParts {
  /** Of the server. */
  readonly options: ResolvedServerOptions;
  readonly served: ServedGroup;
  readonly companions: readonly CompanionFactory[];
  readonly logger: RateLimitedLogger;
  readonly events: TransportEvents;
  readonly frame: RunFrame;
  readonly observer: LinkObserver;
  readonly shared: object;
  readonly room: ThreadRoom;
  reached(): void;
}

/** A server in one group: a consumer, and the handlers that it runs. */
export class GroupMember {
  readonly consumer: Consumer;
  /** How much of Redis it can use. */
  reach: Reach = 'none';
  /** With its group. */
  readonly options: ResolvedServerOptions;
  readonly specs: ServedGroup['specs'];

  constructor({ served, companions, logger, events, frame, ...parts }: GroupMemberParts) {
    const { group, specs, handlers, threads, wild } = served;
    const { room } = parts;
    this.specs = specs;
    const options = (this.options = Object.freeze({ ...parts.options, group }));
    const teller = Object.freeze({ ...events.source, group });
    const source: ContextSource = {
      redisNow: () => this.consumer.redisNow(),
      keysOf: (stream) => {
        const { prefix, shards } = options;
        return new Keys(prefix, shardOf(stream, shards), shards);
      },
      threads: (pattern) => {
        const most = threads.get(pattern);
        return most === undefined ? undefined : { room, most };
      },
    };
    const runner = new HandlerRunner({ options, handlers, source, logger, teller, frame });
    const clock = clockOf(options.redis);
    this.consumer = new Consumer({
      ...{ options, specs, wild, companions, logger, clock, shared: parts.shared },
      diagnostics: new ConsumerDiagnostics(events.diagnostics, teller, clock),
      hooks: {
        ...parts.observer,
        run: (delivery) => runner.run(delivery),
        status: (reach) => {
          this.reach = reach;
          // Connections that it closes itself are not lost.
          if (this.consumer.state !== 'closed') parts.reached();
        },
      },
    });
  }
}
