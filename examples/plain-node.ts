// Plain Node: a service and a caller without an application of Nest around them.
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import {
  ClientRedisStreams,
  type RedisStreamsContext,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { firstValueFrom, Subject } from 'rxjs';

export async function run(url: string) {
  const redis = { url, prefix: `example-${randomUUID()}` };
  const logged = new Subject<string>();

  const server = new ServerRedisStreams({ ...redis, group: 'plain' });
  // A message handler, and an event handler with options of its own.
  server.addHandler('greet', async (name: string) => `hello ${name}`);
  server.addHandler(
    'greeted',
    async (name: string, context: RedisStreamsContext) =>
      logged.next(`${context.getPattern()} ${name}`),
    true,
    { concurrency: 4 },
  );
  // `listen` rejects with what its callback throws.
  await server.listen((error) => {
    if (error instanceof Error) throw error;
  });

  const client = new ClientRedisStreams(redis);
  try {
    const greeting = await firstValueFrom(client.send<string>('greet', 'Ada'));
    const event = firstValueFrom(logged);
    await firstValueFrom(client.emit('greeted', 'Ada'), { defaultValue: undefined });
    return { greeting, event: await event };
  } finally {
    await client.close();
    await server.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await run(process.env.REDIS_URL ?? 'redis://localhost:6379'));
