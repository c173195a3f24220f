// npm run sizing: what Redis keeps for a call that waits, a dead letter, an instance, a caller: the figures of
// docs/operations.md, on a server of its own. Half a minute.
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import {
  ClientRedisStreams,
  DeadLetter,
  RedisStreamsRecord,
  type RedisStreamsServerOptions,
  RetryLater,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { startPrivateRedis } from '../tools/redis.js';
import { eventually } from '../tools/wait.js';

const DATA = { text: 'x'.repeat(200) };
const TURN = 250;
type Handlers = Readonly<Record<string, () => Promise<unknown>>>;

Logger.overrideLogger(false);
const server = await startPrivateRedis();
const redis = new Redis(server.url);
const open: { close(): Promise<unknown> }[] = [];

async function info(section: string, field: string): Promise<number> {
  return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(await redis.info(section))?.[1]);
}

/** Bytes that Redis has more after a task, for each of so many. */
async function bytesFor(count: number, task: () => Promise<unknown>): Promise<number> {
  const before = await info('memory', 'used_memory');
  await task();
  return ((await info('memory', 'used_memory')) - before) / count;
}

async function serve(
  group: string,
  handlers: { readonly messages?: Handlers; readonly events?: Handlers },
  options: RedisStreamsServerOptions = {},
): Promise<ServerRedisStreams> {
  const strategy = new ServerRedisStreams({ url: server.url, group, drainTimeout: 0, ...options });
  for (const [pattern, handler] of Object.entries(handlers.messages ?? {}))
    strategy.addHandler(pattern, handler, false);
  for (const [pattern, handler] of Object.entries(handlers.events ?? {}))
    strategy.addHandler(pattern, handler, true);
  open.push(strategy);
  await new Promise<void>((resolve, reject) => {
    void strategy.listen((error?: unknown) => {
      if (error == null) resolve();
      else reject(new Error('it does not listen', { cause: error }));
    });
  });
  return strategy;
}

async function connect(): Promise<ClientRedisStreams> {
  const client = new ClientRedisStreams({ url: server.url, timeout: 600_000 });
  open.push(client);
  await client.connect();
  return client;
}

function call(client: ClientRedisStreams, pattern: string): void {
  client.send(pattern, DATA).subscribe({ error: () => undefined });
}

const emit = (
  client: ClientRedisStreams,
  pattern: string,
  data: unknown = DATA,
): Promise<unknown> => lastValueFrom(client.emit(pattern, data), { defaultValue: undefined });

async function inTurns(count: number, task: (n: number) => unknown): Promise<void> {
  for (let n = 0; n < count; n += TURN)
    await Promise.all(Array.from({ length: Math.min(TURN, count - n) }, (_, i) => task(n + i)));
}

/** Waits until Redis has so many. */
const reaches = (count: () => Promise<number>, least: number): Promise<void> =>
  eventually(async () => {
    if ((await count()) < least) throw new Error(`there are ${await count()} of ${least}`);
  }, 60_000);

/** Calls of all entries of a stream: a pack has several. */
async function callsIn(stream: string): Promise<number> {
  const entries = await redis.xrange(stream, '-', '+');
  return entries.reduce((sum, [, fields]) => {
    const at = fields.indexOf('m');
    return sum + (at < 0 ? 1 : (fields[at + 1] ?? '').split(',').length);
  }, 0);
}

const hang = (): Promise<never> => new Promise(() => undefined);
const rows: [what: string, bytes: number, note: string][] = [];
const note = (what: string, bytes: number, more = ''): void => void rows.push([what, bytes, more]);

try {
  const client = await connect();

  // What waits.
  await emit(client, 'size.event');
  const events = 20_000;
  note(
    'an event that waits',
    await bytesFor(events, () => inTurns(events, () => emit(client, 'size.event'))),
  );
  const calls = 5000;
  await serve('waits', { messages: { 'size.call': hang } }, { concurrency: 1 });
  note(
    'a call that waits',
    await bytesFor(calls, async () => {
      for (let n = 0; n < calls; n += TURN) {
        for (let one = 0; one < TURN; one++) call(client, 'size.call');
        await reaches(() => callsIn('{nrs}:s:size.call'), n + TURN);
      }
    }),
  );

  // What became of entries.
  const many = 2000;
  const retries = 500;
  await serve('size', {
    events: {
      'size.dead': async () => {
        throw new DeadLetter('the order has no id', { cause: new TypeError('no id') });
      },
      'size.retry': async () => {
        throw new RetryLater(3_600_000);
      },
    },
    messages: { 'size.echo': async () => DATA },
  });
  note(
    'a dead letter',
    await bytesFor(many, async () => {
      await inTurns(many, () => emit(client, 'size.dead'));
      await reaches(() => redis.xlen('{nrs}:dead:size'), many);
    }),
  );
  note(
    'an event that waits for another attempt',
    await bytesFor(retries, async () => {
      await inTurns(retries, () => emit(client, 'size.retry'));
      await reaches(() => redis.hlen('{nrs}:due:size.retry'), retries);
    }),
  );
  const ask = (own: ClientRedisStreams, options = {}): Promise<unknown> =>
    firstValueFrom(own.send('size.echo', new RedisStreamsRecord(DATA, options)));
  await ask(client);
  note(
    'a result that is kept for an idempotency key',
    await bytesFor(many, () => inTurns(many, (n) => ask(client, { idempotencyKey: `order-${n}` }))),
  );

  // Processes.
  const processes = 40;
  const connections = () => info('clients', 'connected_clients');
  const counted = async (task: () => Promise<unknown>): Promise<number> => {
    const before = await connections();
    await task();
    return ((await connections()) - before) / processes;
  };
  let each = 0;
  const patterns = Object.fromEntries(
    Array.from({ length: 10 }, (_, n) => [`size.ten.${n}`, hang]),
  );
  note(
    'an instance that answers ten patterns',
    await bytesFor(processes, async () => {
      each = await counted(async () => {
        for (let n = 0; n < processes; n++) await serve('ten', { messages: patterns });
      });
    }),
    `${each} connections`,
  );
  note(
    'a client that calls',
    await bytesFor(processes, async () => {
      each = await counted(async () => {
        for (let n = 0; n < processes; n++) await ask(await connect());
      });
    }),
    `${each} connections`,
  );
  note(
    'a client that only emits',
    await bytesFor(processes, async () => {
      each = await counted(async () => {
        for (let n = 0; n < processes; n++) await emit(await connect(), 'size.event');
      });
    }),
    `${each} connection`,
  );
  for (const [what, bytes, more] of rows)
    console.log(`${what}: ${Math.round(bytes)} bytes${more === '' ? '' : `, ${more}`}`);
} finally {
  await Promise.all(open.map((one) => one.close()));
  redis.disconnect();
  await server.stop();
}
process.exit();
