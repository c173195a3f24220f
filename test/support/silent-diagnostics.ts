import { ConsumerDiagnostics } from '../../libs/redis-stream-transport/src/engine/consumer/consumer-diagnostics.js';
import { Diagnostics } from '../../libs/redis-stream-transport/src/engine/diagnostics/diagnostics.js';
import { ProducerDiagnostics } from '../../libs/redis-stream-transport/src/engine/producer/producer-diagnostics.js';
import type { Clock } from '../../libs/redis-stream-transport/src/engine/clock.js';

const source = { prefix: 'nrs', redis: 'nowhere' };
const throws = (error: unknown): never => {
  throw error;
};

/** Diagnostics of an instance that no test listens to. */
export function consumerDiagnostics(clock: Clock): ConsumerDiagnostics {
  const of = { ...source, role: 'server', group: 'service' } as const;
  return new ConsumerDiagnostics(new Diagnostics(throws), of, clock);
}

/** Diagnostics of a client that no test listens to. */
export function producerDiagnostics(clock: Clock): ProducerDiagnostics {
  const of = { ...source, role: 'client', group: undefined } as const;
  return new ProducerDiagnostics(new Diagnostics(throws), of, clock);
}
