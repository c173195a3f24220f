// Who takes part. A peer's module is loaded in its own processes only.

/**
 * Where a peer works, and as what.
 * @typedef {object} Place
 * @property {string} url of the broker, or where the service listens
 * @property {Settings} settings
 */

/**
 * @typedef {object} Settings
 * @property {boolean} [mute] calls are taken and never answered
 * @property {number} [patterns] ours: how many patterns echo
 * @property {string} [lane] ours: all patterns in this lane
 * @property {number} [callers] ours: clients in the client process
 * @property {number} [concurrency] ours: handlers at once
 * @property {number} [maxBacklog] ours
 * @property {number} [leaseTtl] ours
 */

/** @typedef {'echo' | 'io' | 'hold' | 'seen'} Pattern */

/**
 * @typedef {object} Caller
 * @property {(pattern: string, data: unknown) => Promise<unknown>} send
 * @property {(pattern: string, data: unknown) => Promise<unknown>} emit
 * @property {() => Promise<void>} close
 */

/** @typedef {(place: Place, handlers: import('../harness/handlers.mjs').Handlers) => Promise<{ close(): Promise<void> }>} Serve */
/** @typedef {(place: Place) => Promise<Caller>} Connect */
/** @typedef {import('../brokers/index.mjs').BrokerName} BrokerName */

/**
 * @typedef {object} Peer
 * @property {string} title
 * @property {string} module
 * @property {BrokerName} broker
 * @property {string[]} [brokerArgs]
 * @property {boolean} [balances] several services may share the calls; default: true
 */

const aof = (/** @type {string} */ fsync) => ['--appendonly', 'yes', '--appendfsync', fsync];
const ours = (/** @type {string} */ mode, /** @type {string[]} */ brokerArgs = []) => ({
  title: `nestjs-redis-streams, ${mode}`,
  module: './ours.mjs',
  broker: /** @type {const} */ ('redis'),
  brokerArgs,
});

/** @type {Readonly<Record<string, Peer>>} */
export const PEERS = {
  ours: { title: 'nestjs-redis-streams', module: './ours.mjs', broker: 'redis' },
  redis: { title: 'Nest Redis (Pub/Sub)', module: './nest-redis.mjs', broker: 'redis' },
  tcp: { title: 'Nest TCP', module: './nest-tcp.mjs', broker: 'none', balances: false },
  nats: { title: 'Nest NATS', module: './nest-nats.mjs', broker: 'nats' },
  rmq: { title: 'Nest RabbitMQ', module: './nest-rmq.mjs', broker: 'rabbitmq' },
  bullmq: { title: 'BullMQ, waitUntilFinished', module: './bullmq.mjs', broker: 'redis' },
  moleculer: { title: 'moleculer on Redis', module: './moleculer.mjs', broker: 'redis' },
  floor: { title: 'bare ioredis, no guarantees', module: './floor.mjs', broker: 'redis' },

  // What costs what: not among the defaults.
  'ours-aof': ours('AOF every second', aof('everysec')),
  'ours-fsync': ours('AOF always', aof('always')),
  'ours-lane': ours('in a lane'),
  'ours-once': ours('at most once'),
  'ours-key': ours('idempotency key per call'),
};

export const DEFAULT_PEERS = Object.keys(PEERS).filter((name) => !name.startsWith('ours-'));

/** @param {string} name @returns {Promise<{ serve: Serve, connect: Connect }>} */
export async function peerModule(name) {
  const { module } = /** @type {Peer} */ (PEERS[name]);
  const { serve, connect } = await import(module);
  const variant = name.split('-')[1];
  return {
    serve: (place, handlers) => serve(place, handlers, variant),
    connect: (place) => connect(place, variant),
  };
}
