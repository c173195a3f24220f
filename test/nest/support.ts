import { randomUUID } from 'node:crypto';
import type { INestMicroservice, ModuleMetadata } from '@nestjs/common';
import { ClientProxyFactory, type ClientProxy } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import {
  ClientRedisStreams,
  type RedisStreamsClientOptions,
  type RedisStreamsServerOptions,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { inject, onTestFinished } from 'vitest';

export const redisUrl: string = inject('redisUrl');

/** Where nothing answers: the port of "discard", on which no machine of ours listens. */
export const deadUrl = 'redis://127.0.0.1:9';

export const uniquePrefix = (): string => `nest-${randomUUID()}`;

/** Waits, in bounds, until the assertion holds; its own failure is what a test reports. */
export const eventually = (assertion: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(assertion, { timeout: 4_000, interval: 5 });

/** Closes when the test ends, last opened first. */
export function closing<T extends { close(): unknown }>(opened: T): T {
  onTestFinished(async () => {
    await opened.close();
  });
  return opened;
}

/** A connection of the test's own, to look into Redis with. */
export const redis = (): Redis => {
  const connection = new Redis(redisUrl);
  closing({ close: () => connection.quit() });
  return connection;
};

/** One prefix, the servers that listen under it and the clients that call them. */
export class Room {
  private redis: Redis | undefined;

  constructor(readonly prefix: string = uniquePrefix()) {}

  strategy(options: RedisStreamsServerOptions = {}): ServerRedisStreams {
    return new ServerRedisStreams({ ...this.server, ...options });
  }

  client(options: RedisStreamsClientOptions = {}): ClientRedisStreams {
    const client: ClientProxy = ClientProxyFactory.create({
      customClass: ClientRedisStreams,
      options: { ...this.address, ...options },
    });
    return closing(client as ClientRedisStreams);
  }

  async serve(
    module: ModuleMetadata,
    options?: RedisStreamsServerOptions,
  ): Promise<INestMicroservice> {
    const testing = await Test.createTestingModule(module).compile();
    const strategy = this.strategy(options);
    const app = closing(testing.createNestMicroservice({ strategy, logger: false }));
    await app.listen();
    return app;
  }

  /** Key of the stream of a pattern. */
  stream(pattern: string): string {
    return `{${this.prefix}}:s:${pattern}`;
  }

  /** The dead letters of a group, oldest first. */
  async deadLetters(group = 'service'): Promise<Record<string, string>[]> {
    const letters = await this.connection().xrange(`{${this.prefix}}:dead:${group}`, '-', '+');
    return letters.map(([, fields]) =>
      Object.fromEntries(fields.flatMap((name, i) => (i % 2 ? [] : [[name, fields[i + 1]!]]))),
    );
  }

  /** How many entries of a pattern are handed out and not acknowledged. */
  async pending(pattern: string, group = 'service'): Promise<unknown> {
    return (await this.connection().xpending(this.stream(pattern), group))[0];
  }

  length(pattern: string): Promise<number> {
    return this.connection().xlen(this.stream(pattern));
  }

  /** The fields of the entries of a pattern. */
  async entries(pattern: string): Promise<string[][]> {
    const entries = await this.connection().xrange(this.stream(pattern), '-', '+');
    return entries.map(([, fields]) => fields);
  }

  /** The header lines of the entries of a pattern. */
  async headerLines(pattern: string): Promise<string[]> {
    const entries = await this.connection().xrange(this.stream(pattern), '-', '+');
    return entries.map(([, fields]) => fields[fields.indexOf('c') + 1] as string);
  }

  private connection(): Redis {
    return (this.redis ??= redis());
  }

  get address(): { url: string; prefix: string } {
    return { url: redisUrl, prefix: this.prefix };
  }

  get server(): { url: string; prefix: string; group: string } {
    return { ...this.address, group: 'service' };
  }
}
