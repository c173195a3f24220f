import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import {
  RedisStreamsRecordBuilder,
  type RecordOptions,
  type RedisStreamsContext,
} from 'nestjs-redis-streams';
import { concatMap, firstValueFrom, from, NEVER, type Observable, Subject, timer } from 'rxjs';
import { EchoController } from './echo.controller.js';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { watched } from '../support/watched.js';

const record = (options: RecordOptions, data: unknown = {}) =>
  new RedisStreamsRecordBuilder(data).setOptions(options).build();

/** Values of a stream, one every 100 ms. */
const STEADY = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19];

@Controller()
class StreamController {
  readonly deadlines: number[] = [];
  readonly aborted: string[] = [];
  readonly values = new Subject<number>();

  /** Takes longer in all than it is ever silent. */
  @MessagePattern('steady')
  steady(_data: unknown, @Ctx() context: RedisStreamsContext): Observable<number> {
    return from(STEADY).pipe(
      concatMap(async (n) => {
        await firstValueFrom(timer(100));
        this.deadlines.push(Number(context.deadline));
        return n;
      }),
    );
  }

  @MessagePattern('falls-silent')
  fallsSilent(_data: unknown, @Ctx() { signal }: RedisStreamsContext): Observable<number> {
    signal.addEventListener('abort', () => this.aborted.push('aborted'));
    return this.values;
  }

  @MessagePattern('silent')
  silent(): Observable<never> {
    return NEVER;
  }
}

describe('idleTimeout', () => {
  const open = async () => {
    const service = new TestService();
    // Calls of `silent` do not end.
    const app = await service.serveModule({ controllers: [StreamController] }, { drainTimeout: 0 });
    // The times are meant for the calls, not for connecting.
    return { service, client: await service.connected(), controller: app.get(StreamController) };
  };

  /** Everything that a call tells, in order. */
  const all = (call: Observable<unknown>, each: (value: unknown) => void = () => {}) => {
    const values: unknown[] = [];
    return new Promise<{ values: unknown[]; error?: unknown }>((resolve) =>
      call.subscribe({
        next: (value) => {
          values.push(value);
          each(value);
        },
        error: (error: unknown) => resolve({ values, error }),
        complete: () => resolve({ values }),
      }),
    );
  };

  test('each value gives the call, and the handler, new time', async () => {
    const { client, controller } = await open();
    const { values, error } = await all(client.send('steady', record({ idleTimeout: 1500 })));
    expect(error).toBeUndefined();
    expect(values).toEqual(STEADY);
    const { deadlines } = controller;
    expect(deadlines.at(-1)).toBeGreaterThan(deadlines[0]! + 1000);
  });

  test('ends a call that has been silent for so long, and its handler', async () => {
    const { client, controller } = await open();
    const call = all(client.send('falls-silent', record({ idleTimeout: 1500 })), (value) => {
      if (value === 1) controller.values.next(2);
    });
    await eventually(() => expect(controller.values.observed).toBe(true));
    controller.values.next(1);
    expect(await call).toEqual({
      values: [1, 2],
      error: expect.objectContaining({ code: 'TIMEOUT', outcome: 'may-have-run' }),
    });
    await eventually(() => {
      expect(controller.aborted).toEqual(['aborted']);
      expect(controller.values.observed).toBe(false);
    });
  });

  test('of the client holds where the record says nothing, and gives way to its timeout', async () => {
    const { service } = await open();
    const client = await service.connected({ idleTimeout: 100 });
    const silence = await all(client.send('silent', {}));
    expect(silence.error).toMatchObject({ code: 'TIMEOUT' });
    const { values } = await all(client.send('steady', record({ timeout: 20_000 })));
    expect(values).toEqual(STEADY);
  });
});

describe('whenNoConsumer', () => {
  const refused = { code: 'NO_CONSUMER', outcome: 'not-run', pattern: 'echo' };
  const module = { controllers: [EchoController] };
  const echo = (
    service: TestService,
    whenNoConsumer: 'fail' | 'wait' | number,
    data: unknown = 1,
  ) => watched(firstValueFrom(service.client({ whenNoConsumer }).send('echo', data)));
  const stored = (service: TestService) => service.redis.xlen(service.stream('echo'));

  test('fail: refused at once, and nothing is stored', async () => {
    const service = new TestService();
    await expect(echo(service, 'fail')).rejects.toMatchObject(refused);
    expect(await stored(service)).toBe(0);
  });

  test('fail: also when the pattern was served before, and not while it is', async () => {
    const service = new TestService();
    const app = await service.serveModule(module);
    expect(await echo(service, 'fail')).toBe(1);
    await app.close();
    await expect(echo(service, 'fail')).rejects.toMatchObject(refused);
    expect(await stored(service)).toBe(0);
  });

  test('a grace: refused after it if the pattern was never served', async () => {
    const service = new TestService();
    const begun = performance.now();
    await expect(echo(service, 300)).rejects.toMatchObject(refused);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(299);
    expect(await stored(service)).toBe(0);
  });

  test('a grace: served by an instance that comes within it', async () => {
    const service = new TestService();
    const client = service.client({ whenNoConsumer: 20_000 });
    await client.connect();
    const call = watched(firstValueFrom(client.send('echo', 'patience')));
    await service.serveModule(module);
    expect(await call).toBe('patience');
  });

  test('a grace: a pattern that was served before is waited for beyond it', async () => {
    const service = new TestService();
    const app = await service.serveModule(module);
    await app.close();
    const call = echo(service, 0, 'redeployed');
    const connection = service.redis;
    await eventually(async () => expect(await connection.xlen(service.stream('echo'))).toBe(1));
    await service.serveModule(module);
    expect(await call).toBe('redeployed');
  });

  test('wait: stored before any service was ever there, and served by the first', async () => {
    const service = new TestService();
    const call = echo(service, 'wait', 'early');
    const connection = service.redis;
    await eventually(async () => expect(await connection.xlen(service.stream('echo'))).toBe(1));
    await service.serveModule(module);
    expect(await call).toBe('early');
  });

  test('wait: no instance comes; the deadline ends it, certainly not run', async () => {
    const service = new TestService();
    const client = await service.connected({ whenNoConsumer: 'wait' });
    // Redis has 150 ms to decide, which a busy machine may need for something else.
    await eventually(async () => {
      const call = firstValueFrom(client.send('echo', record({ timeout: 200 })));
      await expect(call).rejects.toMatchObject({ code: 'TIMEOUT', outcome: 'not-run' });
    });
    expect(await stored(service)).toBe(0);
  });

  test('of a record goes before that of the client', async () => {
    const service = new TestService();
    const client = service.client({ whenNoConsumer: 'wait' });
    const call = firstValueFrom(client.send('echo', record({ whenNoConsumer: 'fail' })));
    await expect(call).rejects.toMatchObject(refused);
  });
});
