// The servers between services and clients: private ones, started and stopped by the bench.
import { freePort } from '../../tools/free-port.js';
import type { Broker, BrokerName } from './broker.js';
import { startNats } from './nats.js';
import { startRabbit } from './rabbitmq.js';
import { startRedisServer } from './redis.js';

export async function startBroker(name: BrokerName, args: string[] = []): Promise<Broker> {
  switch (name) {
    case 'redis':
      return startRedisServer(args);
    case 'nats':
      return startNats();
    case 'rabbitmq':
      return startRabbit();
    case 'none':
      return {
        url: `tcp://127.0.0.1:${await freePort()}`,
        version: undefined,
        usage: async () => undefined,
        stop: async () => undefined,
      };
  }
}
