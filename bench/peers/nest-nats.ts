// Nest's NATS transport, with a queue group, so that several services share the calls.
import { Transport, type NatsOptions } from '@nestjs/microservices';
import { connectNest, provide, serveNest } from './nest.js';
import type { Connect, Place, Serve } from './index.js';

const optionsOf = async ({ url }: Place): Promise<NatsOptions> => {
  await provide('@nats-io/transport-node');
  return { transport: Transport.NATS, options: { servers: [url], queue: 'bench' } };
};

export const serve: Serve = async (place, handlers) => serveNest(await optionsOf(place), handlers);

export const connect: Connect = async (place) => connectNest(await optionsOf(place));
