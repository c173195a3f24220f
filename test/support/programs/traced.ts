// A traced instance of a service in a process of its own; its spans go over the channel to the test.
import { createRequire } from 'node:module';
import { Logger } from '@nestjs/common';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { lastValueFrom } from 'rxjs';
import type * as Library from 'nestjs-redis-streams';
import type * as Entry from 'nestjs-redis-streams/opentelemetry';
import type { RedisStreamsClientOptions, RedisStreamsServerOptions } from 'nestjs-redis-streams';

interface Given {
  readonly library: string;
  readonly role: 'orders' | 'inventory';
  /** Its handler never ends. */
  readonly hold?: boolean;
  readonly address: RedisStreamsClientOptions;
  readonly options: RedisStreamsServerOptions;
}

const given = JSON.parse(process.argv[2] ?? '') as Given;
const { library, role, hold = false, address, options } = given;
const { ClientRedisStreams, ServerRedisStreams } = (await import(library)) as typeof Library;
const { traceRedisStreams } = (await import(
  new URL('opentelemetry/index.js', library).href
)) as typeof Entry;
const require = createRequire(import.meta.url);
const api = require('@opentelemetry/api') as typeof import('@opentelemetry/api');
const core = require('@opentelemetry/core') as typeof import('@opentelemetry/core');
const sdk =
  require('@opentelemetry/sdk-trace-base') as typeof import('@opentelemetry/sdk-trace-base');
const hooks =
  require('@opentelemetry/context-async-hooks') as typeof import('@opentelemetry/context-async-hooks');
Logger.overrideLogger(false);

function tell(span: ReadableSpan): void {
  const { name, kind, attributes, status } = span;
  const links = span.links.map(({ context, attributes: of }) => ({ context, attributes: of }));
  const parent = span.parentSpanContext?.spanId;
  process.send?.({
    kind: 'span',
    span: { ...span.spanContext(), name, spanKind: kind, parent, attributes, links, status },
  });
}

api.context.setGlobalContextManager(new hooks.AsyncLocalStorageContextManager().enable());
api.propagation.setGlobalPropagator(new core.W3CTraceContextPropagator());
api.trace.setGlobalTracerProvider(
  new sdk.BasicTracerProvider({
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: tell,
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  }),
);
traceRedisStreams();

const server = new ServerRedisStreams({ ...address, ...options });
const client = new ClientRedisStreams(address);
if (role === 'orders') {
  const place = async (order: { readonly id: number }): Promise<unknown> => {
    const reserved: unknown = await lastValueFrom(client.send('inventory.reserve', order));
    await lastValueFrom(client.emit('orders.placed', order), { defaultValue: undefined });
    return { ...order, reserved };
  };
  server.addHandler('orders.place', place as never, false, {});
} else {
  const reserve = async (): Promise<string> => {
    process.send?.({ kind: 'started' });
    if (hold) await new Promise(() => undefined);
    return 'reserved';
  };
  server.addHandler('inventory.reserve', reserve, false, {});
}

process.on('SIGTERM', () => {
  void Promise.all([server.close(), client.close()]).then(() => process.disconnect());
});
await server.listen((error) => {
  if (error) process.send?.({ kind: 'failed', message: (error as Error).message });
  else process.send?.({ kind: 'listening' });
});
