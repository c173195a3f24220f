// The servers between services and clients: private ones, started and stopped by the bench.
import { startNats } from './nats.js';
import { startRabbit } from './rabbitmq.js';
import { startRedisServer } from './redis.js';
import { freePort } from './ports.js';
import type { Usage } from '../harness/usage.js';

export type BrokerName = 'none' | 'redis' | 'nats' | 'rabbitmq';

export interface Broker {
  url: string;
  version: string | undefined;
  /** undefined: no process */
  usage: () => Promise<Usage | undefined>;
  stop: () => Promise<void>;
}

/** The machine has no such server. */
export class Absent extends Error {}

export async function startBroker(name: BrokerName, args: string[] = []): Promise<Broker> {
  switch (name) {
    case 'redis':
      return startRedisServer(args);
    case 'nats':
      return startNats(Absent);
    case 'rabbitmq':
      return startRabbit(Absent);
    case 'none':
      return {
        url: `tcp://127.0.0.1:${await freePort()}`,
        version: undefined,
        usage: async () => undefined,
        stop: async () => undefined,
      };
  }
}
