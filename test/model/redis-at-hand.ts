import { Command, Redis } from 'ioredis';
import {
  toFailure,
  type CommandFailure,
} from '../../libs/redis-stream-transport/src/redis/failure.js';
import { enqueueOneScript } from '../../libs/redis-stream-transport/src/redis/operations/calling/enqueue-one.js';
import { enqueueScript } from '../../libs/redis-stream-transport/src/redis/operations/calling/enqueue.js';
import type { Script } from '../../libs/redis-stream-transport/src/redis/operations/script.js';

const UTF8 = { replyEncoding: 'utf8' } as const;
const SYNC = 'model:sync';
/** Milliseconds before its time at which a key is ended, so that it never ends behind the world's back. */
const EARLY = 200;
/** Milliseconds between two looks at the clock that are too many for that. */
const STALL = EARLY / 2;

export type Executed = { readonly answer: unknown } | { readonly failure: CommandFailure };

/** Everything in Redis at one moment. */
export type Snapshot = readonly { key: string; dump: Buffer; life: number }[];

/**
 * A real Redis, all of it for one run at a time. Its clock is real and stands nearly still for the run;
 * time that passes in the world is taken off what keys have left to live.
 */
export class RedisAtHand {
  private synced = 0;
  private passedAt = 0;
  /** The machine stood still for so long that leases may have ended behind the world's back. */
  stalled = false;
  private readonly heard: (() => void)[] = [];
  private readonly channels = new Set<string>();
  /** Told of everything that is published on the channels. */
  published: (channel: string, text: string) => void = () => {};

  private constructor(
    readonly redis: Redis,
    private readonly subscriber: Redis,
  ) {
    subscriber.on('smessage', (channel: string, text: string) => {
      if (channel === SYNC) this.heard.shift()?.();
      else this.published(channel, text);
    });
  }

  static async open(url: string): Promise<RedisAtHand> {
    const [redis, subscriber] = [new Redis(url), new Redis(url)];
    await subscriber.ssubscribe(SYNC);
    return new RedisAtHand(redis, subscriber);
  }

  /** Hears what is published on these channels from now on. */
  async listen(channels: readonly string[]): Promise<void> {
    const more = channels.filter((channel) => !this.channels.has(channel));
    if (more.length === 0) return;
    await this.subscriber.ssubscribe(...more);
    for (const channel of more) this.channels.add(channel);
  }

  close(): void {
    this.redis.disconnect();
    this.subscriber.disconnect();
  }

  async reset(): Promise<void> {
    await this.fill(false);
    await this.redis.flushall();
    await this.forgetScripts();
    this.passedAt = Date.now();
    this.stalled = false;
  }

  /** Resolves when the command is done and everything it published was heard. */
  async execute(name: string, args: readonly string[], age: number): Promise<Executed> {
    const command = new Command(name, aged(name, args, age), UTF8);
    const answered = this.redis.sendCommand(command) as Promise<unknown>;
    const heard = new Promise<void>((resolve) => this.heard.push(resolve));
    const [answer] = await Promise.all([
      answered.then(
        (value): Executed => ({ answer: value }),
        (error: unknown): Executed => ({ failure: toFailure(error) }),
      ),
      this.redis.spublish(SYNC, String(++this.synced)),
      heard,
    ]);
    return answer;
  }

  /** Lets time pass; returns the keys that ended. */
  async pass(ms: number): Promise<string[]> {
    const real = Date.now() - this.passedAt;
    this.passedAt += real;
    this.stalled ||= real > STALL;
    // What really passed meanwhile was the time of the test, not that of the world.
    return (await this.redis.eval(PASS, 0, ms - real)) as string[];
  }

  /** Memory is full, or is not any more. */
  async fill(full: boolean): Promise<void> {
    await this.redis.config('SET', 'maxmemory', full ? '1' : '0');
  }

  async forgetScripts(): Promise<void> {
    await this.redis.script('FLUSH');
  }

  async snapshot(): Promise<Snapshot> {
    const keys = await this.redis.keys('*');
    return Promise.all(
      keys.map(async (key) => ({
        key,
        dump: await this.redis.dumpBuffer(key),
        life: Math.max(0, await this.redis.pttl(key)),
      })),
    );
  }

  /** What a replica that lagged behind knows; it is another server, with a run id of its own. */
  async failOver(to: Snapshot): Promise<void> {
    await this.redis.flushall();
    for (const { key, dump, life } of to) {
      await this.redis.restore(key, life, dump);
      if (key.endsWith(':incarnation')) await this.redis.hset(key, 'run', 'the server before');
    }
    await this.forgetScripts();
  }
}

/** The scripts that store batches. */
const ENQUEUING: readonly Script[] = [enqueueScript, enqueueOneScript];

/** A batch says when it was sent; one that was on its way for long has to look like it (rule L3). */
function aged(name: string, args: readonly string[], age: number): string[] {
  const changed = [...args];
  const script = name === 'evalsha' ? ENQUEUING.find(({ sha }) => sha === args[0]) : undefined;
  if (script !== undefined) {
    changed[2 + Number(args[1]) + script.args.indexOf('stamp')] = String(Date.now() - age);
  }
  return changed;
}

const PASS = `
local gone = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left > 0 and left <= ARGV[1] + ${EARLY} then
    redis.call('DEL', key)
    gone[#gone + 1] = key
  elseif left > 0 then
    redis.call('PEXPIRE', key, left - ARGV[1])
  end
  if redis.call('TYPE', key).ok == 'zset' then
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', key, 1, '+inf')) do
      redis.call('ZINCRBY', key, -ARGV[1], member)
    end
  end
end
return gone
`;
