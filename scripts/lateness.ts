// npm run lateness: how long after it is due an event is in its stream, and its handler has begun: the figures of
// docs/delays.md, on a server of its own. Half a minute; the machine should do nothing else.
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import {
  ClientRedisStreams,
  RedisStreamsRecord,
  ServerRedisStreams,
  type RedisStreamsContext,
} from 'nestjs-redis-streams';
import { lastValueFrom } from 'rxjs';
import { Forked } from '../tools/forked.js';
import { startPrivateRedis } from '../tools/redis.js';
import { eventually, pause } from '../tools/wait.js';

Logger.overrideLogger(false);
const [, , role, address = ''] = process.argv;

/** An event that has run: when it was due, when it was in its stream, and when its handler began, each in ms since 1970. */
interface Ran {
  readonly n: number;
  readonly due: number;
  readonly added: number;
  readonly began: number;
}

type Told = Pick<Ran, 'n' | 'due'>;

class Instance extends Forked {
  onMessage(told: (message: unknown) => void): void {
    this.process.on('message', told);
  }
}

/** Serves `told` here. The server and this process share a clock. */
async function serve(url: string, told: (ran: Ran) => void): Promise<ServerRedisStreams> {
  const server = new ServerRedisStreams({ url, group: 'service', drainTimeout: 0 });
  const handler = async (event: Told, context: RedisStreamsContext): Promise<void> =>
    told({ ...event, added: Number.parseInt(context.getMessageId(), 10), began: Date.now() });
  server.addHandler('told', handler as never, true);
  await new Promise<void>((resolve) => void server.listen(() => resolve()));
  return server;
}

if (role === 'instance') {
  await serve(address, (ran) => process.send?.(ran));
  process.send?.('up');
} else await measure();

async function measure(): Promise<void> {
  const redis = await startPrivateRedis();
  const client = new ClientRedisStreams({ url: redis.url });
  await client.connect();
  let ran: Ran[] = [];
  const server = await serve(redis.url, (one) => void ran.push(one));
  const store = (due: number, n: number) =>
    lastValueFrom(client.emit('told', new RedisStreamsRecord({ n, due }, { notBefore: due })), {
      defaultValue: undefined,
    });

  /** Stores events that are due then, waits for all of them, and says how late they were. */
  async function lateness(title: string, dues: readonly number[], meanwhile?: () => Promise<void>) {
    ran = [];
    await Promise.all(dues.map(store));
    await meanwhile?.();
    // What a killed instance held runs again: the first time counts.
    const firsts = () => new Map(ran.toReversed().map((one) => [one.n, one]));
    await eventually(() => {
      if (firsts().size < dues.length) throw new Error('some have not run');
    }, 60_000);
    const all = [...firsts().values()];
    const line = (of: (one: Ran) => number): string => {
      const late = all.map(of).toSorted((one, other) => one - other);
      const at = (share: number) =>
        late[Math.min(late.length - 1, Math.floor(share * late.length))];
      return `median ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${late.at(-1)} ms`;
    };
    console.log(`${title}: ${all.length} events`);
    console.log(`  added: ${line((one) => one.added - one.due)}`);
    console.log(`  begun: ${line((one) => one.began - one.due)}`);
  }

  const spread = (count: number, ms: number, from = Date.now() + 1000) =>
    Array.from({ length: count }, (_, i) => Math.round(from + ((i + Math.random()) * ms) / count));
  await lateness('one instance that is idle', spread(300, 6000));
  await lateness('1,000 in one millisecond', Array<number>(1000).fill(Date.now() + 2000));
  const program = fileURLToPath(import.meta.url);
  const other = new Instance({
    ...{ name: 'instance', program, args: ['instance', redis.url] },
    execArgv: ['--import', 'tsx'],
  });
  other.onMessage((message) => void (typeof message === 'object' && ran.push(message as Ran)));
  await other.message((message): message is 'up' => message === 'up', 30_000);
  await lateness('one of two instances is killed', spread(300, 6000), async () => {
    await pause(4000);
    await other.kill();
  });
  await server.close();
  await client.close();
  await redis.stop();
}
