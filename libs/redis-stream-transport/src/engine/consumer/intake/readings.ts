import { broadcastGroup } from '../../../protocol/broadcast-group.js';
import type { Keys } from '../../../protocol/keys.js';
import { GroupBroker } from '../../../redis/group-broker.js';
import type { LeaseBroker } from '../../../redis/lease-broker.js';
import type { Link, LinkSettings } from '../../../redis/link.js';
import { ReplicatedGroupBroker } from '../../../redis/replicas/replicated-group-broker.js';
import { ReplicatedStartBroker } from '../../../redis/replicas/replicated-start-broker.js';
import type { Replicas } from '../../../redis/replicas/replicas.js';
import { StartBroker } from '../../../redis/start-broker.js';
import { applyCancellation } from '../membership/cancellations.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { Delivery } from '../run/delivery.js';
import type { Dispatcher } from '../run/dispatcher.js';
import { DeliveryProcessor } from '../settle/delivery-processor.js';
import { GroupReading } from './group-reading.js';
import type { StreamState } from './stream-state.js';

export interface ReadingsHooks {
  /** Runs the handlers of a delivery that may start. */
  run(delivery: Delivery): void;
  /** @param nested whether the read is for calls made inside handlers only */
  mayRead(nested: boolean): boolean;
  /** A connection of a reader came up or went down. */
  changed(): void;
  /** A read brought `count` entries of a stream. */
  brought(stream: StreamState, count: number): void;
  /** The groups of the service are about to be made anew. */
  healing(): Promise<void>;
}

export interface ReadingsParts {
  readonly context: ShardContext;
  readonly keys: Keys;
  readonly commands: Link;
  /** Where something counts as settled only when replicas have it. */
  readonly replicas: Replicas | undefined;
  /** Settings of the connections that read. */
  readonly links: LinkSettings;
  readonly leases: LeaseBroker;
  readonly dispatcher: Dispatcher;
  /** Streams of the service (`own`), and broadcasts, which each instance reads for itself (`shared`). */
  readonly streams: {
    readonly own: StreamState[];
    readonly shared: StreamState[];
  };
  /** What the names of further streams of the service begin with; undefined: none come. */
  readonly begins: readonly string[] | undefined;
  readonly hooks: ReadingsHooks;
}

/** All that an instance reads in one shard: entries of its service's group, and broadcasts in its own group. */
export class Readings {
  /** The one of the service comes first. */
  readonly all: readonly GroupReading[];
  readonly main: GroupReading;

  constructor(private readonly parts: ReadingsParts) {
    const { context, streams } = parts;
    const main = (this.main = this.reading(streams.own, context.options.group, parts.begins));
    const own = streams.shared.length > 0 ? this.reading(streams.shared, this.ownGroup) : undefined;
    this.all = own === undefined ? [main] : [main, own];
    context.identity.whenReplaced(() => {
      this.abandon('fenced');
      if (own !== undefined) own.processor.broker.group = this.ownGroup;
    });
  }

  get isUp(): boolean {
    return this.all.every(({ isUp }) => isUp);
  }

  /** Why one of them has no connection, if that is known. */
  get obstacle(): Error | undefined {
    return this.all.find(({ link }) => link.obstacle !== undefined)?.link.obstacle;
  }

  get streams(): StreamState[] {
    return this.all.flatMap(({ streams }) => streams);
  }

  /** Entries that have ended here and wait for Redis to take note. */
  get owed(): number {
    return this.all.reduce((sum, { processor }) => sum + processor.owed, 0);
  }

  /** Opens the connections. */
  connect(): void {
    for (const reading of this.all) reading.start();
  }

  /** Begins to read. */
  start(): void {
    for (const { reader } of this.all) reader.start();
  }

  /** Issues no further read. Resolves when the last one has returned. */
  async quiet(): Promise<void> {
    const stopped = this.all.map(({ reader }) => reader.stop());
    this.unblock();
    await Promise.all(stopped);
  }

  /** Resolves when all deliveries that have ended are settled. */
  async settled(): Promise<void> {
    await Promise.all(this.all.map(({ processor }) => processor.settled()));
  }

  /** Closes the connections. */
  async stop(): Promise<void> {
    await Promise.all(this.all.map((reading) => reading.stop()));
  }

  /** Leaves entries that wait for another attempt to other instances. */
  clearRetries(): void {
    for (const { processor } of this.all) processor.retries.clear();
  }

  /** Gives up all that is held: the identity was replaced, or the server closes. Other instances take it over. */
  abandon(reason: 'fenced' | 'closing'): void {
    for (const { processor } of this.all) processor.abandon(reason);
  }

  /** The lease was renewed: settles what was in doubt, and audits the next part of what is pending. */
  confirmed(): void {
    for (const { processor, auditor } of this.all) {
      processor.confirmed();
      void auditor.auditNext();
    }
  }

  audit(): void {
    for (const { auditor } of this.all) void auditor.audit();
  }

  /** All readers check again what can be read. */
  wake(): void {
    for (const { reader } of this.all) reader.wake();
  }

  /** What is paused has changed: the reads in flight may name other streams than they should. */
  refreshed(): void {
    for (const { reader } of this.all) reader.due.all();
    this.unblock();
  }

  /** Ends the blocking reads. */
  unblock(): void {
    for (const reading of this.all) reading.unblock();
  }

  /** @param notice a cancellation, `["stream","entry"]` */
  cancel(notice: string): void {
    const { dispatcher } = this.parts;
    for (const { streams } of this.all) applyCancellation(notice, streams, dispatcher);
  }

  /** Ensures that all groups exist. @param strict also reject when Redis refuses */
  async ensureGroups(strict: boolean): Promise<void> {
    await Promise.all(this.all.map(({ groups }) => groups.ensure(strict)));
  }

  /** Leaves the group of the service, and destroys the instance's own group. */
  async leave(): Promise<void> {
    const [main, own] = this.all;
    await Promise.all([main?.unlist(), own?.dropGroups()]);
  }

  private get ownGroup(): string {
    const { options, identity } = this.parts.context;
    return broadcastGroup(options.group, identity.consumer);
  }

  private brokers(group: string): { broker: GroupBroker; starts: StartBroker } {
    const { commands: link, keys, replicas, context } = this.parts;
    const service = context.options.group;
    if (replicas === undefined) {
      const broker = new GroupBroker(link, keys, group, service);
      return { broker, starts: new StartBroker(link, keys, () => broker.group) };
    }
    const broker = new ReplicatedGroupBroker({ link, keys, group, service }, replicas);
    const starts = new ReplicatedStartBroker({ link, keys }, () => broker.group, replicas);
    return { broker, starts };
  }

  private reading(streams: StreamState[], group: string, begins?: readonly string[]): GroupReading {
    const { context, keys, links, leases, dispatcher, hooks } = this.parts;
    const { broker, starts } = this.brokers(group);
    const processor = new DeliveryProcessor({
      ...{ context, broker, starts, streams, dispatcher },
      hooks: {
        run: (delivery) => hooks.run(delivery),
        handed: (consumer) => void leases.nudgeConsumer(consumer).catch(() => undefined),
      },
    });
    return new GroupReading({
      ...{ context, processor, links, keys, dispatcher, begins },
      hooks: {
        healing: () => (begins === undefined ? Promise.resolve() : hooks.healing()),
        mayRead: (nested) => hooks.mayRead(nested),
        changed: () => hooks.changed(),
        brought: (stream, count) => hooks.brought(stream, count),
        unblock: (clientId) => leases.unblock(clientId),
      },
    });
  }
}
