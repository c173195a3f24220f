// Nest's NATS transport, with a queue group, so that several services share the calls.
import { Transport } from '@nestjs/microservices';
import { connectNest, provide, serveNest } from './nest.mjs';

/** @param {import('./index.mjs').Place} place @returns {Promise<any>} */
const optionsOf = async ({ url }) => {
  await provide('@nats-io/transport-node');
  return { transport: Transport.NATS, options: { servers: [url], queue: 'bench' } };
};

/** @type {import('./index.mjs').Serve} */
export const serve = async (place, handlers) => serveNest(await optionsOf(place), handlers);

/** @type {import('./index.mjs').Connect} */
export const connect = async (place) => connectNest(await optionsOf(place));
