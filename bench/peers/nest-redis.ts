// Nest's own Redis transport: Pub/Sub.
import { Transport, type RedisOptions } from '@nestjs/microservices';
import { connectNest, serveNest } from './nest.js';
import type { Connect, Place, Serve } from './index.js';

const optionsOf = ({ url }: Place): RedisOptions => {
  const { hostname, port } = new URL(url);
  return { transport: Transport.REDIS, options: { host: hostname, port: Number(port) } };
};

export const serve: Serve = (place, handlers) => serveNest(optionsOf(place), handlers);

export const connect: Connect = (place) => connectNest(optionsOf(place));
