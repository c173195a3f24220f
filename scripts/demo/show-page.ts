// `npm run demo -- --dashboard`: the same services with traffic, and the page on them, until it is interrupted.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ClientRedisStreams } from 'nestjs-redis-streams';
import { endsWithThis } from '../../tools/process.js';
import { repository } from '../../tools/repository.js';
import type { Surroundings } from './child.js';
import { Client } from './client.js';
import { Service } from './service.js';
import type { View } from './view.js';

const command = join(repository, 'libs/redis-stream-transport/dist/cli/main.js');
/** How often an event comes that no service can handle: it becomes a dead letter of each. */
const brokenEveryMs = 15_000;

/** Where the page finds what the demo has started. */
export interface ShownPlace {
  readonly url: string;
  readonly prefix: string;
}

/** Ends when the page does. */
export async function showPage(
  surroundings: Surroundings,
  view: View,
  { url, prefix }: ShownPlace,
): Promise<void> {
  const services = [
    { name: 'demo-1', group: 'demo' },
    { name: 'demo-2', group: 'demo' },
    { name: 'audit-1', group: 'audit', eventsOnly: true },
  ].map((options) => new Service({ ...options, ...surroundings }));
  await Promise.all(services.map((service) => service.ready()));
  const client = new Client(surroundings);
  await client.start();
  view.say('two instances of "demo" and one of "audit" serve; a client calls');
  const broken = new ClientRedisStreams({ url, prefix });
  const breaking = setInterval(() => {
    broken.emit('orders.placed', { article: 'a lamp without an order' }).subscribe({
      error: (error: unknown) => view.say(String(error)),
    });
  }, brokenEveryMs);
  broken.emit('orders.placed', { article: 'the first one' }).subscribe({ error: () => undefined });
  const page = endsWithThis(
    spawn(process.execPath, [command, 'dashboard', '--write', '--prefix', prefix], {
      env: { ...process.env, REDIS_URL: url },
      stdio: ['ignore', 'inherit', 'inherit'],
    }),
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => page.kill(signal));
  await once(page, 'exit');
  clearInterval(breaking);
  await broken.close();
}
