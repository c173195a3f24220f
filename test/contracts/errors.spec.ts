import {
  Catch,
  Controller,
  NotFoundException,
  UseFilters,
  type RpcExceptionFilter,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { RpcException } from '@nestjs/microservices';
import { RedisStreamsError } from 'nestjs-redis-streams';
import { type Observable, throwError } from 'rxjs';
import {
  Command,
  Contract,
  contractClient,
  type ContractHandlers,
  Implements,
  remote,
  RemoteError,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { errorsCases } from './cases/errors.cases.js';
import { FilesContract } from './files.contract.js';
import { FilesController } from './files.controller.js';
import { failure, serve, type TransportName } from './support.js';

describe.each<TransportName>(['redis-streams', 'tcp'])('A6 errors over %s', (transport) => {
  errorsCases(async () => {
    const { proxy } = await serve({ controllers: [FilesController] }, transport);
    return contractClient(FilesContract, proxy);
  });
});

test('say which call they are of, as the service knows it', async () => {
  const { proxy } = await serve({ controllers: [FilesController] });
  const client = contractClient(FilesContract, proxy);
  const id = /^[\w-]{22}\/\d+$/;
  const error = (await failure(client.fail('other'))) as RemoteError;
  expect(error.callId).toMatch(id);
  expect(RedisStreamsError.callIdOf(error)).toBe(error.callId);
  // Classes of the contract are the application's own: their errors get no property more.
  const quota = await failure(client.fail('quota'));
  expect(quota).not.toHaveProperty('callId');
  expect(RedisStreamsError.callIdOf(quota)).toMatch(id);
});

test('errors of the transport stay what they are', async () => {
  const { proxy } = await serve({ controllers: [] });
  const error = await failure(
    contractClient(FilesContract, proxy).with({ whenNoConsumer: 'fail' }).join('-'),
  );
  expect(RedisStreamsError.isRedisStreamsError(error)).toBe(true);
  expect(error).toMatchObject({ code: 'NO_CONSUMER' });
});

class Declared extends Error {}
class Secret extends Error {}

@Contract({ name: 'guarded', version: '1.0.0', errors: [Declared] })
abstract class GuardedContract {
  @Command() run(kind: string): Command<string> {
    return remote(kind);
  }
}

const thrown = (kind: string): Error => {
  if (kind === 'http') return new NotFoundException('no such file');
  return kind === 'declared' ? new Declared('told') : new Secret('a password');
};

@Controller()
@Implements(GuardedContract, { expose: 'declared' })
class GuardedController implements ContractHandlers<GuardedContract> {
  run(kind: string): string {
    throw thrown(kind);
  }
}

test('only declared errors are exposed if asked for', async () => {
  const { proxy } = await serve({ controllers: [GuardedController] });
  const client = contractClient(GuardedContract, proxy);
  expect(await failure(client.run('declared'))).toBeInstanceOf(Declared);
  const secret = await failure(client.run('secret'));
  expect(secret).toMatchObject({ name: 'RemoteError', message: 'Internal server error' });
});

@Catch(Secret)
class SecretFilter implements RpcExceptionFilter<Secret> {
  catch(error: Secret): Observable<never> {
    return throwError(() => ({
      status: 'error',
      code: 'FILTERED',
      message: error.constructor.name,
    }));
  }
}

test.each(['below', 'above'])('filters %s get what was thrown', async (place) => {
  class Filtered implements ContractHandlers<GuardedContract> {
    run(kind: string): string {
      throw thrown(kind);
    }
  }
  const decorators: ((target: typeof Filtered) => void)[] = [
    Implements(GuardedContract),
    UseFilters(SecretFilter),
  ];
  if (place === 'below') decorators.reverse();
  for (const decorate of decorators) decorate(Filtered);
  Controller()(Filtered);
  const { proxy } = await serve({ controllers: [Filtered] });
  const client = contractClient(GuardedContract, proxy);
  expect(await failure(client.run('secret'))).toMatchObject({
    code: 'FILTERED',
    message: 'Secret',
  });
  expect(await failure(client.run('http'))).toMatchObject({
    name: 'NotFoundException',
    message: 'no such file',
  });
});

test('a global filter gets an RpcException with the cause', async () => {
  const caught: unknown[] = [];
  @Catch(RpcException)
  class Everything implements RpcExceptionFilter<RpcException> {
    catch(exception: RpcException): Observable<never> {
      caught.push(exception.cause);
      return throwError(() => exception.getError());
    }
  }
  @Controller()
  @Implements(GuardedContract)
  class Plain implements ContractHandlers<GuardedContract> {
    run(kind: string): string {
      throw thrown(kind);
    }
  }
  const { proxy } = await serve({
    controllers: [Plain],
    providers: [{ provide: APP_FILTER, useClass: Everything }],
  });
  const error = await failure(contractClient(GuardedContract, proxy).run('secret'));
  expect(error).toMatchObject({ name: 'Secret', message: 'a password' });
  expect(caught[0]).toBeInstanceOf(Secret);
});
