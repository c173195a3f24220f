// Nest's RabbitMQ transport as it comes: messages are not persistent and acknowledged on delivery.
import { Transport, type RmqOptions } from '@nestjs/microservices';
import { connectNest, provide, serveNest } from './nest.js';
import type { Connect, Place, Serve } from './index.js';

const optionsOf = async ({ url }: Place): Promise<RmqOptions> => {
  await provide('amqplib');
  await provide('amqp-connection-manager');
  return { transport: Transport.RMQ, options: { urls: [url], queue: 'bench' } };
};

export const serve: Serve = async (place, handlers) => serveNest(await optionsOf(place), handlers);

export const connect: Connect = async (place) => connectNest(await optionsOf(place));
