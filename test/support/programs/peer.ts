// A Nest service or client in a process of its own, for tests of clients in other languages. What it is given is JSON; it
// says what happens as lines of JSON. built-library.ts says where the library is.
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type * as Library from 'nestjs-redis-streams';
import type {
  RedisStreamsClientOptions,
  RedisStreamsContext,
  RedisStreamsServerOptions,
} from 'nestjs-redis-streams';
import type { SealedCodec, SealedOptions } from 'nestjs-redis-streams/sealed';
import { firstValueFrom, from, interval, map, take, throwError, toArray } from 'rxjs';

interface Given {
  readonly library: string;
  readonly service?: RedisStreamsServerOptions;
  /** Extras of the handler `echo` of the service. */
  readonly extras?: Record<string, unknown>;
  readonly client?: RedisStreamsClientOptions;
  /** Seals what both send. */
  readonly sealed?: SealedOptions;
  /** Calls of the client: pattern, data, and options of the call. */
  readonly calls?: readonly [string, unknown, object?][];
  /** How many of them are in flight at once. */
  readonly atOnce?: number;
  /** A stream that the client reads: each line of its input says how many values more. */
  readonly read?: readonly [string, unknown, object?];
}

interface Work {
  readonly key: string;
  readonly ms?: number;
}

const given = JSON.parse(process.argv[2] ?? '') as Given;
const { ServerRedisStreams, ClientRedisStreams, RedisStreamsRecord } = (await import(
  given.library
)) as typeof Library;
const sealing = given.sealed && (await sealedCodec(given.library, given.sealed));
Logger.overrideLogger(false);
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function sealedCodec(library: string, options: SealedOptions): Promise<SealedCodec> {
  const entry = new URL('sealed/index.js', library).href;
  const { sealed } = (await import(entry)) as typeof import('nestjs-redis-streams/sealed');
  return sealed(options);
}

async function work({ key, ms = 0 }: Work, context: RedisStreamsContext): Promise<object> {
  say({ kind: 'started', key, deliveries: context.getDeliveryCount() });
  context.signal.addEventListener('abort', () => say({ kind: 'aborted', key }));
  // Its caller stops waiting at its deadline too: an error at the same moment might be the faster one.
  await wait(ms, undefined, { signal: context.signal }).catch(async (error: unknown) => {
    await wait(2000, undefined, { ref: false });
    throw error;
  });
  return { key, by: 'nest' };
}

/** Is asked for its values as its reader takes them. */
async function* numbers(count: number): AsyncGenerator<number> {
  try {
    for (let value = 0; value < count; value++) {
      say({ kind: 'given', value });
      yield value;
    }
  } finally {
    say({ kind: 'ended' });
  }
}

if (given.service) {
  const server = new ServerRedisStreams({ ...given.service, ...sealing });
  server.addHandler('work', work, false, {});
  server.addHandler('echo', async (data: unknown) => data, false, given.extras ?? {});
  server.addHandler(
    'count',
    async (n: number) => from(Array.from({ length: n }, (_, i) => i)),
    false,
    {},
  );
  server.addHandler('numbers', async (count: number) => numbers(count), false, {});
  server.addHandler(
    'ticks',
    async (n: number) =>
      interval(50).pipe(
        map((i) => i),
        take(n),
      ),
    false,
    {},
  );
  server.addHandler(
    'fail',
    async (message: string) => throwError(() => ({ status: 'error', message })),
    false,
    {},
  );
  server.addHandler('happened', async ({ key }: Work) => say({ kind: 'event', key }), true, {});
  await server.listen((error) => say(error ? { kind: 'failed', error } : { kind: 'listening' }));
  process.stdin.resume().once('end', () => void server.close().then(() => process.exit(0)));
}

if (given.client && given.calls) {
  const client = new ClientRedisStreams({ ...given.client, ...sealing });
  await client.connect();
  say({ kind: 'connected' });
  const waiting = [...given.calls.entries()];
  const one = async () => {
    for (let next; (next = waiting.shift());) {
      const [place, [pattern, data, options]] = next;
      const sent = options === undefined ? data : new RedisStreamsRecord(data, options);
      const values = client.send<unknown>(pattern, sent).pipe(toArray());
      await firstValueFrom(values).then(
        (result) => say({ kind: 'replied', place, result }),
        (error: unknown) =>
          say({ kind: 'refused', place, error, message: (error as Error).message }),
      );
    }
  };
  await Promise.all(Array.from({ length: given.atOnce ?? 1 }, one));
  await client.close();
  say({ kind: 'closed' });
}

if (given.client && given.read) {
  const client = new ClientRedisStreams({ ...given.client, ...sealing });
  await client.connect();
  say({ kind: 'connected' });
  const [pattern, data, options] = given.read;
  const record = new RedisStreamsRecord(data, options);
  const reader = client.stream<unknown>(pattern, record)[Symbol.asyncIterator]();
  const values: unknown[] = [];
  try {
    for await (const line of createInterface({ input: process.stdin })) {
      for (let left = Number(line); left > 0; left--) {
        const next = await reader.next();
        if (next.done === true) say({ kind: 'complete' });
        else values.push(next.value);
        if (next.done === true) break;
      }
      say({ kind: 'read', values: values.splice(0) });
    }
  } catch (error) {
    say({ kind: 'refused', values, error, message: (error as Error).message });
  }
  await reader.return?.();
  await client.close();
  say({ kind: 'closed' });
}
