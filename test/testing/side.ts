import { onTestFinished } from 'vitest';
import { resolveClientOptions } from '../../libs/redis-stream-transport/src/options/index.js';
import { Keys } from '../../libs/redis-stream-transport/src/protocol/keys.js';
import { CallerBroker } from '../../libs/redis-stream-transport/src/redis/caller-broker.js';
import { CommandFailure } from '../../libs/redis-stream-transport/src/redis/failure.js';
import { GroupBroker } from '../../libs/redis-stream-transport/src/redis/group-broker.js';
import { LeaseBroker } from '../../libs/redis-stream-transport/src/redis/lease-broker.js';
import { Link } from '../../libs/redis-stream-transport/src/redis/link.js';
import { StartBroker } from '../../libs/redis-stream-transport/src/redis/start-broker.js';

export const GROUP = 'service';
export const CALLER = 'caller-of-both-sides';

/** All brokers of one Redis, or of what stands in for it, and names for what differs between two of them. */
export class Side {
  readonly keys: Keys;
  readonly group: GroupBroker;
  readonly leases: LeaseBroker;
  readonly starts: StartBroker;
  readonly caller: CallerBroker;
  incarnation = '';
  /** Names of entries, by id. */
  private readonly names = new Map<string, string>();

  private constructor(
    readonly link: Link,
    prefix: string,
  ) {
    this.keys = new Keys(prefix, 0, 1);
    this.group = new GroupBroker(link, this.keys, GROUP);
    this.leases = new LeaseBroker(link, this.keys, GROUP);
    this.starts = new StartBroker(link, this.keys, () => GROUP);
    this.caller = new CallerBroker(link, this.keys, CALLER, 1_000_000);
  }

  static async open(
    options: Parameters<typeof resolveClientOptions>[0],
    prefix: string,
  ): Promise<Side> {
    const { redis: target } = resolveClientOptions({ ...options, prefix });
    const observer = { ready: () => {}, closed: () => {}, failed: () => {} };
    let link: Link | undefined;
    await new Promise<void>((resolve) => {
      const hooks = { up: async () => resolve(), down: () => {} };
      link = new Link('commands', { target, maxPause: 100, observer }, hooks);
      link.start();
    });
    onTestFinished(() => link?.stop());
    const side = new Side(link as unknown as Link, prefix);
    side.incarnation = (await side.caller.hello()).id;
    return side;
  }

  /** What an operation answers, or how it failed, with names in the place of ids and times. */
  async asked(operation: (side: Side) => Promise<unknown>): Promise<string> {
    let answer: unknown;
    await anotherMillisecond();
    try {
      answer = await operation(this);
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      answer = `${error.kind} ${error.reply}`;
    }
    const text = JSON.stringify(answer, (_, value: unknown) =>
      value instanceof Map || value instanceof Set ? [...value] : (value ?? null),
    );
    return text
      .replaceAll(this.keys.tag, '{tag}')
      .replaceAll(this.incarnation, 'incarnation')
      .replaceAll(/\d{13}-\d+/g, (id) => this.names.get(id) ?? 'id')
      .replaceAll(/\d{13}/g, 'time');
  }

  /** Says what an entry is called. */
  name(id: string, name: string): void {
    this.names.set(id, name);
  }
}

/** Resolves in another millisecond: ids of different steps are different then, whatever their streams. */
async function anotherMillisecond(): Promise<void> {
  const now = Date.now();
  while (Date.now() === now) await new Promise((resolve) => setImmediate(resolve));
}
