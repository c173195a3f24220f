import type { ModuleMetadata } from '@nestjs/common';
import { ClientProxyFactory, type ClientProxy, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { freePort } from '../../tools/free-port.js';
import { closing } from '../support/closing.js';
import { TestService } from '../support/test-service.js';

export type TransportName = 'redis-streams' | 'tcp';

/** A service that is served, and what calls it. */
export interface Served {
  readonly proxy: ClientProxy;
  /** Of what is stored, where the transport stores anything. */
  readonly prefix: string;
  readonly service: TestService;
}

/** Serves a module and gives a proxy that reaches it; both end with the test. */
export async function serve(
  module: ModuleMetadata,
  transport: TransportName = 'redis-streams',
): Promise<Served> {
  const service = new TestService();
  const { prefix } = service;
  if (transport === 'tcp') return { proxy: await overTcp(module), prefix, service };
  await service.serveModule(module, { drainTimeout: 100 });
  // A deadline of some milliseconds is meant for the call, not for connecting.
  return { proxy: await service.connected(), prefix, service };
}

/** Contracts work over any transport of Nest. */
async function overTcp(module: ModuleMetadata): Promise<ClientProxy> {
  const options = { host: '127.0.0.1', port: await freePort() };
  const testing = await Test.createTestingModule(module).compile();
  const transport = Transport.TCP as const;
  const app = closing(testing.createNestMicroservice({ transport, options, logger: false }));
  await app.listen();
  const proxy = closing(ClientProxyFactory.create({ transport, options }));
  await proxy.connect();
  return proxy;
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
