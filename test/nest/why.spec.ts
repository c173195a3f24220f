import {
  BadRequestException,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  Inject,
  Injectable,
  Logger,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, REQUEST } from '@nestjs/core';
import {
  BaseRpcExceptionFilter,
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
} from '@nestjs/microservices';
import { IsString } from 'class-validator';
import { DeadLetter, RetryLater } from 'nestjs-redis-streams';
import { DeadLetters } from 'nestjs-redis-streams/dead-letters';
import { firstValueFrom, Observable, throwError } from 'rxjs';
import {
  Command,
  Contract,
  type ContractHandlers,
  Event,
  Implements,
  remote,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { TestService } from '../support/test-service.js';

class DatabaseError extends Error {
  readonly code = 'ECONNREFUSED';
}
const down = (): never => {
  throw new DatabaseError('database is down', { cause: new Error('no route to 10.0.0.7') });
};
const twice = { retry: { attempts: 2, delay: 1, jitter: 0 } };

/** What each of these letters must tell. */
const WHY = {
  reason: 'attempts',
  attempts: '2',
  error: 'database is down',
  'error-name': 'DatabaseError',
  'error-code': 'ECONNREFUSED',
  'error-stack': expect.stringMatching(
    /^Error: database is down\n\s+at [\s\S]*why\.spec\.ts[\s\S]*caused by: Error: no route to 10\.0\.0\.7/,
  ),
};

@Catch()
class Mapping implements ExceptionFilter {
  catch(): Observable<never> {
    return throwError(() => ({ status: 'error', message: 'mapped' }));
  }
}
@Catch(DatabaseError)
class Extending extends BaseRpcExceptionFilter {}
@Injectable()
class Refusing implements CanActivate {
  canActivate = down;
}
@Injectable()
class Breaking implements PipeTransform {
  transform = down;
}
@Injectable()
class Passing implements NestInterceptor {
  intercept(_: unknown, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

@Controller()
class PlainController {
  @EventPattern<string>('why')
  throws(): void {
    down();
  }
}
@Controller()
class RejectingController {
  @EventPattern<string>('why')
  async rejects(): Promise<void> {
    await Promise.resolve();
    down();
  }
}
@Controller()
class StreamingController {
  @EventPattern<string>('why')
  streams(): Observable<never> {
    return new Observable(() => down());
  }
}
@Controller()
@UseFilters(Mapping)
class MappedController extends PlainController {}
@Controller()
@UseFilters(Extending)
class ExtendedController extends PlainController {}
@Controller()
@UseInterceptors(Passing)
class InterceptedController extends PlainController {}
@Controller()
@UseGuards(Refusing)
class GuardedController {
  @EventPattern<string>('why')
  never(): void {}
}
@Controller()
@UsePipes(Breaking)
class PipedController {
  @EventPattern<string>('why')
  never(_data: unknown): void {}
}
@Controller({ scope: Scope.REQUEST })
class ScopedController {
  constructor(@Inject(REQUEST) readonly request: unknown) {}

  @EventPattern<string>('why')
  throws(): void {
    down();
  }
}
@Injectable({ scope: Scope.REQUEST })
class Unmakeable {
  constructor() {
    down();
  }
}
@Controller({ scope: Scope.REQUEST })
class UnmadeController {
  constructor(readonly unmakeable: Unmakeable) {}

  @EventPattern<string>('why')
  never(): void {}
}

const CASES = {
  'a handler that throws': { controllers: [PlainController] },
  'one that rejects': { controllers: [RejectingController] },
  'one whose stream fails': { controllers: [StreamingController] },
  'one behind an interceptor': { controllers: [InterceptedController] },
  'one of a request-scoped controller': { controllers: [ScopedController] },
  'a request-scoped provider that cannot be made': {
    controllers: [UnmadeController],
    providers: [Unmakeable],
  },
  'a guard': { controllers: [GuardedController] },
  'a global guard': {
    controllers: [PipedController],
    providers: [{ provide: APP_GUARD, useClass: Refusing }],
  },
  'a pipe': { controllers: [PipedController] },
  'a handler whose filter maps what it throws': { controllers: [MappedController] },
  "a handler whose filter extends Nest's": { controllers: [ExtendedController] },
  'a handler under a global filter': {
    controllers: [PlainController],
    providers: [{ provide: APP_FILTER, useClass: Mapping }],
  },
};

describe('a dead letter says what was thrown', () => {
  test.each(Object.entries(CASES))('by %s', async (_, module) => {
    const service = new TestService();
    await service.serveModule(module, twice);
    service.client().emit('why', {});
    await eventually(async () => expect(await service.deadLetters()).toMatchObject([WHY]));
  });

  test('by several handlers at once, each for itself', async () => {
    @Controller()
    class SeveralController {
      @EventPattern<string>('why')
      first(): void {
        throw new DeadLetter('enough', { cause: new DatabaseError('first') });
      }
      @EventPattern<string>('why')
      async second(): Promise<void> {
        await Promise.resolve();
        throw new TypeError('second');
      }
    }
    const service = new TestService();
    await service.serveModule({ controllers: [SeveralController] }, twice);
    service.client().emit('why', {});
    await eventually(async () =>
      expect(await service.deadLetters()).toMatchObject([
        { reason: 'handler', error: 'enough', 'error-name': 'DatabaseError' },
      ]),
    );
  });

  test('by a message handler that is retried, and its caller sees nothing of it', async () => {
    @Controller()
    class AskedController {
      @MessagePattern<string>('ask', twice)
      ask(): void {
        down();
      }
      @MessagePattern<string>('later', twice)
      later(): void {
        throw new RetryLater(1, { cause: new DatabaseError('database is down') });
      }
    }
    const service = new TestService();
    await service.serveModule({ controllers: [AskedController] });
    const client = service.client();
    const told = await firstValueFrom(client.send('ask', {})).catch((error: unknown) => error);
    expect(told).toEqual({ status: 'error', message: 'Internal server error' });
    await eventually(async () => expect(await service.deadLetters()).toMatchObject([WHY]));
    const later: unknown = await firstValueFrom(client.send('later', {})).catch(
      (error: unknown) => error,
    );
    expect(later).toMatchObject({ code: 'DEAD_LETTERED', outcome: 'may-have-run' });
    expect(JSON.stringify([told, later])).not.toMatch(/database|ECONNREFUSED|why\.spec/);
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(2));
    expect((await service.deadLetters())[1]).toMatchObject({
      error: 'Retry in 1 ms',
      'error-name': 'DatabaseError',
      'error-code': 'ECONNREFUSED',
    });
  });

  test('by methods of a contract', async () => {
    @Contract({ name: 'why', version: '1.0.0' })
    abstract class WhyContract {
      @Command() ask(): Command<void> {
        return remote();
      }
      @Event() told(): Event {
        return remote();
      }
    }
    @Controller()
    @Implements(WhyContract, { extras: { ask: twice, told: twice } })
    class WhyController implements ContractHandlers<WhyContract> {
      ask(): void {
        down();
      }
      told(): void {
        down();
      }
    }
    const service = new TestService();
    await service.serveModule({ controllers: [WhyController] });
    const client = service.client();
    client.emit('why.told', []);
    await eventually(async () => expect(await service.deadLetters()).toMatchObject([WHY]));
    const told = await firstValueFrom(client.send('why.ask', [])).catch((error: unknown) => error);
    expect(told).toEqual({
      status: 'error',
      name: 'DatabaseError',
      message: 'database is down',
      code: 'ECONNREFUSED',
    });
    await eventually(async () => expect(await service.deadLetters()).toMatchObject([WHY, WHY]));
  });

  test('by a handler that was given to the server itself', async () => {
    const service = new TestService();
    const server = closing(service.strategy(twice));
    server.addHandler('why', down as never, true);
    await server.listen(() => {});
    service.client().emit('why', {});
    await eventually(async () => expect(await service.deadLetters()).toMatchObject([WHY]));
  });

  test('and not what an attempt before it threw', async () => {
    let attempt = 0;
    const service = new TestService();
    const server = closing(service.strategy(twice));
    const handler = (): never => {
      throw new Error(`failure ${++attempt}`);
    };
    server.addHandler('why', handler as never, true);
    await server.listen(() => {});
    service.client().emit('why', {});
    await eventually(async () =>
      expect(await service.deadLetters()).toMatchObject([{ error: 'failure 2' }]),
    );
  });
});

test('DeadLetters shows it, in bounds', async () => {
  const service = new TestService();
  const server = closing(service.strategy(twice));
  const handler = (): never => {
    const error = Object.assign(new Error('m'.repeat(9999)), { code: 7 });
    error.stack = 's'.repeat(9999);
    throw error;
  };
  server.addHandler('long', handler as never, true);
  server.addHandler('bare', (() => Promise.reject()) as never, true);
  await server.listen(() => {});
  const client = service.client();
  const letters = closing(new DeadLetters(service.serverOptions));
  client.emit('long', {});
  await eventually(async () => expect((await letters.page()).letters).toHaveLength(1));
  client.emit('bare', {});
  await eventually(async () => expect((await letters.page()).letters).toHaveLength(2));
  const [long, bare] = (await letters.page()).letters;
  expect(long).toMatchObject({ errorName: 'Error', errorCode: '7' });
  expect([long!.error.length, long!.errorStack!.length]).toEqual([1024, 4096]);
  expect(bare).toMatchObject({ error: 'undefined', errorName: 'undefined' });
  expect([bare!.errorCode, bare!.errorStack]).toEqual([undefined, undefined]);
});

describe('the log says it too', () => {
  const lines = (level: 'warn' | 'error'): string[] => {
    const said: string[] = [];
    vi.spyOn(Logger.prototype, level).mockImplementation(
      (line: unknown) => void said.push(String(line)),
    );
    return said;
  };
  afterEach(() => vi.restoreAllMocks());

  test('a retry with pattern, attempt n of m, entry and error, then the dead letter with its id', async () => {
    const [warned, failed] = [lines('warn'), lines('error')];
    const service = new TestService();
    await service.serveModule({ controllers: [PlainController] }, twice);
    const client = service.client();
    client.emit('why', {});
    const letters = closing(new DeadLetters(service.serverOptions));
    await eventually(async () => expect((await letters.page()).letters).toHaveLength(1));
    const [letter] = (await letters.page()).letters;
    await eventually(() => expect(failed.join('\n')).toContain('dead letter'));
    expect(warned.filter((line) => line.startsWith('why: '))).toEqual([
      expect.stringMatching(
        new RegExp(
          `^why: attempt 1 of 2 failed, again in 1 ms \\(entry ${letter!.entryId}\\): Error: database is down\n`,
        ),
      ),
    ]);
    expect(failed.filter((line) => line.startsWith('why: '))).toEqual([
      expect.stringMatching(
        new RegExp(
          `^why: became dead letter ${letter!.id}, attempts, attempt 2 of 2 ` +
            `\\(entry ${letter!.entryId}\\): Error: database is down\n`,
        ),
      ),
    ]);
  });

  test('with the id of the call', async () => {
    const failed = lines('error');
    const service = new TestService();
    const server = closing(service.strategy());
    let call: string | undefined;
    const handler = (_: unknown, context: { getCallId(): string }): never => {
      call = context.getCallId();
      throw new DeadLetter('no');
    };
    server.addHandler('ask', handler as never, false);
    await server.listen(() => {});
    await firstValueFrom(service.client().send('ask', {})).catch(() => {});
    expect(call).toMatch(/^[\w-]+\/\d+$/);
    await eventually(() => expect(failed.join('\n')).toContain(`, call ${call})`));
  });
});

describe('what cannot succeed is not run again', () => {
  class Violation {
    readonly property = 'name';
    readonly constraints = { isString: 'name must be a string' };
  }
  const FINAL: Readonly<Record<string, () => unknown>> = {
    'a BadRequestException': () => new BadRequestException(['name must be a string']),
    'one in an RpcException': () => new RpcException(new BadRequestException('no')),
    'its response in an RpcException': () =>
      new RpcException(new BadRequestException('no').getResponse()),
    'violations in an RpcException': () => new RpcException([new Violation()] as never),
    violations: () => [new Violation()],
  };
  const run = async (make: () => unknown, retry: object = twice.retry): Promise<number> => {
    let runs = 0;
    @Controller()
    class InvalidController {
      @EventPattern<string>('invalid', { retry })
      invalid(): void {
        runs++;
        throw make();
      }
    }
    const service = new TestService();
    await service.serveModule({ controllers: [InvalidController] });
    service.client().emit('invalid', {});
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    const [letter] = await service.deadLetters();
    expect(letter).toMatchObject({
      reason: runs === 1 ? 'final' : 'attempts',
      attempts: String(runs),
    });
    return runs;
  };

  test.each(Object.entries(FINAL))('%s', async (_, make) => {
    expect(await run(make)).toBe(1);
  });

  test('whatever retry.unless says, of what was thrown', async () => {
    const asked: unknown[] = [];
    const unless = (error: unknown): boolean => {
      asked.push(error);
      return error instanceof DatabaseError;
    };
    expect(await run(() => new DatabaseError('no'), { ...twice.retry, unless })).toBe(1);
    expect(await run(() => new Error('other'), { ...twice.retry, unless })).toBe(2);
    expect(asked).toHaveLength(3);
    expect(asked[0]).toBeInstanceOf(DatabaseError);
  });

  test.each<[string, () => unknown]>([
    ['throws', () => down()],
    ['returns a promise', () => Promise.resolve(true)],
    ['rejects', () => Promise.reject(new Error('asked'))],
    ['returns a text', () => 'yes'],
  ])('a predicate that %s says nothing', async (_, unless) => {
    expect(await run(() => new Error('other'), { ...twice.retry, unless })).toBe(2);
  });

  test('but other errors are, other statuses too', async () => {
    expect(await run(() => new Error('other'))).toBe(2);
    expect(await run(() => new RpcException({ statusCode: 503, message: 'later' }))).toBe(2);
    expect(await run(() => [])).toBe(2);
  });

  test('by a ValidationPipe', async () => {
    class OrderDto {
      @IsString() name!: string;
    }
    @Controller()
    class ValidatedController {
      @EventPattern<string>('invalid', twice)
      never(@Payload(new ValidationPipe()) _order: OrderDto): void {}
    }
    const service = new TestService();
    await service.serveModule({ controllers: [ValidatedController] });
    service.client().emit('invalid', { name: 7 });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(await service.deadLetters()).toMatchObject([
      { reason: 'final', attempts: '1', 'error-name': 'BadRequestException' },
    ]);
  });

  test('a request ends with its error at once', async () => {
    let runs = 0;
    @Controller()
    class AskedController {
      @MessagePattern<string>('ask', twice)
      ask(): void {
        runs++;
        throw new BadRequestException('no');
      }
    }
    const service = new TestService();
    await service.serveModule({ controllers: [AskedController] });
    const told = await firstValueFrom(service.client().send('ask', {})).catch((e: unknown) => e);
    expect(told).toEqual({ status: 'error', message: 'Internal server error' });
    expect(runs).toBe(1);
    expect(await service.deadLetters()).toEqual([]);
  });
});
