// A service of an endless stream and a reader of it, each told by `role`, in a process of its own: it reports what its memory
// became. built-library.ts says where the library is.
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type * as Library from 'nestjs-redis-streams';
import type { RedisStreamsClientOptions } from 'nestjs-redis-streams';

interface Given {
  readonly library: string;
  readonly role: 'service' | 'reader';
  readonly options: RedisStreamsClientOptions;
  /** Values that are read. */
  readonly count: number;
  /** The reader is slower than a service that does not wait. */
  readonly isSlow: boolean;
}

const { library, role, options, count, isSlow } = JSON.parse(process.argv[2] ?? '') as Given;
const { ClientRedisStreams, ServerRedisStreams } = (await import(library)) as typeof Library;
Logger.overrideLogger(false);

/** What is held, without what is only not collected yet. */
function held(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

let most = 0;
/** Bytes that the process has of the system, garbage included. */
let rss = 0;
let rssBefore = 0;
/** Values that the handler was asked for, or that the reader took. */
let values = 0;
let before = 0;
function note(): void {
  values++;
  if (values % 1000 === 0) rss = Math.max(rss, process.memoryUsage.rss());
  if (values === 5000) [before, rssBefore] = [held(), process.memoryUsage.rss()];
  else if (values % 20_000 === 0) most = Math.max(most, held() - before);
}

function report(): void {
  const grown = Math.max(most, held() - before);
  process.send?.({ kind: 'over', grown, resident: rss - rssBefore, values });
}

async function* texts() {
  for (;;) {
    note();
    yield `${values} ${'x'.repeat(100)}`;
  }
}

if (role === 'service') {
  const server = new ServerRedisStreams(options);
  server.addHandler('texts', texts as never);
  const failure = await new Promise((resolve) => void server.listen(resolve));
  if (failure) throw failure;
  process.send?.({ kind: 'up' });
  await once(process, 'message');
  report();
  await server.close();
} else {
  const client = new ClientRedisStreams(options);
  for await (const text of client.stream<string>('texts', 1)) {
    note();
    if (!text.startsWith(`${values} `)) throw new Error(`value ${text} in place ${values}`);
    // Others have their turn before the next value of each eight.
    if (isSlow && values % 8 === 0) await turn();
    if (values === count) break;
  }
  report();
  await client.close();
}
process.disconnect();
