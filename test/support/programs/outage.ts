// A caller in a process of its own, which calls at a rate while Redis is away and reports what its memory became.
// built-library.ts says where the library is.
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type * as Library from 'nestjs-redis-streams';
import type { RedisStreamsClientOptions } from 'nestjs-redis-streams';
import { firstValueFrom } from 'rxjs';

interface Given {
  readonly library: string;
  readonly options: RedisStreamsClientOptions;
}

const { library, options } = JSON.parse(process.argv[2] ?? '') as Given;
const { ClientRedisStreams } = (await import(library)) as typeof Library;
Logger.overrideLogger(false);

const client = new ClientRedisStreams(options);
await client.connect();
const tally: Record<string, number> & { answered: number } = { answered: 0 };
const call = (n: number) =>
  firstValueFrom(client.send('work', { n, text: 'x'.repeat(80) })).then(
    () => tally.answered++,
    ({ code }: { code: string }) => (tally[code] = (tally[code] ?? 0) + 1),
  );

/** `count` calls, a hundred in each turn of the loop. */
async function calls(count: number): Promise<Promise<number>[]> {
  const open: Promise<number>[] = [];
  for (let n = 0; n < count; n++) {
    open.push(call(n));
    if (n % 100 === 99) await turn();
  }
  return open;
}

/** What is held, without what is only not collected yet: at this pace that depends on the collector's mood. */
function held(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

await Promise.all(await calls(5000));
const before = held();
process.send?.({ kind: 'ready' });
const [{ count }] = (await once(process, 'message')) as [{ count: number }];
const open = await calls(count);
process.send?.({ kind: 'away', grown: held() - before, ...tally });
await Promise.all(open);
process.send?.({ kind: 'back', ...tally });
process.disconnect();
await client.close();
