// Nest's TCP transport: no broker, one service.
import { Transport, type TcpClientOptions, type TcpOptions } from '@nestjs/microservices';
import { connectNest, serveNest } from './nest.js';
import type { Connect, Place, Serve } from './index.js';

const optionsOf = ({ url }: Place): TcpOptions & TcpClientOptions => {
  const { hostname, port } = new URL(url);
  return { transport: Transport.TCP, options: { host: hostname, port: Number(port) } };
};

export const serve: Serve = (place, handlers) => serveNest(optionsOf(place), handlers);

export const connect: Connect = (place) => connectNest(optionsOf(place));
