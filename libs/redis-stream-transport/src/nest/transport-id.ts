/**
 * The transport's id: the last argument of `@MessagePattern('x', REDIS_STREAMS)` binds a handler to this
 * transport in an application that has several. A registered symbol, so that it is the same in every
 * copy of the package.
 */
export const REDIS_STREAMS: unique symbol = Symbol.for('nestjs-redis-streams');
