import type { ResolvedServerOptions } from '../../options/index.js';
import { Keys } from '../../protocol/keys.js';
import type { Connection } from '../../redis/connect.js';
import { LeaseBroker } from '../../redis/lease-broker.js';
import type { LinkSettings } from '../../redis/link.js';
import { StartBroker } from '../../redis/start-broker.js';
import type { Clock } from '../clock.js';
import type { RateLimitedLogger } from '../rate-limited-logger.js';
import type { ConsumerDiagnostics } from './consumer-diagnostics.js';
import { announcementsOf, heardBy, type PatternState } from './intake/pattern-state.js';
import type { Patterns, PatternsHere } from './intake/patterns.js';
import { Readings } from './intake/readings.js';
import { ScheduledEntries } from './intake/scheduled-entries.js';
import { cancelledEntries } from './membership/cancellations.js';
import type { CompanionFactory } from './membership/companion.js';
import { InstanceFacts } from './membership/instance-facts.js';
import { InstanceStatistics } from './membership/instance-statistics.js';
import { LeaseKeeper } from './membership/lease-keeper.js';
import { Membership } from './membership/membership.js';
import { PauseWatch } from './membership/pause-watch.js';
import { ShardContext } from './membership/shard-context.js';
import { ConnectionWatch } from './recovery/connection-watch.js';
import { Janitor } from './recovery/janitor.js';
import { Reclaimer } from './recovery/reclaimer.js';
import type { Delivery } from './run/delivery.js';
import type { Dispatcher } from './run/dispatcher.js';
import type { Pauses } from './run/pauses.js';
import { ShardConnections } from './shard-connections.js';
import type { WildPatterns, WildRoom } from './wildcards/wild-patterns.js';
import { WildStreams } from './wildcards/wild-streams.js';

/** What an instance in one shard is made from. */
export interface ShardSettings {
  readonly options: ResolvedServerOptions;
  readonly links: LinkSettings;
  readonly shard: number;
  readonly patterns: Patterns;
  readonly companions: readonly CompanionFactory[];
  readonly dispatcher: Dispatcher;
  readonly pauses: Pauses;
  readonly clock: Clock;
  readonly logger: RateLimitedLogger;
  readonly diagnostics: ConsumerDiagnostics;
  /** What is done with patterns that no handler names, and how many there may be; undefined: nothing. */
  readonly wild: { readonly patterns: WildPatterns; readonly room: WildRoom } | undefined;
  /** A stream is read from now on, or no more. */
  readonly reads: (name: string, does: boolean) => void;
  /** Runs the handlers of a delivery that may start. */
  run(delivery: Delivery): void;
}

/** What the parts of a shard report. */
export interface ShardLife {
  /** A connection came up or went down. */
  changed(): void;
  /** Commands or messages work again. */
  restored(by?: Connection): Promise<void>;
  /** The lease was confirmed. */
  renewed(): void;
  message(channel: string, text: string): void;
  readonly isStopping: boolean;
}

/** The parts of an instance in one shard, wired to each other. */
export interface ShardParts {
  readonly context: ShardContext;
  readonly keys: Keys;
  readonly connections: ShardConnections;
  readonly leases: LeaseBroker;
  readonly readings: Readings;
  readonly keeper: LeaseKeeper;
  readonly membership: Membership;
  readonly statistics: InstanceStatistics;
  readonly reclaimer: Reclaimer;
  readonly watch: ConnectionWatch;
  readonly janitor: Janitor;
  readonly scheduled: ScheduledEntries;
  readonly wildStreams: WildStreams | undefined;
}

export function assembleShard(settings: ShardSettings, life: ShardLife): ShardParts {
  const { options, shard, patterns, dispatcher, wild } = settings;
  const keys = new Keys(options.prefix, shard, options.shards);
  const { clock, logger, diagnostics } = settings;
  const context = new ShardContext(options, clock, logger, diagnostics);
  const own = patterns.here(shard, false);
  const shared = patterns.here(shard, true);
  const connections: ShardConnections = new ShardConnections(context, keys, settings.links, {
    wildcards: wild !== undefined,
    hello: () => readings.main.processor.broker.hello(),
    restored: (by) => life.restored(by),
    changed: () => life.changed(),
    message: (channel, text) => life.message(channel, text),
  });
  const { commands, replicas } = connections;
  const leases = new LeaseBroker(commands, keys, options.group);
  const mayTake = () =>
    context.identity.mayStart && !life.isStopping && !settings.pauses.holdsInstance;
  const readings: Readings = new Readings({
    ...{ context, keys, commands, replicas, leases, dispatcher, links: connections.following },
    streams: { own: own.streams, shared: shared.streams },
    begins: wild?.patterns.wildcards.map(({ start }) => start),
    hooks: {
      healing: async () => wildStreams?.check(),
      run: (delivery) => settings.run(delivery),
      mayRead: (nested) => mayTake() && (nested || !reclaimer.hasUnclaimed),
      changed: () => life.changed(),
      brought: (stream, count) => janitor.brought(stream, count),
    },
  });
  const parts = { context, keys, connections, leases, readings };
  const wildStreams = wildStreamsOf(settings, parts, own.states, () => scheduled.lookAtAll());
  const keeper: LeaseKeeper = keeperOf(settings, life, { ...parts, wildStreams }, { own, shared });
  const membership = new Membership(context, keeper, leases, {
    ensureGroups: (strict) => readings.ensureGroups(strict),
    registered: () => life.changed(),
    leaving: () => readings.leave(),
  });
  const reclaimer: Reclaimer = reclaimerOf(settings, parts);
  const watch = watchOf(parts, reclaimer);
  const starts = new StartBroker(commands, keys, () => options.group);
  const janitor = new Janitor(context, readings.all, starts);
  const scheduled = new ScheduledEntries(context, starts, () => readings.streams);
  const statistics = new InstanceStatistics(context, leases, patterns, dispatcher);
  return {
    ...parts,
    keeper,
    membership,
    statistics,
    reclaimer,
    watch,
    janitor,
    scheduled,
    wildStreams,
  };
}

/** Notices instances that have lost all connections. */
function watchOf(
  { context, leases }: Pick<ShardParts, 'context' | 'leases'>,
  reclaimer: Reclaimer,
): ConnectionWatch {
  return new ConnectionWatch(context, leases, {
    revoked: () => {
      void reclaimer.scan();
      leases.nudge('left').catch(() => undefined);
    },
  });
}

/** Takes over what others left. */
function reclaimerOf(
  { options, pauses, dispatcher }: ShardSettings,
  { context, leases, readings }: Pick<ShardParts, 'context' | 'leases' | 'readings'>,
): Reclaimer {
  const { processor } = readings.main;
  const brokers = { broker: processor.broker, leases };
  return new Reclaimer(context, brokers, () => readings.streams, {
    claimed: (stream, entries, notices) =>
      processor.acceptHeld(stream, entries, cancelledEntries(notices, stream.name)),
    revoked: (dead, stream) => processor.startGuard.endInterrupted(dead, stream, options.replyTtl),
    mayClaim: () => !pauses.holdsInstance,
    free: () => processor.slots?.free ?? 0,
    room: dispatcher,
  });
}

/** Has the streams read that wildcards stand for; undefined: there are no wildcards. */
function wildStreamsOf(
  { wild, shard, patterns, reads }: ShardSettings,
  { context, leases, readings }: Pick<ShardParts, 'context' | 'leases' | 'readings'>,
  states: PatternState[],
  came: () => void,
): WildStreams | undefined {
  if (wild === undefined) return undefined;
  return new WildStreams({
    ...{ context, leases, shard, patterns, states, wild: wild.patterns, room: wild.room },
    reading: () => readings.main,
    hooks: { reads, came, refreshed: () => readings.refreshed() },
  });
}

/** Keeps the lease, and what travels with it. */
function keeperOf(
  { options, pauses, shard, companions: made }: ShardSettings,
  life: ShardLife,
  parts: Pick<
    ShardParts,
    'context' | 'keys' | 'connections' | 'leases' | 'readings' | 'wildStreams'
  >,
  { own, shared }: { readonly own: PatternsHere; readonly shared: PatternsHere },
): LeaseKeeper {
  const { context, keys, connections, leases, readings, wildStreams } = parts;
  const { commands } = connections;
  const announcements = () => announcementsOf(own.states, options.concurrency);
  const heard = () => heardBy([...own.states, ...shared.states], options.concurrency);
  const companions = made.map((make) => make(commands, keys, options));
  const standing = [new InstanceFacts(context, leases), ...(wildStreams ? [wildStreams] : [])];
  const news = { announcements, heard, companions: [...standing, ...companions] };
  const pauseWatch = new PauseWatch(context, leases, pauses, shard);
  return new LeaseKeeper(context, leases, news, {
    renewed: () => life.renewed(),
    missing: () => wildStreams?.doubt(),
    cancellations: (texts) => texts.forEach((text) => readings.cancel(text)),
    membersChanged: () => readings.unblock(),
    paused: (revision) => pauseWatch.apply(revision),
  });
}
