// Nest's RabbitMQ transport as it comes: messages are not persistent and acknowledged on delivery.
import { Transport } from '@nestjs/microservices';
import { connectNest, provide, serveNest } from './nest.mjs';

/** @param {import('./index.mjs').Place} place @returns {Promise<any>} */
const optionsOf = async ({ url }) => {
  await provide('amqplib');
  await provide('amqp-connection-manager');
  return { transport: Transport.RMQ, options: { urls: [url], queue: 'bench' } };
};

/** @type {import('./index.mjs').Serve} */
export const serve = async (place, handlers) => serveNest(await optionsOf(place), handlers);

/** @type {import('./index.mjs').Connect} */
export const connect = async (place) => connectNest(await optionsOf(place));
