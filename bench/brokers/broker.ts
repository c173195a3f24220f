import type { Usage } from '../harness/usage.js';

export type BrokerName = 'none' | 'redis' | 'nats' | 'rabbitmq';

/** A server between services and clients. */
export interface Broker {
  url: string;
  version: string | undefined;
  /** undefined: no process */
  usage: () => Promise<Usage | undefined>;
  stop: () => Promise<void>;
}

/** The machine has no such server, or this folder no such package. */
export class Absent extends Error {}
