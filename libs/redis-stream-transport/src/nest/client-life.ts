import type { Clock } from '../engine/clock.js';
import { outside } from '../engine/outside.js';
import { ProducerDiagnostics } from '../engine/producer/producer-diagnostics.js';
import { Producer } from '../engine/producer/producer.js';
import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import type { Reach } from '../engine/shards-in-reach.js';
import { RedisStreamsError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/index.js';
import { ConnectionLog, tellAll } from './connection-log.js';
import type { TransportEvents } from './redis-streams.events.js';
import { tellMissingRights } from './rights-line.js';
import { startup } from './startup.js';

export interface ClientLifeParts {
  readonly options: ResolvedClientOptions;
  readonly clock: Clock;
  readonly quiet: RateLimitedLogger;
  readonly events: TransportEvents;
  /** How much of Redis can be used has changed. */
  reached(reach: Reach): void;
}

/** What a client has between `connect` and `close`: its producer. Another one may follow. */
export class ClientLife {
  producer: Producer | undefined;
  private connecting: Promise<void> | undefined;

  constructor(private readonly parts: ClientLifeParts) {}

  /** Resolves when requests can be sent, to some shards at least. */
  connect(): Promise<void> {
    this.connecting ??= outside(() => this.open());
    return this.connecting;
  }

  /** Ends what is open with CLOSED. Resolves with false if there was nothing to close. */
  async close(): Promise<boolean> {
    const { producer } = this;
    this.producer = undefined;
    this.connecting = undefined;
    if (producer === undefined) return false;
    producer.reach.fail(
      new RedisStreamsError('CLOSED', 'the client was closed while it was connecting'),
    );
    await producer.close();
    this.parts.quiet.flush();
    return true;
  }

  /** The producer; the first call makes and starts it, and waits in its queue. */
  ready(): Producer {
    if (this.producer === undefined) void this.connect().catch(() => undefined);
    return this.producer as unknown as Producer;
  }

  /** The producer, connected. @throws RedisStreamsError CLOSED: the client was closed meanwhile */
  async connected(): Promise<Producer> {
    await this.connect();
    if (this.producer !== undefined) return this.producer;
    throw new RedisStreamsError('CLOSED', 'the client was closed');
  }

  private open(): Promise<void> {
    const { options, clock, quiet, events } = this.parts;
    const isHopeless = (): boolean => producer.reach.isHopeless;
    const start = startup(options.retryAttempts, isHopeless);
    const log = new ConnectionLog(options.redis, quiet, () => clock.now());
    const { diagnostics, observer, source } = events;
    const producer: Producer = new Producer(options, clock, quiet, {
      status: (reach) => {
        if (producer === this.producer) this.parts.reached(reach);
      },
      diagnostics: new ProducerDiagnostics(diagnostics, source, clock),
      ...tellAll(log, start, observer),
    });
    this.producer = producer;
    producer.start();
    void producer.reach.begun.then(
      () => tellMissingRights('client', producer.reached, quiet),
      () => undefined,
    );
    return start.until(producer.reach.begun).catch(async (error: unknown) => {
      if (this.producer === producer) {
        this.producer = undefined;
        this.connecting = undefined;
      }
      await producer.close(error instanceof RedisStreamsError ? error : undefined);
      throw error;
    });
  }
}
