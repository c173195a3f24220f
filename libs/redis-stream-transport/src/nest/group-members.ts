import { clockOf } from '../engine/clock.js';
import { worstHealth, type ServerHealth } from '../engine/consumer/instance-health.js';
import type { CompanionFactory } from '../engine/consumer/membership/companion.js';
import type { LifecycleState } from '../engine/lifecycle.js';
import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import type { Reach } from '../engine/shards-in-reach.js';
import { RedisStreamsError } from '../errors.js';
import type { ResolvedServerOptions } from '../options/index.js';
import { tellLeftClasses } from './left-classes.js';
import { ConnectionLog, tellAll } from './connection-log.js';
import { GroupMember } from './group-member.js';
import type { ServedGroup } from './handler-registry.js';
import type { RunFrame } from './handler-runner.js';
import type { TransportEvents } from './redis-streams.events.js';
import { tellMissingRights } from './rights-line.js';
import { startLine } from './start-line.js';
import { startup, type Startup } from './startup.js';
import { ThreadRoom } from './thread-room.js';

export interface GroupMembersParts {
  readonly options: ResolvedServerOptions;
  /** That of the server comes first. */
  readonly groups: readonly ServedGroup[];
  /** Of the server's own group. */
  readonly companions: readonly CompanionFactory[];
  readonly logger: RateLimitedLogger;
  readonly events: TransportEvents;
  readonly frame: RunFrame;
  status(reach: Reach): void;
}

/** A server that listens: a member of its own group, and of those that handlers name. They share connections. */
export class GroupMembers {
  private readonly all: readonly GroupMember[];
  private readonly own: GroupMember;
  private readonly startup: Startup;
  private readonly room: ThreadRoom;

  constructor(private readonly parts: GroupMembersParts) {
    const { options, groups, companions, logger, events, frame } = parts;
    this.startup = startup(options.retryAttempts, () =>
      this.all.every(({ consumer }) => consumer.reach.isHopeless),
    );
    const clock = clockOf(options.redis);
    const log = new ConnectionLog(options.redis, logger, () => clock.now());
    const observer = tellAll(log, this.startup, events.observer);
    const shared = {};
    const room = (this.room = new ThreadRoom(options.threads, logger));
    this.all = groups.map(
      (served, place) =>
        new GroupMember({
          ...{ options, served, logger, events, frame, observer, shared, room },
          companions: place === 0 ? companions : [],
          reached: () => this.reached(),
        }),
    );
    this.own = this.all[0] as GroupMember;
  }

  get state(): LifecycleState {
    return this.own.consumer.state;
  }

  get health(): ServerHealth {
    return worstHealth(this.all.map(({ consumer }) => consumer.health()));
  }

  /** The current ioredis objects. */
  get connections(): unknown[] {
    return [...new Set(this.all.flatMap(({ consumer }) => consumer.connections()))];
  }

  /** Resolves when all serve. If one cannot, all are closed, and it rejects with a `RedisStreamsError`. */
  async start(): Promise<void> {
    const { logger } = this.parts;
    try {
      await this.startup.until(this.startAll());
    } catch (error) {
      const refused = RedisStreamsError.isRedisStreamsError(error) && error.code === 'REDIS';
      if (refused) await tellMissingRights('service', this.own.consumer.reached, logger);
      await this.close();
      throw error;
    }
    void tellMissingRights('service', this.own.consumer.reached, logger);
    for (const { options, consumer, specs } of this.all) {
      void startLine(options, consumer, specs).then((line) => logger.log('LISTENING', line));
      void tellLeftClasses(options.group, specs, consumer, logger);
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.all.map(({ consumer }) => consumer.close()));
    await this.room.close();
  }

  private async startAll(): Promise<void> {
    await Promise.all(this.all.map(({ consumer }) => consumer.start()));
  }

  private reached(): void {
    const [first, ...others] = this.all.map(({ reach }) => reach);
    this.parts.status(others.every((reach) => reach === first) && first ? first : 'some');
  }
}
