import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import {
  ClientRedisStreams,
  type HandlerExtras,
  type RedisStreamsClientOptions,
  type RedisStreamsContext,
  RedisStreamsRecord,
  type RecordOptions,
  type RedisStreamsServerOptions,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { inject, onTestFinished } from 'vitest';
import { Keys } from '../../libs/redis-stream-transport/src/protocol/keys.js';
import { watched } from './watched.js';

export type Handler = (data: never, context: RedisStreamsContext) => unknown;

/** Handlers of an instance by pattern; where it matters, with extras. */
export interface Handlers {
  readonly messages?: Readonly<Record<string, Handler | readonly [Handler, HandlerExtras]>>;
  readonly events?: Readonly<Record<string, Handler | readonly [Handler, HandlerExtras]>>;
}

/** Faults are what is tested here; what the library logs about them would bury the report. */
export function quiet(): void {
  Logger.overrideLogger(false);
}

/** One prefix; the servers and clients under it close when the test ends. */
export class Arena {
  readonly prefix = `it-${randomUUID()}`;
  readonly keys = new Keys(this.prefix, 0, 1);
  private looker: Redis | undefined;

  constructor(readonly url: string = inject('redisUrl')) {
    quiet();
  }

  /** A plain connection to look and to meddle with. */
  get redis(): Redis {
    if (this.looker === undefined) {
      const redis = new Redis(this.url);
      redis.on('error', () => {});
      onTestFinished(() => redis.disconnect());
      this.looker = redis;
    }
    return this.looker;
  }

  /** An instance that does not listen yet. */
  server(handlers: Handlers, options: RedisStreamsServerOptions = {}): ServerRedisStreams {
    const server = new ServerRedisStreams({
      url: this.url,
      prefix: this.prefix,
      group: 'service',
      ...options,
    });
    for (const [kind, isEvent] of [['messages', false] as const, ['events', true] as const]) {
      for (const [pattern, given] of Object.entries(handlers[kind] ?? {})) {
        const [handler, extras] = typeof given === 'function' ? [given, {}] : given;
        server.addHandler(pattern, handler as never, isEvent, { ...extras });
      }
    }
    onTestFinished(() => server.close());
    return server;
  }

  async serve(
    handlers: Handlers,
    options: RedisStreamsServerOptions = {},
  ): Promise<ServerRedisStreams> {
    const server = this.server(handlers, options);
    await listening(server);
    return server;
  }

  client(options: RedisStreamsClientOptions = {}): Caller {
    const client = new Caller({ url: this.url, prefix: this.prefix, ...options });
    onTestFinished(() => client.close());
    return client;
  }

  async connected(options: RedisStreamsClientOptions = {}): Promise<Caller> {
    const client = this.client(options);
    await client.connect();
    return client;
  }

  length(stream: string): Promise<number> {
    return this.redis.xlen(this.keys.stream(stream));
  }

  /** The dead letters of a group, as objects. */
  async deadLetters(group = 'service'): Promise<Record<string, string>[]> {
    const letters = await this.redis.xrange(this.keys.dead(group), '-', '+');
    return letters.map(([, fields]) => {
      const letter: Record<string, string> = {};
      for (let i = 0; i < fields.length; i += 2) letter[fields[i]!] = fields[i + 1]!;
      return letter;
    });
  }

  /** Names of the consumers that a group lists. */
  async consumers(stream: string, group = 'service'): Promise<string[]> {
    const listed = await this.redis.xinfo('CONSUMERS', this.keys.stream(stream), group);
    return (listed as string[][]).map((fields) => fields[1]!);
  }

  async pending(stream: string, group = 'service'): Promise<number> {
    const [count] = await this.redis.xpending(this.keys.stream(stream), group);
    return count as number;
  }
}

/** A client with shorter words. */
export class Caller extends ClientRedisStreams {
  /** Names its keys in Redis. */
  get callerId(): string {
    return (this as unknown as { producer: { callerId: string } }).producer.callerId;
  }

  call<T = unknown>(pattern: string, data: unknown = {}, options?: RecordOptions): Promise<T> {
    return watched(firstValueFrom(this.send<T>(pattern, record(data, options))));
  }

  /** All values of a streamed reply. */
  values<T = unknown>(pattern: string, data: unknown = {}, options?: RecordOptions): Promise<T[]> {
    return watched(lastValueFrom(this.send<T>(pattern, record(data, options)).pipe(toArray())));
  }

  /** The error that a call ends with. */
  async failure(pattern: string, data: unknown = {}, options?: RecordOptions): Promise<unknown> {
    try {
      await this.call(pattern, data, options);
    } catch (error) {
      return error;
    }
    throw new Error(`the call of ${pattern} succeeded`);
  }

  tell(pattern: string, data: unknown = {}, options?: RecordOptions): Promise<unknown> {
    const stored = this.emit(pattern, record(data, options));
    return watched(lastValueFrom(stored, { defaultValue: undefined }));
  }
}

function record(data: unknown, options: RecordOptions | undefined): unknown {
  return options === undefined ? data : new RedisStreamsRecord(data, options);
}

export function listening(server: ServerRedisStreams): Promise<void> {
  return watched(
    new Promise((resolve, reject) => {
      void server.listen((error) => {
        if (error == null) resolve();
        else reject(error);
      });
    }),
  );
}

/** Waits, in bounds, until the assertion holds. */
export const eventually = <T>(assertion: () => T | Promise<T>, timeout = 10_000): Promise<T> =>
  vi.waitFor(assertion, { timeout, interval: 10 });

/** A promise with its handles, for handlers that wait until a test lets them go. */
export class Gate {
  open: () => void = () => {};
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

/** Counts things by name. */
export class Tally {
  readonly counts = new Map<unknown, number>();

  /** Returns the key, so that a handler may answer with it. */
  add<T>(key: T): T {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    return key;
  }

  get total(): number {
    let total = 0;
    for (const count of this.counts.values()) total += count;
    return total;
  }

  /** What was counted more than once. */
  get repeated(): unknown[] {
    return [...this.counts].filter(([, count]) => count > 1).map(([key]) => key);
  }
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
