import type { HandlerExtras, RedisStreamsContext, ServerRedisStreams } from 'nestjs-redis-streams';

export type Handler = (data: never, context: RedisStreamsContext) => unknown;

/** A handler; where it matters, with extras. */
export type GivenHandler = Handler | readonly [Handler, HandlerExtras];

/** Handlers of an instance by pattern. */
export interface Handlers {
  readonly messages?: Readonly<Record<string, GivenHandler>>;
  readonly events?: Readonly<Record<string, GivenHandler>>;
}

/** A handler with its extras, be they none. */
export const withExtras = (given: GivenHandler): readonly [Handler, HandlerExtras] =>
  typeof given === 'function' ? [given, {}] : given;

/** Gives a server handlers without an application around it. */
export function addHandlers(server: ServerRedisStreams, handlers: Handlers): void {
  for (const [kind, isEvent] of [['messages', false] as const, ['events', true] as const]) {
    for (const [pattern, given] of Object.entries(handlers[kind] ?? {})) {
      const [handler, extras] = withExtras(given);
      server.addHandler(pattern, handler as never, isEvent, { ...extras });
    }
  }
}
