import type { INestMicroservice } from '@nestjs/common';
import type { ClientProxy, MicroserviceOptions } from '@nestjs/microservices';
import type { TransportName } from './promises.js';

/** A client proxy of any of them. */
export type Caller = Pick<ClientProxy, 'send' | 'emit' | 'connect' | 'close'>;

/** Where services and their callers meet. */
export interface Place {
  /** Options of an instance. */
  server(service: string, instance: number): MicroserviceOptions;
  /** The same for an instance in another process, where a strategy cannot be given. */
  apart?(service: string): object;
  /**
   * A caller of a service.
   * @param requests patterns of commands and streams; Kafka's client must know them before it connects
   */
  client(service: string, requests: readonly string[]): Caller;
}

/** What makes an instance ready that listens already. */
export type Ready = (app: INestMicroservice) => Promise<void>;

/** A transport whose broker is there. */
export interface OpenTransport {
  readonly ready?: Ready;
  /** Packages that another process must provide Nest with. */
  readonly drivers?: readonly string[];
  /**
   * A new place. Where brokers know nothing like it, it is apart from others by the names of patterns.
   * @param topics what Kafka must have before anybody reads it
   */
  place(topics: readonly string[]): Promise<Place>;
  /** One where answers arrive as what they were, with options that the page shows. Undefined: they always do. */
  exact?(topics: readonly string[]): Promise<Place>;
  close(): Promise<void>;
}

export interface TransportUnderTest {
  readonly name: TransportName;
  /** What this machine lacks for it, in words. */
  readonly missing: string | undefined;
  /** Milliseconds to start its broker, and to bring it here first. */
  readonly patience: number;
  open(): Promise<OpenTransport>;
}
