import { randomUUID } from 'node:crypto';
import { ClientProxyFactory, type RedisOptions, Transport } from '@nestjs/microservices';
import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { inject } from 'vitest';
import { startNats } from '../../bench/brokers/nats.js';
import { startRabbit } from '../../bench/brokers/rabbitmq.js';
import { freePort } from '../../tools/free-port.js';
import { Place as StreamsPlace } from '../support/place.js';
import { lacking, provide } from './drivers.js';
import { kafka } from './kafka-transport.js';
import type { Place, TransportUnderTest } from './place.js';

const here = { missing: undefined, patience: 30_000 };
/** So few at once that an instance leaves some to the others. */
const FEW = 4;
const nothing = async (): Promise<void> => {};

const redisStreams: TransportUnderTest = {
  ...here,
  name: 'redis-streams',
  open: async () => ({
    close: nothing,
    place: async () => {
      const { address } = new StreamsPlace({ prefix: `brokers:${randomUUID()}` });
      return {
        server: (group) => ({
          strategy: new ServerRedisStreams({ ...address, group, concurrency: FEW }),
        }),
        apart: (group) => ({ ...address, group, concurrency: FEW }),
        client: () =>
          ClientProxyFactory.create({ customClass: ClientRedisStreams, options: address }),
      };
    },
  }),
};

const tcp: TransportUnderTest = {
  ...here,
  name: 'tcp',
  open: async () => ({
    close: nothing,
    place: async () => {
      const ports = new Map<string, number>();
      for (const service of ['a', 'b'])
        for (const instance of [0, 1]) ports.set(`${service}${instance}`, await freePort());
      const at = (service: string, instance: number) => ({
        transport: Transport.TCP as const,
        options: { host: '127.0.0.1', port: ports.get(`${service}${instance}`)! },
      });
      return {
        server: at,
        // It knows one instance.
        client: (service) => ClientProxyFactory.create(at(service, 0)),
      };
    },
  }),
};

/** Services and callers need the same options. */
const same = (options: RedisOptions): Place => ({
  server: () => options,
  client: () => ClientProxyFactory.create(options),
});

const redis: TransportUnderTest = {
  ...here,
  name: 'redis',
  open: async () => {
    const { hostname: host, port, username, password } = new URL(inject('redisUrl'));
    const credentials = {
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
    };
    const options = { host, port: Number(port || 6379), ...credentials };
    return { close: nothing, place: async () => same({ transport: Transport.REDIS, options }) };
  },
};

const nats: TransportUnderTest = {
  name: 'nats',
  missing: lacking(['nats-server'], ['@nats-io/transport-node']),
  patience: 30_000,
  open: async () => {
    await provide('@nats-io/transport-node');
    const { url, stop } = await startNats();
    const options = (queue?: string) => ({
      transport: Transport.NATS as const,
      options: { servers: [url], ...(queue !== undefined && { queue }) },
    });
    return {
      close: stop,
      drivers: ['@nats-io/transport-node'],
      // Until the broker knows what it listens to.
      ready: async (app) => app.unwrap<{ flush(): Promise<void> }>().flush(),
      // A queue group for each service: without it every instance would run every call.
      place: async () => ({
        server: (service) => options(service),
        client: () => ClientProxyFactory.create(options()),
      }),
    };
  },
};

const rabbitmq: TransportUnderTest = {
  name: 'rabbitmq',
  missing: lacking(['rabbitmq-server'], ['amqplib', 'amqp-connection-manager']),
  patience: 90_000,
  open: async () => {
    await provide('amqplib');
    await provide('amqp-connection-manager');
    const { url, stop } = await startRabbit();
    return {
      close: stop,
      drivers: ['amqplib', 'amqp-connection-manager'],
      place: async () => {
        const id = randomUUID();
        const options = (service: string) => ({
          transport: Transport.RMQ as const,
          options: { urls: [url], queue: `${service}-${id}`, persistent: true },
        });
        return {
          server: (service) => options(service),
          client: (service) => ClientProxyFactory.create(options(service)),
        };
      },
    };
  },
};

/** Those whose brokers are small or there anyway: `npm test` has them. */
export const quick = [redisStreams, tcp, redis, nats];
/** `npm run test:brokers` has these too. */
export const all = [...quick, rabbitmq, kafka];
