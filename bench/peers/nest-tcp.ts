// Nest's TCP transport: no broker, one service.
import { Transport } from '@nestjs/microservices';
import { connectNest, serveNest } from './nest.mjs';

/** @param {import('./index.mjs').Place} place @returns {any} */
const optionsOf = ({ url }) => {
  const { hostname, port } = new URL(url);
  return { transport: Transport.TCP, options: { host: hostname, port: Number(port) } };
};

/** @type {import('./index.mjs').Serve} */
export const serve = (place, handlers) => serveNest(optionsOf(place), handlers);

/** @type {import('./index.mjs').Connect} */
export const connect = (place) => connectNest(optionsOf(place));
