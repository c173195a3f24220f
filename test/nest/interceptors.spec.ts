import {
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  Injectable,
  type ModuleMetadata,
  type PipeTransform,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { RedisStreamsRecordBuilder, type RedisStreamsServerOptions } from 'nestjs-redis-streams';
import {
  defer,
  firstValueFrom,
  lastValueFrom,
  type Observable,
  of,
  retry,
  throwError,
  toArray,
} from 'rxjs';
import {
  Command,
  Contract,
  Implements,
  remote,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { Gate } from '../support/gate.js';
import { Tally } from '../support/tally.js';
import { TestService } from '../support/test-service.js';
import { PassThrough } from '../support/pass-through.js';

/** What the handlers of the running test count, and what they wait for. */
let ran: Tally;
let gate: Gate;
let running = 0;
let most = 0;

beforeEach(() => {
  ran = new Tally();
  gate = new Gate();
  running = most = 0;
});

async function charge(): Promise<string> {
  ran.add('charge');
  most = Math.max(most, ++running);
  await gate.opened;
  running--;
  return 'charged';
}

@Controller()
class Plain {
  @MessagePattern('charge')
  charge(): Promise<string> {
    return charge();
  }

  @EventPattern<string>('charged')
  charged(): Promise<string> {
    return charge();
  }

  @MessagePattern('generated')
  async *generated(): AsyncGenerator<number> {
    yield* [1, 2, 3];
  }

  @EventPattern<string>('generating')
  async *generating(): AsyncGenerator<number> {
    yield 1;
    ran.add('generated');
  }
}

@UseInterceptors(PassThrough)
@Controller()
class Intercepted extends Plain {}

class Allowing implements CanActivate {
  canActivate(): Observable<boolean> {
    return of(true);
  }
}

class Passing implements PipeTransform {
  transform(value: unknown): unknown {
    return value;
  }
}

@Catch()
class Telling implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

@UseInterceptors(PassThrough, PassThrough, PassThrough)
@UseGuards(Allowing)
@UsePipes(Passing)
@UseFilters(Telling)
@Controller()
class Enhanced extends Plain {}

@Injectable({ scope: Scope.REQUEST })
class OfOneRequest {}

@UseInterceptors(PassThrough)
@Controller({ scope: Scope.REQUEST })
class Scoped extends Plain {
  constructor(readonly own: OfOneRequest) {
    super();
  }
}
Reflect.defineMetadata('design:paramtypes', [OfOneRequest], Scoped);

@Contract({ name: 'till', version: '1.0.0' })
abstract class TillContract {
  @Command()
  charge(): Command<string> {
    return remote();
  }
}

@UseInterceptors(PassThrough)
@Controller()
@Implements(TillContract)
class Till {
  charge(): Promise<string> {
    return charge();
  }
}

const global = { provide: APP_INTERCEPTOR, useClass: PassThrough };

interface Served {
  readonly service: TestService;
  /** What the client sends to. */
  readonly pattern: string;
}

type Serve = (options: RedisStreamsServerOptions) => Promise<Served>;

const microservice =
  (module: ModuleMetadata, pattern = 'charge'): Serve =>
  async (options) => {
    const service = new TestService();
    await service.serveModule(module, options);
    return { service, pattern };
  };

const hybrid: Serve = async (options) => {
  const service = new TestService();
  const testing = await Test.createTestingModule({ controllers: [Plain] }).compile();
  const app = closing(testing.createNestApplication({ logger: false }));
  app.useGlobalInterceptors(new PassThrough());
  app.connectMicroservice({ strategy: service.strategy(options) }, { inheritAppConfig: true });
  await app.startAllMicroservices();
  return { service, pattern: 'charge' };
};

const kinds: readonly (readonly [name: string, serve: Serve])[] = [
  ['a handler without one', microservice({ controllers: [Plain] })],
  ['its controller', microservice({ controllers: [Intercepted] })],
  ['several, a guard, a pipe and a filter', microservice({ controllers: [Enhanced] })],
  ['request scope', microservice({ controllers: [Scoped], providers: [OfOneRequest] })],
  ['all controllers', microservice({ controllers: [Plain], providers: [global] })],
  ['a contract', microservice({ controllers: [Till] }, 'till.charge')],
  ['a hybrid application', hybrid],
];

describe.each(kinds)('an interceptor of %s', (_name, serve) => {
  test('leaves an idempotency key with the handler that runs, past the deadline of its caller', async () => {
    const { service, pattern } = await serve({});
    const client = service.client();
    await client.connect();
    let attempts = 0;
    const patient = defer(() => {
      const last = ++attempts === 4;
      if (last) gate.open();
      const options = { idempotencyKey: 'order-7', timeout: last ? 10_000 : 150 };
      return client.send(pattern, new RedisStreamsRecordBuilder([]).setOptions(options).build());
    }).pipe(retry(3));
    expect(await firstValueFrom(patient)).toBe('charged');
    expect(attempts).toBe(4);
    expect(ran.total).toBe(1);
  });

  test('leaves the slot with the handler that runs, whatever became of its call', async () => {
    const { service, pattern } = await serve({ concurrency: 2 });
    const client = service.client({ timeout: 150 });
    await client.connect();
    const call = (): Promise<unknown> =>
      firstValueFrom(client.send(pattern, [])).catch((error: unknown) => error);
    const wave = async (): Promise<void> => {
      const patient = new RedisStreamsRecordBuilder([]).setOptions({ timeout: 10_000 }).build();
      const given = client.send(pattern, patient).subscribe();
      for (const end of await Promise.all([call(), call()])) {
        expect(end).toMatchObject({ code: 'TIMEOUT' });
      }
      given.unsubscribe();
    };
    // On a busy machine a wave may be over before any of it runs.
    await eventually(async () => {
      await wave();
      expect(most).toBe(2);
    });
    for (let i = 0; i < 3; i++) await wave();
    expect(most).toBe(2);
    gate.open();
    await eventually(() => expect(running).toBe(0));
    await eventually(async () => expect(await service.length(pattern)).toBe(0));
    expect(await firstValueFrom(service.client().send(pattern, []))).toBe('charged');
  });
});

describe.each([
  ['without an interceptor', []],
  ['behind a global interceptor', [global]],
])('%s', (_where, providers) => {
  const open = async (options: RedisStreamsServerOptions = {}) => {
    const service = new TestService();
    await service.serveModule({ controllers: [Plain], providers }, options);
    return { service, client: service.client() };
  };

  test('an async generator sends its values', async () => {
    const { client } = await open();
    expect(await firstValueFrom(client.send('generated', []).pipe(toArray()))).toEqual([1, 2, 3]);
  });

  test('an async generator that handles an event is run', async () => {
    const { service, client } = await open();
    await lastValueFrom(client.emit('generating', []), { defaultValue: undefined });
    await eventually(() => expect(ran.total).toBe(1));
    await eventually(async () => expect(await service.pending('generating')).toBe(0));
  });

  test('a handler of an event holds its slot and its entry until it ends', async () => {
    const { service, client } = await open({ concurrency: 2 });
    for (let i = 0; i < 6; i++) {
      await lastValueFrom(client.emit('charged', []), { defaultValue: undefined });
    }
    await eventually(() => expect(running).toBe(2));
    expect(await service.pending('charged')).toBe(2);
    gate.open();
    await eventually(() => expect(ran.total).toBe(6));
    await eventually(async () => expect(await service.pending('charged')).toBe(0));
    expect(most).toBe(2);
  });
});
