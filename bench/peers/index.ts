// Who takes part. A peer's module is loaded in its own processes only.
import type { Handlers } from '../harness/handlers.js';
import type { BrokerName } from '../brokers/broker.js';

/** Where a peer works, and as what. */
export interface Place {
  /** of the broker, or where the service listens */
  url: string;
  settings: Settings;
}

export interface Settings {
  /** calls are taken and never answered */
  mute?: boolean;
  /** ours: how many patterns echo */
  patterns?: number;
  /** ours: all patterns in this lane */
  lane?: string;
  /** clients in the client process, each with connections of its own; default: 1 */
  callers?: number;
  /** ours: handlers at once */
  concurrency?: number;
  /** ours */
  maxBacklog?: number;
  /** ours */
  leaseTtl?: number;
}

export type Pattern = 'echo' | 'io' | 'hold' | 'seen';

export interface Caller {
  send: (pattern: string, data: unknown) => Promise<unknown>;
  emit: (pattern: string, data: unknown) => Promise<unknown>;
  close: () => Promise<void>;
}

export type Serve = (place: Place, handlers: Handlers) => Promise<{ close(): Promise<void> }>;
export type Connect = (place: Place) => Promise<Caller>;
export interface Peer {
  title: string;
  module: string;
  broker: BrokerName;
  brokerArgs?: string[];
  /** of this folder, without which it cannot take part */
  packages?: readonly string[];
  /** several services may share the calls; default: true */
  balances?: boolean;
}

const aof = (fsync: string) => ['--appendonly', 'yes', '--appendfsync', fsync];
const ours = (mode: string, brokerArgs: string[] = []) => ({
  title: `nestjs-redis-streams, ${mode}`,
  module: './ours.js',
  broker: 'redis' as const,
  brokerArgs,
});

export const PEERS: Readonly<Record<string, Peer>> = {
  ours: { title: 'nestjs-redis-streams', module: './ours.js', broker: 'redis' },
  redis: { title: 'Nest Redis (Pub/Sub)', module: './nest-redis.js', broker: 'redis' },
  tcp: { title: 'Nest TCP', module: './nest-tcp.js', broker: 'none', balances: false },
  nats: {
    title: 'Nest NATS',
    module: './nest-nats.js',
    broker: 'nats',
    packages: ['@nats-io/transport-node'],
  },
  rmq: {
    title: 'Nest RabbitMQ',
    module: './nest-rmq.js',
    broker: 'rabbitmq',
    packages: ['amqplib', 'amqp-connection-manager'],
  },
  bullmq: {
    title: 'BullMQ, waitUntilFinished',
    module: './bullmq.js',
    broker: 'redis',
    packages: ['bullmq'],
  },
  moleculer: {
    title: 'moleculer on Redis',
    module: './moleculer.js',
    broker: 'redis',
    packages: ['moleculer'],
  },
  floor: { title: 'bare ioredis, no guarantees', module: './floor.js', broker: 'redis' },

  // What costs what: not among the defaults.
  'ours-aof': ours('AOF every second', aof('everysec')),
  'ours-fsync': ours('AOF always', aof('always')),
  'ours-lane': ours('in a lane'),
  'ours-once': ours('at most once'),
  'ours-key': ours('idempotency key per call'),
  'ours-metrics': ours('metrics in a registry of prom-client'),
  'ours-context': ours('AsyncLocalStorage in use'),
  'ours-spans': ours('spans of the SDK by hand, all recorded'),
  'ours-spans-1': ours('spans of the SDK by hand, 1 % recorded'),
  'ours-traced': ours('traces, all recorded'),
  'ours-traced-1': ours('traces, 1 % recorded'),
  'ours-traced-1-bare': ours('traces, 1 % recorded; messages do not say that they are not'),
  'ours-traced-1-root': ours('the same, decided before the sampler is asked'),
};

export const DEFAULT_PEERS = Object.keys(PEERS).filter((name) => !name.startsWith('ours-'));

export async function peerModule(name: string): Promise<{ serve: Serve; connect: Connect }> {
  const { module } = PEERS[name] as Peer;
  const { serve, connect } = await import(module);
  const [, ...words] = name.split('-');
  const variant = words.length === 0 ? undefined : words.join('-');
  return {
    serve: (place, handlers) => serve(place, handlers, variant),
    connect: (place) => connect(place, variant),
  };
}
