import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { Redis } from 'ioredis';
import { ClientRedisStreams, RedisStreamsModule, ServerRedisStreams } from 'nestjs-redis-streams';
import { DeadLetters } from 'nestjs-redis-streams/dead-letters';
import { createServer, type AddressInfo } from 'node:net';
import { listening, TestService } from '../../support/test-service.js';
import { startPrivateRedis } from '../../support/redis-process.js';

const SECRET = 'S3cret-of-the-app';
const PAYLOAD = 'what-another-call-holds';

/** All that a person or a log could get to see of a value. */
function visible(value: unknown): string {
  const parts = [
    inspect(value, { depth: null, showHidden: true, getters: true }),
    JSON.stringify(value),
    String(value),
  ];
  for (let error = value; error instanceof Error; error = error.cause) {
    parts.push(error.stack ?? '', error.message, JSON.stringify(error));
    parts.push(inspect(error, { depth: null, showHidden: true }));
  }
  return parts.join('\n');
}

function expectNoSecret(...values: unknown[]): void {
  for (const value of values) {
    expect(visible(value)).not.toContain(SECRET);
    expect(visible(value)).not.toContain(PAYLOAD);
  }
}

function lines(): unknown[] {
  const heard: unknown[] = [];
  const write = (...line: unknown[]): void => void heard.push(...line);
  Logger.overrideLogger({ log: write, warn: write, error: write, debug: write });
  onTestFinished(() => Logger.overrideLogger(false));
  return heard;
}

const acl = (service: TestService, ...rules: string[]): Promise<unknown> =>
  service.redis.call('ACL', 'SETUSER', 'app', ...rules);

async function own(args: string[] = []) {
  const redis = await startPrivateRedis({ args });
  onTestFinished(() => redis.stop());
  const service = new TestService({ url: redis.url });
  await acl(service, 'on', `>${SECRET}`, '~*', '&*', '+@all');
  return { service, redis, url: service.url.replace('redis://', `redis://app:${SECRET}@`) };
}

const failed = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => {
      throw new Error('it succeeded');
    },
    (error: unknown) => error,
  );

/** What it ends with, whether or not it succeeds. */
const ended = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

/** A server that refuses every command in Redis' words, and repeats what it was sent. */
async function parrot(): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const words = data
        .toString()
        .split('\r\n')
        .filter((word) => !/^[*$]/.test(word));
      const told = words.map((word) => `'${word}'`).join(' ');
      const line = `-ERR unknown command '${words[0]}', with args beginning with: ${told}\r\n`;
      socket.write(line.repeat(words.length));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `redis://app:${SECRET}@127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('no secret and no payload of another call can be seen', () => {
  it('in what a start fails with: a wrong password, a disabled user, missing rights, no Redis', async () => {
    const { service, url } = await own();
    const heard = lines();
    const events: unknown[] = [];
    const wrong = url.replace('app:', 'nobody:');
    const tried = [
      { url: wrong },
      { url: url.replace(/@.*/, '@127.0.0.1:9') },
      { url: await parrot() },
    ];
    for (const options of tried) {
      const client = service.client({ retryAttempts: 1, ...options });
      const server = service.server({ messages: {} }, { retryAttempts: 1, ...options });
      client.on('error', (...told) => void events.push(...told));
      server.on('error', (...told) => void events.push(...told));
      expectNoSecret(await failed(client.connect()), await failed(listening(server)));
    }
    await acl(service, 'off');
    expectNoSecret(await failed(service.client({ url }).connect()));
    expectNoSecret(await failed(listening(service.server({ messages: {} }, { url }))));
    await acl(service, 'on', '-evalsha', '-eval');
    expectNoSecret(await failed(listening(service.server({ messages: {} }, { url }))));
    expect(events.length).toBeGreaterThan(0);
    expectNoSecret(...events, ...heard);
  });

  it('in what calls and events end with, whatever Redis says', async () => {
    const { service, redis, url } = await own();
    await service.serve({ messages: { work: () => 1 } }, { url });
    const heard = lines();
    const client = await service.connected({ url, retryDelay: 50 });
    await client.call('work');
    const both = async (pattern: string, timeout = 300, told = failed): Promise<unknown[]> => {
      const others = [1, 2, 3].map(() =>
        client.call(pattern, PAYLOAD, { timeout, whenNoConsumer: 'wait' }).catch(() => 0),
      );
      const ends = await Promise.all([
        told(client.call(pattern, 'mine', { timeout, whenNoConsumer: 'wait' })),
        told(client.tell(pattern, 'mine', { timeout })),
      ]);
      await Promise.all(others);
      return ends;
    };
    await service.redis.set(service.keys.stream('typed'), 'x');
    expectNoSecret(...(await both('typed')));
    await service.redis.config('SET', 'maxmemory', '1');
    expectNoSecret(...(await both('work')));
    await service.redis.config('SET', 'maxmemory', '0');
    await service.redis.config('SET', 'min-replicas-to-write', '1');
    expectNoSecret(...(await both('work')));
    await service.redis.config('SET', 'min-replicas-to-write', '0');
    await acl(service, '-evalsha');
    expectNoSecret(...(await both('work')));
    await acl(service, '+evalsha');
    // They may have been answered before the connections are cut.
    const cut = both('work', 800, ended);
    await service.redis.call('CLIENT', 'KILL', 'USER', 'app');
    await redis.stop();
    expectNoSecret(...(await cut));
    expectNoSecret(...(await both('work')));
    await client.close();
    expect(heard.length).toBeGreaterThan(0);
    expectNoSecret(...heard);
  });

  it('in clients, servers and modules, printed or as JSON, before, while and after they are used', async () => {
    const { service, url } = await own();
    const server = service.server({ messages: { work: (data) => data } }, { url });
    const client = service.client({ url });
    const letters = new DeadLetters({ url, prefix: service.prefix, group: 'service' });
    onTestFinished(() => letters.onApplicationShutdown());
    const injected = new Redis(url, { lazyConnect: true });
    const all = [
      ...[server, client, letters, new ClientRedisStreams({ client: injected })],
      new ServerRedisStreams({ username: 'app', password: SECRET }),
      new ClientRedisStreams({ credentials: () => ({ password: SECRET }) }),
      new ClientRedisStreams({
        cluster: {
          nodes: [{ host: 'a', port: 1 }],
          options: { redisOptions: { password: SECRET } },
        },
      }),
      RedisStreamsModule.forRoot({ url, isGlobal: true }),
      ClientsModule.register([{ name: 'A', customClass: ClientRedisStreams, options: { url } }]),
    ];
    expectNoSecret(...all, all, { nested: { all } });
    await listening(server);
    await client.connect();
    const call = client.call('work', PAYLOAD);
    expectNoSecret(client, server, letters);
    await Promise.all([call, letters.count()]);
    expectNoSecret(client, server, letters);
    expect(inspect(client)).toMatch(/^Caller \{.*127\.0\.0\.1/s);
    expect(inspect(server)).toContain("group: 'service'");
    expect(JSON.parse(JSON.stringify(server))).toMatchObject({ patterns: ['work'] });
    await client.close();
    await server.close();
    expectNoSecret(client, server);
  });

  it.each([
    ['a client', ClientRedisStreams],
    ['a server', ServerRedisStreams],
    ['dead letters', DeadLetters],
  ] as const)('a prototype, and a mock that was made of it, can be printed: %s', (_, type) => {
    const { prototype } = type as { readonly prototype: object };
    const bare = Object.create(prototype) as object;
    const odd = Object.assign(Object.create(prototype) as object, { constructor: undefined });
    for (const one of [prototype, bare, odd, { ...bare }, Object.freeze(Object.create(bare))]) {
      expect(() => visible(one)).not.toThrow();
    }
    expect(inspect(bare)).toBe(`${type.name} {}`);
    expect(JSON.stringify(odd)).toBe('{}');
    expect(inspect(odd)).toBe(`${type.name} {}`);
  });
});
