import { type INestMicroservice, Logger, type ModuleMetadata } from '@nestjs/common';
import { ClientProxyFactory } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  type RedisStreamsClientOptions,
  type RedisStreamsServerOptions,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { onTestFinished } from 'vitest';
import { Caller } from './caller.js';
import { closing } from './closing.js';
import { addHandlers, type Handlers } from './handlers.js';
import { type Address, Place, type PlaceOptions } from './place.js';
import { watched } from './watched.js';

/** A service of one instance or several, and its clients, in a place of their own. They close when the test ends. */
export class TestService extends Place {
  constructor(options: PlaceOptions = {}) {
    super(options);
    // Faults are what is tested here; what the library logs about them would bury the report.
    Logger.overrideLogger(false);
  }

  /** Options of an instance. */
  get serverOptions(): Address & { group: string } {
    return { ...this.address, group: 'service' };
  }

  /** For an application that a test makes itself, and that closes it. */
  strategy(options: RedisStreamsServerOptions = {}): ServerRedisStreams {
    return new ServerRedisStreams({ ...this.serverOptions, ...options });
  }

  /** An instance that does not listen yet. */
  server(handlers: Handlers, options: RedisStreamsServerOptions = {}): ServerRedisStreams {
    const server = this.strategy(options);
    addHandlers(server, handlers);
    onTestFinished(() => server.close());
    return server;
  }

  /** An instance whose handlers are functions. */
  async serve(
    handlers: Handlers,
    options: RedisStreamsServerOptions = {},
  ): Promise<ServerRedisStreams> {
    const server = this.server(handlers, options);
    await listening(server);
    return server;
  }

  /** An instance that is a Nest application. */
  async serveModule(
    module: ModuleMetadata,
    options: RedisStreamsServerOptions = {},
  ): Promise<INestMicroservice> {
    return this.listen(module, this.strategy(options));
  }

  /** Makes an application of a module and starts it; `prepare` runs before that. */
  protected async listen(
    module: ModuleMetadata,
    strategy: ServerRedisStreams,
    prepare: (app: INestMicroservice) => void = () => {},
  ): Promise<INestMicroservice> {
    const testing = await Test.createTestingModule(module).compile();
    const app = closing(testing.createNestMicroservice({ strategy, logger: false }));
    prepare(app);
    await app.listen();
    return app;
  }

  /** A client that does not connect yet, made as an application makes it. */
  client(options: RedisStreamsClientOptions = {}): Caller {
    const client = ClientProxyFactory.create({
      customClass: Caller,
      options: { ...this.address, ...options },
    });
    return closing(client as unknown as Caller);
  }

  async connected(options: RedisStreamsClientOptions = {}): Promise<Caller> {
    const client = this.client(options);
    await client.connect();
    return client;
  }
}

/** Resolves when a server listens. */
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
