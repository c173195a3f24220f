import type { Keys } from '../../../protocol/keys.js';
import { Link, type LinkSettings } from '../../../redis/link.js';
import { pause } from '../../clock.js';
import { Auditor } from '../recovery/auditor.js';
import type { Dispatcher } from '../run/dispatcher.js';
import { Groups } from './ensure-groups.js';
import { NestedReads } from './nested-reads.js';
import { Reader } from './reader.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { StreamState } from './stream-state.js';
import type { DeliveryProcessor } from '../settle/delivery-processor.js';

/** Milliseconds until a read is ended again that Redis did not find blocked yet. */
const UNBLOCK_AGAIN = 20;
/** Streams that one script call looks at. */
const STREAMS_PER_CALL = 100;

export interface GroupReadingHooks {
  /** @param nested calls that were made inside handlers alone */
  mayRead(nested: boolean): boolean;
  changed(): void;
  /** Entries were read of a stream. */
  brought(stream: StreamState, count: number): void;
  /** End the blocking read of this connection; false when Redis did not find it blocked. */
  unblock(clientId: number): Promise<boolean>;
}

export interface GroupReadingParts {
  readonly context: ShardContext;
  readonly processor: DeliveryProcessor;
  readonly links: LinkSettings;
  readonly keys: Keys;
  readonly dispatcher: Dispatcher;
  readonly hooks: GroupReadingHooks;
}

/** One group on a connection of its own: what it reads, and the audit of what it should have read. */
export class GroupReading {
  readonly link: Link;
  readonly streams: readonly StreamState[];
  readonly reader: Reader;
  readonly auditor: Auditor;
  readonly groups: Groups;
  readonly processor: DeliveryProcessor;
  private readonly context: ShardContext;
  private readonly hooks: GroupReadingHooks;
  /** Redis' name for the reading connection; undefined where it may not be asked. */
  private clientId: number | undefined;
  isUp = false;

  constructor({ context, processor, links, keys, dispatcher, hooks }: GroupReadingParts) {
    const { broker, streams } = processor;
    this.context = context;
    this.processor = processor;
    this.hooks = hooks;
    this.streams = streams;
    this.link = new Link('reader', links, {
      up: () => this.up(),
      down: () => {
        this.isUp = false;
        this.clientId = undefined;
        hooks.changed();
      },
    });
    this.groups = new Groups(context, broker, streams, () => {
      // The read in flight does not name what can be read by now.
      this.unblock();
      this.reader.wake();
    });
    const { link } = this;
    const nested = new NestedReads(context, { link, keys }, streams, dispatcher);
    const room = {
      get free() {
        return processor.free;
      },
      get mayPark() {
        return dispatcher.mayPark;
      },
    };
    this.reader = new Reader(context, { broker, link, keys, streams, nested }, room, {
      mayRead: (nestedOnly) => hooks.mayRead(nestedOnly),
      entries: (stream, entries) => {
        processor.accept(stream, entries);
        hooks.brought(stream, entries.length);
      },
      heal: () => this.groups.ensure(false),
      unblock: () => this.unblock(),
    });
    // Twice what can run and wait: more is never held, so more would only be read to be skipped.
    const limit = 2 * context.options.concurrency + 1000;
    this.auditor = new Auditor(
      context,
      broker,
      { reader: this.reader, streams, limit },
      {
        found: (stream, entries) => processor.acceptHeld(stream, entries),
        heal: () => this.groups.ensure(false),
        unblock: () => this.unblock(),
      },
    );
  }

  private async up(): Promise<void> {
    this.clientId = await this.link
      .command('client', ['id'])
      .then(Number)
      .catch(() => undefined);
    this.isUp = true;
    this.context.identity.nextGeneration();
    void this.auditor.audit();
    this.hooks.changed();
  }

  /** Opens the connection. */
  start(): void {
    this.link.start();
    this.groups.start();
  }

  /** Closes the connection; resolves when the last read has returned. */
  async stop(): Promise<void> {
    this.groups.stop();
    await Promise.all([this.link.stop(), this.reader.stop()]);
  }

  /** Destroys the groups, which go with their consumer, and what is pending in them. */
  async dropGroups(): Promise<void> {
    const { consumer } = this.context.identity;
    const { broker } = this.processor;
    await Promise.all(this.streams.map(({ name }) => broker.dropGroup(name, consumer)));
  }

  /** Leaves the group: what is pending stays listed under this consumer, for whoever takes it over. */
  async unlist(): Promise<void> {
    const names = this.streams.map(({ name }) => name);
    for (let from = 0; from < names.length; from += STREAMS_PER_CALL) {
      const page = names.slice(from, from + STREAMS_PER_CALL);
      await this.processor.broker.unlist(page, this.context.identity.consumer);
    }
  }

  /** The read may reach Redis behind the wish to end it, so that is repeated until the read is over. */
  private async endRead(read: number): Promise<void> {
    while (this.clientId !== undefined && this.reader.isReading && this.reader.reads === read) {
      if (await this.hooks.unblock(this.clientId)) return;
      await pause(this.context.clock, UNBLOCK_AGAIN);
    }
  }

  /** Ends a blocking read whose COUNT no longer fits, or for which there is no time. */
  unblock(): void {
    void this.endRead(this.reader.reads).catch(() => undefined);
  }
}
