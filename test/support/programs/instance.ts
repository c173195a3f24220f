// An instance of a service in a process of its own; built-library.ts says where the library is.
// Commands come and reports go over the channel to the test.
import { Logger } from '@nestjs/common';
import type * as Library from 'nestjs-redis-streams';
import type {
  HandlerExtras,
  RedisStreamsContext,
  RedisStreamsServerOptions,
} from 'nestjs-redis-streams';
import { nameProcess, type Named } from './named.js';

interface Given {
  readonly library: string;
  readonly options: RedisStreamsServerOptions;
  /** Of its requests. */
  readonly pattern: string;
  readonly extras: HandlerExtras;
  /** Of this process, instead of its own. */
  readonly named?: Named;
}

/** What a handler is asked to do. */
interface Work {
  readonly key: unknown;
  /** It ends its process. */
  readonly die?: boolean;
  /** It ends when the test says so. */
  readonly hold?: boolean;
  readonly ms?: number;
}

const { library, options, pattern, extras, named } = JSON.parse(process.argv[2] ?? '') as Given;
const { pid } = process;
if (named !== undefined) nameProcess(named);
const { ServerRedisStreams } = (await import(library)) as typeof Library;
Logger.overrideLogger(false);

const server = new ServerRedisStreams(options);
const running = new Map<unknown, () => void>();

/** Ends when the test says so, or after the milliseconds that the data names. */
async function work(data: Work, context: RedisStreamsContext): Promise<object> {
  const consumer = context.getConsumer();
  process.send?.({
    kind: 'started',
    key: data.key,
    deliveries: context.getDeliveryCount(),
    consumer,
  });
  context.signal.addEventListener('abort', () =>
    process.send?.({
      kind: 'aborted',
      key: data.key,
      reason: (context.signal.reason as Error).message,
    }),
  );
  if (data.die) process.kill(pid, 'SIGKILL');
  if (data.hold) await new Promise<void>((resolve) => running.set(data.key, resolve));
  else if (data.ms) await new Promise((resolve) => setTimeout(resolve, data.ms));
  process.send?.({ kind: 'finished', key: data.key });
  return { key: data.key, pid, consumer };
}

server.addHandler(pattern, work, false, { ...extras });
server.addHandler('happened', work, true, { ...extras });

process.on('message', ({ kind, key }: { kind: string; key: unknown }) => {
  if (kind === 'finish') running.get(key)?.();
});
const end = async () => {
  const closed = server.close();
  process.send?.({ kind: 'ending' });
  await closed;
  process.disconnect();
};
process.on('SIGTERM', () => void end());

await server.listen((error) => {
  if (error) process.send?.({ kind: 'failed', message: (error as Error).message });
  else process.send?.({ kind: 'listening' });
});
