import { broadcastGroup } from '../../../protocol/broadcast-group.js';
import type { Keys } from '../../../protocol/keys.js';
import { GroupBroker } from '../../../redis/group-broker.js';
import type { LeaseBroker } from '../../../redis/lease-broker.js';
import type { Link, LinkSettings } from '../../../redis/link.js';
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
  /** @param nested calls that were made inside handlers alone */
  mayRead(nested: boolean): boolean;
  /** A connection of a reader came up or went down. */
  changed(): void;
  /** Entries were read of a stream. */
  brought(stream: StreamState, count: number): void;
}

export interface ReadingsParts {
  readonly context: ShardContext;
  readonly keys: Keys;
  readonly commands: Link;
  /** Settings of the readers' connections. */
  readonly links: LinkSettings;
  readonly leases: LeaseBroker;
  readonly dispatcher: Dispatcher;
  /** Streams of the service, and those that each instance reads for itself. */
  readonly streams: {
    readonly own: readonly StreamState[];
    readonly shared: readonly StreamState[];
  };
  readonly hooks: ReadingsHooks;
}

/** What an instance reads in one shard: as a member of its service's group, and broadcasts in a group of its own. */
export class Readings {
  /** The service's own first. */
  readonly all: readonly GroupReading[];
  readonly main: GroupReading;

  constructor(private readonly parts: ReadingsParts) {
    const { context, streams } = parts;
    const main = (this.main = this.reading(streams.own, context.options.group));
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

  get streams(): StreamState[] {
    return this.all.flatMap(({ streams }) => streams);
  }

  /** Entries that wait for Redis, although nothing of them runs. */
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

  /** Issues no further read; resolves when the last one has returned. */
  async quiet(): Promise<void> {
    const stopped = this.all.map(({ reader }) => reader.stop());
    this.unblock();
    await Promise.all(stopped);
  }

  /** Resolves when everything that was finished is settled. */
  async settled(): Promise<void> {
    await Promise.all(this.all.map(({ processor }) => processor.settled()));
  }

  /** Closes the connections. */
  async stop(): Promise<void> {
    await Promise.all(this.all.map((reading) => reading.stop()));
  }

  /** What waits for another attempt is left to others. */
  clearRetries(): void {
    for (const { processor } of this.all) processor.retries.clear();
  }

  /** All that is held is somebody else's: the identity is gone, or the server closes. */
  abandon(reason: 'fenced' | 'closing'): void {
    for (const { processor } of this.all) processor.abandon(reason);
  }

  /** The lease holds: what is doubtful can be settled, and the next part of what is pending is audited. */
  confirmed(): void {
    for (const { processor, auditor } of this.all) {
      processor.confirmed();
      void auditor.auditNext();
    }
  }

  audit(): void {
    for (const { auditor } of this.all) void auditor.audit();
  }

  /** Something changed: readers look again whether to read. */
  wake(): void {
    for (const { reader } of this.all) reader.wake();
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

  /** Groups exist, or are made. @param strict rejects when Redis refuses that for good */
  async ensureGroups(strict: boolean): Promise<void> {
    await Promise.all(this.all.map(({ groups }) => groups.ensure(strict)));
  }

  /** Leaves the group of the service, and destroys the one that goes with this instance. */
  async leave(): Promise<void> {
    const [main, own] = this.all;
    await Promise.all([main?.unlist(), own?.dropGroups()]);
  }

  private get ownGroup(): string {
    const { options, identity } = this.parts.context;
    return broadcastGroup(options.group, identity.consumer);
  }

  private reading(streams: readonly StreamState[], group: string): GroupReading {
    const { context, keys, commands, links, leases, dispatcher, hooks } = this.parts;
    const broker = new GroupBroker(commands, keys, group, context.options.group);
    const processor = new DeliveryProcessor({
      ...{ context, broker, streams, dispatcher },
      starts: new StartBroker(commands, keys, () => broker.group),
      hooks: {
        run: (delivery) => hooks.run(delivery),
        handed: (consumer) => void leases.nudgeConsumer(consumer).catch(() => undefined),
      },
    });
    return new GroupReading({
      ...{ context, processor, links, keys, dispatcher },
      hooks: {
        mayRead: (nested) => hooks.mayRead(nested),
        changed: () => hooks.changed(),
        brought: (stream, count) => hooks.brought(stream, count),
        unblock: (clientId) => leases.unblock(clientId),
      },
    });
  }
}
