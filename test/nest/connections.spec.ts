import { Controller } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  ClientRedisStreams,
  RedisStreamsRecordBuilder,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { firstValueFrom, lastValueFrom, type Observable } from 'rxjs';
import { EchoController } from './echo.controller.js';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { uniquePrefix } from '../support/place.js';
import { deadUrl } from '../support/redis.js';
import { TestService } from '../support/test-service.js';

const recorded = (status: Observable<string>): string[] => {
  const seen: string[] = [];
  status.subscribe((each) => seen.push(each));
  return seen;
};

/** Listens at once, so that a rejection finds somebody; whoever asks later still gets it. */
const reasonOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );

/** As a network does it: all connections of that name are gone at once. */
async function cut(service: TestService, connectionName: string): Promise<void> {
  const other = service.redis;
  const lines = String(await other.client('LIST')).split('\n');
  const named = lines.filter((line) => line.includes(` name=${connectionName} `));
  expect(named.length).toBeGreaterThan(1);
  const kills = other.multi();
  for (const line of named) kills.client('KILL', 'ID', /^id=(\d+)/.exec(line)![1]!);
  await kills.exec();
}

describe('N6 status, on and unwrap', () => {
  test('of a client, through a loss of all its connections', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [EchoController] });
    const connectionName = uniquePrefix();
    const client = service.client({ connectionName });
    const seen = recorded(client.status);
    const heard: unknown[] = [];
    client.on('ready', (role) => heard.push(`ready ${role}`));
    client.on('close', (role, reason) => heard.push([`close ${role}`, reason instanceof Error]));
    await client.connect();
    await eventually(() => expect(seen).toEqual(['connected']));
    // Who only emits needs no second one.
    expect(heard).toEqual(['ready commands']);
    expect(client.unwrap()).toEqual([expect.anything(), undefined]);

    expect(await firstValueFrom(client.send('echo', 'once'))).toBe('once');
    await eventually(() => expect(heard).toEqual(['ready commands', 'ready subscriber']));
    expect(client.unwrap()).toEqual([expect.anything(), expect.anything()]);
    await cut(service, connectionName);
    await eventually(() => expect(seen).toEqual(['connected', 'reconnecting', 'connected']));
    expect(heard).toContainEqual(['close commands', true]);
    expect(await firstValueFrom(client.send('echo', 'again'))).toBe('again');

    await client.close();
    expect(seen).toEqual(['connected', 'reconnecting', 'connected', 'disconnected']);
    expect(() => client.unwrap()).toThrow(/initialized/i);
  });

  test('of a server, through a loss of all its connections', async () => {
    const service = new TestService();
    const connectionName = uniquePrefix();
    const strategy = service.strategy({ connectionName });
    const seen = recorded(strategy.status);
    const ready = vi.fn();
    strategy.on('ready', ready);
    expect(() => strategy.unwrap()).toThrow(/initialized/i);
    const testing = await Test.createTestingModule({ controllers: [EchoController] }).compile();
    const app = closing(testing.createNestMicroservice({ strategy, logger: false }));
    await app.listen();
    expect(seen).toEqual(['connected']);
    expect(ready.mock.calls.flat().toSorted()).toEqual(['commands', 'reader', 'subscriber']);

    expect(strategy.unwrap()).toHaveLength(3);
    await cut(service, connectionName);
    await eventually(() => expect(seen).toEqual(['connected', 'reconnecting', 'connected']));
    expect(await firstValueFrom(service.client().send('echo', 'again'))).toBe('again');

    await app.close();
    expect(seen).toEqual(['connected', 'reconnecting', 'connected', 'disconnected']);
    expect(() => strategy.unwrap()).toThrow(/initialized/i);
  });

  test('an attempt that fails is told, and a listener that throws changes nothing', async () => {
    const client = closing(
      new ClientRedisStreams({ url: deadUrl, retryAttempts: 2, retryDelay: 10 }),
    );
    const attempts: number[] = [];
    client.on('error', () => {
      throw new Error('a mistake of the application');
    });
    client.on('error', (_role, error, attempt) => {
      if (error.message.includes('ECONNREFUSED')) attempts.push(attempt);
    });
    await expect(client.connect()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    // Whichever of its two connections came to its second attempt first.
    expect(new Set(attempts)).toEqual(new Set([1, 2]));
  });

  test.each([new ClientRedisStreams(), new ServerRedisStreams()])(
    'an event that does not exist is refused: $constructor.name',
    (peer) => expect(() => peer.on('message' as 'ready', () => {})).toThrow(/ready, close, error/),
  );
});

describe('while Redis is away', () => {
  test('a call and an event end at their deadline, certainly not run', async () => {
    const client = closing(new ClientRedisStreams({ url: deadUrl, timeout: 200 }));
    const lost = { code: 'NOT_CONNECTED', outcome: 'not-run' };
    await Promise.all([
      expect(firstValueFrom(client.send('echo', 1))).rejects.toMatchObject(lost),
      expect(lastValueFrom(client.emit('echo', 1))).rejects.toMatchObject(lost),
    ]);
  });

  test('close ends a connect and a listen that wait', async () => {
    const client = new ClientRedisStreams({ url: deadUrl });
    const connecting = reasonOf(client.connect());
    await client.close();
    expect(await connecting).toMatchObject({ code: 'CLOSED' });
    const server = new ServerRedisStreams({ url: deadUrl });
    const listening = new Promise((resolve) => void server.listen(resolve));
    await server.close();
    expect(await listening).toMatchObject({ code: 'CLOSED' });
  });
});

describe('what is open when a client closes', () => {
  test('a call that never left it certainly did not run, an event was certainly not stored', async () => {
    const client = new ClientRedisStreams({ url: deadUrl });
    const call = firstValueFrom(client.send('echo', 1));
    const event = lastValueFrom(client.emit('echo', 1));
    const ends = [reasonOf(call), reasonOf(event)];
    await client.close();
    const closed = { code: 'CLOSED', outcome: 'not-run' };
    expect(await Promise.all(ends)).toMatchObject([closed, closed]);
  });

  test('a call that waits for a service certainly did not run', async () => {
    const service = new TestService();
    const client = service.client({ whenNoConsumer: 'wait' });
    const end = reasonOf(firstValueFrom(client.send('echo', 1)));
    const connection = service.redis;
    await eventually(async () => expect(await connection.xlen(service.stream('echo'))).toBe(1));
    // Answers come in order: when this one is refused, the client knows that the first is stored.
    const later = new RedisStreamsRecordBuilder(2).setOptions({ whenNoConsumer: 'fail' }).build();
    expect(await reasonOf(firstValueFrom(client.send('echo', later)))).toMatchObject({
      code: 'NO_CONSUMER',
    });
    await client.close();
    expect(await end).toMatchObject({ code: 'CLOSED', outcome: 'not-run' });
    expect(await connection.xlen(service.stream('echo'))).toBe(0);
  });
});

@Controller()
class EventController {
  @EventPattern('heard')
  heard(_data: unknown): void {}
}

test('the log of a server bears its name, and warns of events in the default group', async () => {
  const { address } = new TestService();
  const testing = await Test.createTestingModule({ controllers: [EventController] }).compile();
  const logger = { log: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const strategy = new ServerRedisStreams(address);
  const app = closing(testing.createNestMicroservice({ strategy, logger }));
  await app.listen();
  expect(logger.warn).toHaveBeenCalledWith(
    expect.stringContaining('no "group"'),
    { code: 'CONFIGURATION' },
    'ServerRedisStreams',
  );
});

test.each([null, 0, '', false])('what is thrown is an error even if it is %j', async (thrown) => {
  const service = new TestService();
  const strategy = service.strategy();
  // A handler of the strategy's own, since Nest's default filter would make an object of it.
  strategy.addHandler('falsy', () => Promise.reject(thrown));
  const testing = await Test.createTestingModule({}).compile();
  const app = closing(testing.createNestMicroservice({ strategy, logger: false }));
  await app.listen();
  await expect(firstValueFrom(service.client().send('falsy', {}))).rejects.toEqual({
    status: 'error',
    message: 'Internal server error',
  });
});
