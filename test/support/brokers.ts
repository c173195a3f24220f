import { randomBytes, randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { resolveClientOptions } from '../../libs/redis-stream-transport/src/options/index.js';
import { requestHeader } from '../../libs/redis-stream-transport/src/protocol/header.js';
import {
  CallerBroker,
  type Batch,
  type BatchSection,
} from '../../libs/redis-stream-transport/src/redis/caller-broker.js';
import {
  GroupBroker,
  type Owner,
} from '../../libs/redis-stream-transport/src/redis/group-broker.js';
import { LeaseBroker } from '../../libs/redis-stream-transport/src/redis/lease-broker.js';
import { Link } from '../../libs/redis-stream-transport/src/redis/link.js';
import { slotOwner } from '../../libs/redis-stream-transport/src/redis/cluster/slot-owner.js';
import { StartBroker } from '../../libs/redis-stream-transport/src/redis/start-broker.js';
import { Place, type PlaceOptions } from './place.js';

const quietObserver = { ready: () => {}, closed: () => {}, failed: () => {} };

/** What the engine says to Redis, over one connection: brokers without an engine around them, in a place of their own. */
export class TestBrokers extends Place {
  private constructor(
    readonly link: Link,
    options: PlaceOptions,
  ) {
    super(options);
  }

  /** @param url of a server of the test's own; without it they are where all tests are */
  static open(url?: string): Promise<TestBrokers> {
    return TestBrokers.in(new Place(url === undefined ? {} : { url }));
  }

  /** In a Cluster the connection is one to the owner of the keys. */
  static async in(place: Place): Promise<TestBrokers> {
    const { redis: target } = resolveClientOptions(place.address);
    const server = slotOwner(target, place.keys.incarnation());
    let link: Link | undefined;
    await new Promise<void>((resolve) => {
      link = new Link(
        'commands',
        { target, server, maxPause: 100, observer: quietObserver },
        { up: async () => resolve(), down: () => {} },
      );
      link.start();
    });
    onTestFinished(() => link?.stop());
    return new TestBrokers(link as unknown as Link, place.options);
  }

  async caller(id: string = callerId(), maxBacklog = 1_000_000): Promise<BatchingCaller> {
    const broker = new CallerBroker(this.link, this.keys, id, maxBacklog);
    const { id: incarnation } = await broker.hello();
    return new BatchingCaller(broker, id, incarnation);
  }

  /** What is published on a channel from now on. */
  async heard(channel: string): Promise<string[]> {
    const told: string[] = [];
    const redis = this.redis.duplicate();
    onTestFinished(() => redis.disconnect());
    redis.on('smessage', (_: string, text: string) => void told.push(text));
    await redis.ssubscribe(channel);
    return told;
  }

  group(name = 'service'): GroupBroker {
    return new GroupBroker(this.link, this.keys, name);
  }

  starts(group = 'service'): StartBroker {
    return new StartBroker(this.link, this.keys, () => group);
  }

  leases(group = 'service'): LeaseBroker {
    return new LeaseBroker(this.link, this.keys, group);
  }

  /** A consumer with a lease. */
  async owner(consumer: string = randomUUID(), group = 'service', ttl = 60_000): Promise<Owner> {
    const owner = { consumer, token: randomUUID() };
    await this.leases(group).renew(owner, { ttl, take: true });
    return owner;
  }

  /** Adds an entry by hand, as another language would. */
  async add(stream: string, header = eventLine, data = '1', ...more: string[]): Promise<string> {
    const key = this.keys.stream(stream);
    return (await this.redis.xadd(key, '*', 'c', header, 'd', data, ...more)) as string;
  }

  /** Hands entries to a consumer; returns their ids. */
  async hand(stream: string, consumer: string, count = 10, group = 'service'): Promise<string[]> {
    const key = this.keys.stream(stream);
    const answer = await this.redis.xreadgroup(
      ...(['GROUP', group, consumer, 'COUNT', count, 'STREAMS', key, '>'] as const),
    );
    const [read] = (answer ?? []) as [string, [string, string[]][]][];
    return (read?.[1] ?? []).map(([id]) => id);
  }

  /** Ids pending in a group, with their owners and delivery counts. */
  async pendingEntries(stream: string, group = 'service'): Promise<[string, string, number][]> {
    const key = this.keys.stream(stream);
    const answer = await this.redis.xpending(key, group, '-', '+', 10_000);
    return (answer as [string, string, number, number][]).map(([id, who, , n]) => [id, who, n]);
  }

  async ids(stream: string): Promise<string[]> {
    return (await this.redis.xrange(this.keys.stream(stream), '-', '+')).map(([id]) => id);
  }

  /** Frames in the reply log of a caller. */
  async frames(caller: string): Promise<string[]> {
    return (await this.redis.xrange(this.keys.log(caller), '-', '+')).map(
      ([, fields]) => fields[1] as string,
    );
  }
}

/** A caller that numbers its batches itself. */
export class BatchingCaller {
  constructor(
    readonly broker: CallerBroker,
    readonly id: string,
    readonly incarnation: string,
  ) {}

  batch(number: number, sections: readonly BatchSection[], changes: Partial<Batch> = {}): Batch {
    return {
      epoch: 1,
      number,
      version: 0,
      incarnation: this.incarnation,
      // Ahead of any delay of the test itself; a batch is judged by its age alone.
      stamp: Date.now() + 60_000,
      trim: '',
      sections,
      ...changes,
    };
  }

  enqueue(number: number, sections: readonly BatchSection[], changes: Partial<Batch> = {}) {
    return this.broker.enqueue(this.batch(number, sections, changes));
  }
}

export const callerId = (): string => randomBytes(16).toString('base64url');

export const eventLine = '1 json - - 0';

/** Header of a request whose deadline lies beyond the end of any test. */
export const requestLine = (caller: string, call = '1', timeout = 600_000): string =>
  requestHeader({ codec: 'json', call, caller, timeout, idle: 0, once: false, depth: 0 });

/** A section of `count` plain entries. */
export function section(
  stream: string,
  count = 1,
  changes: Partial<BatchSection> = {},
): BatchSection {
  const entries = Array.from({ length: count }, (_, i) => [eventLine, String(i)]);
  return { stream, pattern: stream, mode: 0, hasExtraFields: false, entries, ...changes };
}
