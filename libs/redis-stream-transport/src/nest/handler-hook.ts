import type { MessageHandler } from '@nestjs/microservices';
import type { LeaseHost } from '../engine/consumer/membership/companion.js';

/** Key in the `extras` of a handler for a {@link HandlerHook}; for libraries around this one. */
export const HANDLER_HOOK = Symbol.for('nestjs-redis-streams.handler-hook');

/** Is called with each handler that a server is given; what it returns takes the handler's place. */
export type HandlerHook = (
  server: LeaseHost,
  pattern: string,
  handler: MessageHandler,
) => MessageHandler;
