// A caller whose asynchronous resources are tracked from `init` to `destroy`, as older tracers do it: it says how
// many of its calls are still tracked when all have ended. built-library.ts says where the library is.
import { createHook } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type * as Library from 'nestjs-redis-streams';
import type { RedisStreamsClientOptions } from 'nestjs-redis-streams';
import { firstValueFrom } from 'rxjs';

interface Given {
  readonly library: string;
  readonly options: RedisStreamsClientOptions;
  readonly count: number;
}

const { library, options, count } = JSON.parse(process.argv[2] ?? '') as Given;
const { ClientRedisStreams } = (await import(library)) as typeof Library;
Logger.overrideLogger(false);

const tracked = new Map<number, string>();
let begun = 0;
createHook({
  init(id, type) {
    tracked.set(id, type);
    if (type === 'RedisStreamsCall') begun++;
  },
  destroy: (id) => void tracked.delete(id),
}).enable();
const left = () => [...tracked.values()].filter((type) => type === 'RedisStreamsCall').length;

const client = new ClientRedisStreams(options);
const call = () => firstValueFrom(client.send('nobody', {})).catch(() => undefined);
await Promise.all(Array.from({ length: count }, call));
// Node tells of what was collected some turns later. What the last turn held may stay.
for (let looks = 0; looks < 200 && left() > count / 10; looks++) {
  globalThis.gc?.();
  await turn();
}
process.send?.({ begun, left: left() });
await client.close();
process.disconnect();
