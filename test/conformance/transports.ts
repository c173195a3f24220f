import { randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import type { DynamicModule, INestMicroservice, Type } from '@nestjs/common';
import {
  ClientProxyFactory,
  type ClientOptions,
  type ClientProxy,
  type MicroserviceOptions,
  type Server,
  Transport,
} from '@nestjs/microservices';
import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { createTestBroker } from 'nestjs-redis-streams/testing';
import { inject } from 'vitest';
import { freePort } from '../../tools/free-port.js';
import { Place as StreamsPlace } from '../support/place.js';
import type { TransportName } from './differences.js';

/** Where one application and its callers meet; two of them never hear of each other. */
export interface Place {
  server(instance: number): MicroserviceOptions;
  client(): ClientOptions;
}

export interface TransportUnderTest {
  readonly name: TransportName;
  /** What it runs over, where that is not what its name says. */
  readonly over?: string;
  /** The driver's event that says that a connection is ready, for `on()`. */
  readonly readyEvent: string;
  place(): Promise<Place>;
}

const redisOptions = (): { host: string; port: number } & Record<string, unknown> => {
  const url = new URL(inject('redisUrl'));
  return {
    host: url.hostname,
    port: Number(url.port || 6379),
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
  };
};

/** Pub/Sub channels know neither prefix nor database: its services are kept apart by closing them. */
const nestRedis: TransportUnderTest = {
  name: 'nest-redis',
  readyEvent: 'ready',
  place: async () => ({
    server: () => ({ transport: Transport.REDIS, options: redisOptions() }),
    client: () => ({ transport: Transport.REDIS, options: redisOptions() }),
  }),
};

const nestTcp: TransportUnderTest = {
  name: 'nest-tcp',
  readyEvent: 'connect',
  place: async () => {
    const ports = [await freePort(), await freePort()];
    const at = (instance: number) => ({ host: '127.0.0.1', port: ports[instance]! });
    return {
      server: (instance) => ({ transport: Transport.TCP, options: at(instance) }),
      client: () => ({ transport: Transport.TCP, options: at(0) }),
    };
  },
};

/** Every service has a prefix of its own, so that it finds no stream of another. */
const redisStreams: TransportUnderTest = {
  name: 'redis-streams',
  readyEvent: 'ready',
  place: async () => {
    const options = new StreamsPlace({ prefix: `conformance:${randomUUID()}` }).address;
    return {
      server: () => ({ strategy: new ServerRedisStreams({ ...options, group: 'service' }) }),
      client: () => ({ customClass: ClientRedisStreams, options }),
    };
  },
};

/** The same over the broker of the test kit: what is true over Redis is true there. */
const overTestBroker: TransportUnderTest = {
  name: 'redis-streams',
  over: 'the test broker',
  readyEvent: 'ready',
  place: async () => {
    const broker = createTestBroker({ time: 'real' });
    return {
      server: () => ({
        strategy: new ServerRedisStreams({ client: broker.redis(), group: 'service' }),
      }),
      client: () => ({ customClass: ClientRedisStreams, options: { client: broker.redis() } }),
    };
  },
};

export const transports: TransportUnderTest[] = [nestRedis, nestTcp, redisStreams, overTestBroker];

/**
 * A service and its clients over one of the transports that are compared: `TestService` is for ours alone. It serves
 * all tests of a theme; what it opened, `close` closes.
 */
export class ComparedService {
  private readonly apps: INestMicroservice[] = [];
  private readonly clients: ClientProxy[] = [];

  private constructor(private readonly place: Place) {}

  static async open(transport: TransportUnderTest): Promise<ComparedService> {
    return new ComparedService(await transport.place());
  }

  /** Builds an instance of the service; `prepare` runs before it listens. */
  async serve(
    module: Type | DynamicModule,
    prepare?: (app: INestMicroservice) => void,
  ): Promise<INestMicroservice> {
    const options = this.place.server(this.apps.length);
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(module, {
      ...options,
      logger: false,
    });
    this.apps.push(app);
    prepare?.(app);
    await app.listen();
    return app;
  }

  /** Takes one instance down before the service closes. */
  async stop(app: INestMicroservice): Promise<void> {
    this.apps.splice(this.apps.indexOf(app), 1);
    await app.close();
  }

  /** A caller that is not yet connected. */
  client(): ClientProxy {
    const client = ClientProxyFactory.create(this.place.client());
    this.clients.push(client);
    return client;
  }

  async connected(): Promise<ClientProxy> {
    const client = this.client();
    await client.connect();
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.clients) await client.close();
    for (const app of this.apps) await app.close();
  }
}

export const serverOf = (app: INestMicroservice): Server =>
  app.getTransportServer() as unknown as Server;
