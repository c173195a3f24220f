import { randomUUID } from 'node:crypto';
import type { ModuleMetadata } from '@nestjs/common';
import { ClientProxyFactory, type ClientProxy, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { inject, onTestFinished } from 'vitest';
import { freePort } from '../../tools/free-port.js';

export type TransportName = 'redis-streams' | 'tcp';

/** A service and what calls it. */
export interface Pair {
  readonly proxy: ClientProxy;
  readonly prefix: string;
}

/** Serves a module and gives a proxy that reaches it; both end with the test. */
export async function serve(
  module: ModuleMetadata,
  transport: TransportName = 'redis-streams',
): Promise<Pair> {
  const prefix = `contracts-${randomUUID()}`;
  const url = inject('redisUrl');
  const tcp = { host: '127.0.0.1', port: await freePort() };
  const testing = await Test.createTestingModule(module).compile();
  const app = testing.createNestMicroservice(
    transport === 'tcp'
      ? { transport: Transport.TCP, options: tcp, logger: false }
      : {
          logger: false,
          strategy: new ServerRedisStreams({ url, prefix, group: 'service', drainTimeout: 100 }),
        },
  );
  const proxy: ClientProxy =
    transport === 'tcp'
      ? ClientProxyFactory.create({ transport: Transport.TCP, options: tcp })
      : ClientProxyFactory.create({ customClass: ClientRedisStreams, options: { url, prefix } });
  onTestFinished(async () => {
    await proxy.close();
    await app.close();
  });
  await app.listen();
  // A deadline of some milliseconds is meant for the call, not for connecting.
  await proxy.connect();
  return { proxy, prefix };
}

/** What a promise is rejected with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

export const eventually = (assertion: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(assertion, { timeout: 5_000, interval: 5 });
