// A client that stores a call and an event which are due later, says so, and stays. built-library.ts says where the
// library is.
import { Logger } from '@nestjs/common';
import type * as Library from 'nestjs-redis-streams';
import { lastValueFrom } from 'rxjs';

interface Given {
  readonly library: string;
  readonly options: Library.RedisStreamsClientOptions;
  readonly delay: number;
}

const { library, options, delay } = JSON.parse(process.argv[2] ?? '') as Given;
const { ClientRedisStreams, RedisStreamsRecord } = (await import(library)) as typeof Library;
Logger.overrideLogger(false);

const client = new ClientRedisStreams(options);
const stored = new Promise<void>((resolve) => {
  const record = new RedisStreamsRecord({ key: 'call' }, { delay, onStored: () => resolve() });
  client.send('work', record).subscribe();
});
const event = new RedisStreamsRecord({ key: 'event' }, { delay });
await lastValueFrom(client.emit('happened', event), { defaultValue: undefined });
await stored;
process.send?.('stored');
