// The servers between services and clients: private ones, started and stopped by the bench.
import { startNats } from './nats.mjs';
import { startRabbit } from './rabbitmq.mjs';
import { startRedisServer } from './redis.mjs';
import { freePort } from './ports.mjs';

/** @typedef {'none' | 'redis' | 'nats' | 'rabbitmq'} BrokerName */

/**
 * @typedef {object} Broker
 * @property {string} url
 * @property {string | undefined} version
 * @property {() => Promise<import('../harness/usage.mjs').Usage | undefined>} usage undefined: no process
 * @property {() => Promise<void>} stop
 */

/** The machine has no such server. */
export class Absent extends Error {}

/** @param {BrokerName} name @param {string[]} args @returns {Promise<Broker>} */
export async function startBroker(name, args = []) {
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
