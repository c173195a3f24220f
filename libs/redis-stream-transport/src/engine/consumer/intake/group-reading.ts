import type { Keys } from '../../../protocol/keys.js';
import { Link, type LinkSettings } from '../../../redis/link.js';
import { pause } from '../../clock.js';
import { Auditor } from '../recovery/auditor.js';
import type { Dispatcher } from '../run/dispatcher.js';
import { Groups } from './ensure-groups.js';
import { NestedReads } from './nested-reads.js';
import type { ReadPace } from './read-pace.js';
import { Reader, type ReadRoom } from './reader.js';
import type { ShardContext } from '../membership/shard-context.js';
import { newsOf, type StreamNews } from './stream-news.js';
import type { StreamState } from './stream-state.js';
import type { DeliveryProcessor } from '../settle/delivery-processor.js';

/** Milliseconds until the next attempt to end a read that was not blocked in Redis yet. */
const UNBLOCK_AGAIN = 20;
/** Streams of one script call. */
const STREAMS_PER_CALL = 100;

export interface GroupReadingHooks {
  /** @param nested whether the read is for calls made inside handlers only */
  mayRead(nested: boolean): boolean;
  /** The connection came up or went down. */
  changed(): void;
  /** A read brought `count` entries of a stream. */
  brought(stream: StreamState, count: number): void;
  /** Ends the blocking read of this connection; false when it was not blocked in Redis. */
  unblock(clientId: number): Promise<boolean>;
  /** Groups are about to be made anew. */
  healing(): Promise<void>;
}

export interface GroupReadingParts {
  readonly context: ShardContext;
  readonly processor: DeliveryProcessor;
  readonly links: LinkSettings;
  readonly keys: Keys;
  readonly dispatcher: Dispatcher;
  /** What the names of streams begin with that may come; undefined: none come. */
  readonly begins: readonly string[] | undefined;
  readonly hooks: GroupReadingHooks;
}

/** Reads one group on a connection of its own, if it has streams, and audits what was read. */
export class GroupReading {
  readonly link: Link;
  readonly streams: StreamState[];
  readonly reader: Reader;
  readonly auditor: Auditor;
  readonly groups: Groups;
  readonly processor: DeliveryProcessor;
  /** Tells which of many streams have something. */
  private news: StreamNews | undefined;
  private readonly context: ShardContext;
  private readonly hooks: GroupReadingHooks;
  private readonly parts: GroupReadingParts;
  /** Redis' id of the reading connection; undefined when Redis does not permit the question. */
  private clientId: number | undefined;
  private reads = false;

  constructor(parts: GroupReadingParts) {
    const { context, processor, links, keys, dispatcher, begins, hooks } = parts;
    const { broker, streams } = processor;
    this.parts = parts;
    this.context = context;
    this.processor = processor;
    this.hooks = hooks;
    this.streams = streams;
    this.link = new Link('reader', links, {
      up: () => this.up(),
      down: () => {
        this.reads = false;
        this.clientId = undefined;
        hooks.changed();
      },
    });
    this.groups = new Groups(context, broker, streams, {
      healing: () => hooks.healing(),
      // The read in flight does not name the streams that can be read again.
      healed: () => {
        this.unblock();
        this.reader.due.all();
        this.reader.wake();
      },
    });
    const { link } = this;
    const nested = new NestedReads(context, { link, keys }, streams, dispatcher);
    const room = roomOf(processor, dispatcher);
    const grows = begins !== undefined;
    this.reader = new Reader(context, { broker, link, keys, streams, grows, nested }, room, {
      mayRead: (nestedOnly) => hooks.mayRead(nestedOnly),
      entries: (stream, entries, seen) => {
        processor.accept(stream, entries, seen);
        hooks.brought(stream, entries.length);
      },
      heal: () => this.groups.ensure(false),
      unblock: () => this.unblock(),
    });
    this.news = this.newsNow();
    // Twice what can run and wait. This process never holds more, so a longer page would hold nothing of use.
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

  /** Whether it can read. Where there is nothing to read, no connection is needed. */
  get isUp(): boolean {
    return this.reads || this.isEmpty;
  }

  /** How it reads. */
  get pace(): ReadPace {
    return this.reader.pace;
  }

  /** No slot is free, so nothing is read. */
  get isFull(): boolean {
    return (this.processor.slots?.free ?? 0) <= 0;
  }

  /** In several shards most services have no pattern in some of them. */
  private get isEmpty(): boolean {
    return this.streams.length === 0 && this.parts.begins === undefined;
  }

  /** The present ioredis objects. */
  get connections(): unknown[] {
    if (this.isEmpty) return [];
    const { current } = this.link;
    return this.news === undefined ? [current] : [current, this.news.connection];
  }

  private async up(): Promise<void> {
    this.clientId = await this.link
      .command('client', ['id'])
      .then(Number)
      .catch(() => undefined);
    this.reads = true;
    this.reader.due.all();
    this.context.identity.nextGeneration();
    void this.auditor.audit();
    this.hooks.changed();
  }

  /** Makes the group of one more stream, and reads it from then on. Rejects with a `CommandFailure`. */
  async add(stream: StreamState): Promise<void> {
    await this.groups.add(stream);
    this.reader.add(stream);
    if (this.news === undefined) {
      this.news = this.newsNow();
      this.news?.start();
    }
    this.unblock();
    this.reader.wake();
  }

  /** Requests of a stream are answered from now on. */
  answers(stream: StreamState): void {
    this.reader.add(stream);
  }

  /** Reads a stream no more. */
  drop(stream: StreamState): void {
    const at = this.streams.indexOf(stream);
    if (at >= 0) this.streams.splice(at, 1);
    this.reader.drop(stream);
  }

  private newsNow(): StreamNews | undefined {
    const { context, links, keys, begins = [] } = this.parts;
    return newsOf({ context, links, keys, begins, streams: this.streams }, this.reader);
  }

  /** Opens the connection. */
  start(): void {
    if (this.isEmpty) return;
    this.link.start();
    this.news?.start();
    this.groups.start();
  }

  /** Closes the connection. Resolves when the last read has returned. */
  async stop(): Promise<void> {
    this.groups.stop();
    await Promise.all([this.link.stop(), this.news?.stop(), this.reader.stop()]);
  }

  /** Destroys this consumer's own groups with all that is pending in them. */
  async dropGroups(): Promise<void> {
    const { consumer } = this.context.identity;
    const { broker } = this.processor;
    await Promise.all(this.streams.map(({ name }) => broker.dropGroup(name, consumer)));
  }

  /** Leaves the group. What is pending stays listed under this consumer until another one takes it over. */
  async unlist(): Promise<void> {
    const names = this.streams.map(({ name }) => name);
    for (let from = 0; from < names.length; from += STREAMS_PER_CALL) {
      const page = names.slice(from, from + STREAMS_PER_CALL);
      await this.processor.broker.unlist(page, this.context.identity.consumer);
    }
  }

  /** Repeats until the read is over, because the read may reach Redis after the command that ends it. */
  private async endRead(read: number): Promise<void> {
    while (this.clientId !== undefined && this.reader.isReading && this.reader.reads === read) {
      if (await this.hooks.unblock(this.clientId)) return;
      await pause(this.context.clock, UNBLOCK_AGAIN);
    }
  }

  /** Ends a blocking read, because its COUNT or its streams no longer fit or the instance stops. Never throws. */
  unblock(): void {
    void this.endRead(this.reader.reads).catch(() => undefined);
  }
}

const roomOf = (processor: DeliveryProcessor, dispatcher: Dispatcher): ReadRoom => ({
  get free() {
    return processor.slots?.free ?? 0;
  },
  get mayPark() {
    return dispatcher.mayPark;
  },
  get ahead() {
    return processor.slots?.ahead ?? 0;
  },
});
