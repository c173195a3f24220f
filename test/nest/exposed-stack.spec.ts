import { Controller } from '@nestjs/common';
import { MessagePattern, RpcException } from '@nestjs/microservices';
import { ServerRedisStreams } from 'nestjs-redis-streams';
import { concat, of, throwError } from 'rxjs';
import {
  Command,
  Contract,
  contractClient,
  type ContractHandlers,
  Implements,
  remote,
  RemoteError,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { failure } from '../contracts/support.js';
import { EITHER_BROKER } from '../support/either-broker.js';

@Contract({ name: 'stocks', version: '1.0.0' })
abstract class Stocks {
  @Command() take(): Command<number> {
    return remote();
  }
  @Command() give(): Command<number> {
    return remote();
  }
}

@Controller()
@Implements(Stocks)
class StocksController implements ContractHandlers<Stocks> {
  take(): number {
    throw new RangeError('no stock', { cause: new Error('the depot is closed') });
  }
  give(): number {
    throw new RpcException({ code: 'E_GIVE', message: 'not today', shelf: 4 });
  }
}

@Controller()
class PlainController {
  @MessagePattern('plain')
  plain(): never {
    throw new RpcException({ code: 'E_PLAIN', message: 'as it is' });
  }
  @MessagePattern('hidden')
  hidden(): never {
    throw new TypeError('secret');
  }
  @MessagePattern('text')
  text(): never {
    throw new RpcException('only text');
  }
  @MessagePattern('stream')
  stream() {
    return concat(
      of(1),
      throwError(() => new RpcException({ code: 'E_STREAM' })),
    );
  }
  @MessagePattern('tried', { retry: { attempts: 2, delay: 0 } })
  tried(): never {
    throw new RpcException({ code: 'E_TRIED' });
  }
}

const controllers = [StocksController, PlainController];

describe.each(EITHER_BROKER)('A6 the stack of a remote error, over %s', (_name, make) => {
  const open = async (options: { exposeStack?: boolean }) => {
    const service = make();
    await service.serveModule({ controllers }, options);
    return service.client();
  };

  test('is not sent unless the server says so; the id of the call is there in any case', async () => {
    const client = await open({});
    const error = (await failure(contractClient(Stocks, client).take())) as RemoteError;
    expect(RemoteError.is(error)).toBe(true);
    expect(error.remoteStack).toBeUndefined();
    expect(error.callId).toMatch(/^[\w-]{22}\/\d+$/);
    expect(JSON.stringify(error)).not.toContain('exposed-stack.spec');
    expect(await client.failure('plain')).toEqual({ code: 'E_PLAIN', message: 'as it is' });
  });

  test('is sent with its causes by a server that exposes it, and stays out of JSON', async () => {
    const client = await open({ exposeStack: true });
    const error = (await failure(contractClient(Stocks, client).take())) as RemoteError;
    expect(error).toMatchObject({
      name: 'RangeError',
      message: 'no stock',
      pattern: 'stocks.take',
    });
    expect(error.remoteStack).toMatch(/^RangeError: no stock\n.*exposed-stack\.spec/);
    expect(error.remoteStack).toContain('caused by: Error: the depot is closed');
    expect(error.remoteStack!.length).toBeLessThanOrEqual(4096);
    expect(error.details).toBeUndefined();
    expect(JSON.stringify(error)).not.toContain('exposed-stack.spec');
  });

  test('is not among the details of an exception with properties of its own', async () => {
    const client = await open({ exposeStack: true });
    const error = (await failure(contractClient(Stocks, client).give())) as RemoteError;
    expect(error.remoteStack).toContain('StocksController.give');
    expect(error.details).toEqual({ code: 'E_GIVE', message: 'not today', shelf: 4 });
    expect(JSON.stringify(error)).not.toContain('exposed-stack.spec');
  });

  test.each([
    ['plain', { code: 'E_PLAIN', message: 'as it is' }, 'plain'],
    ['hidden', { status: 'error', message: 'Internal server error' }, 'hidden'],
    ['tried', { code: 'E_TRIED' }, 'tried'],
  ])('without a contract %s has it beside what was sent', async (pattern, sent, method) => {
    const client = await open({ exposeStack: true });
    const error = await client.failure(pattern);
    expect(error).toEqual({ ...sent, stack: expect.stringContaining(`PlainController.${method}`) });
  });

  test('a stream that fails has it, and a text has no place for it', async () => {
    const client = await open({ exposeStack: true });
    expect(await failure(client.values('stream'))).toEqual({
      code: 'E_STREAM',
      stack: expect.stringContaining('exposed-stack.spec'),
    });
    expect(await client.failure('text')).toEqual(
      expect.objectContaining({ message: 'only text', status: 'error' }),
    );
  });
});

test('A6 exposeStack takes true and false only', () => {
  expect(() => new ServerRedisStreams({ exposeStack: 'yes' as never })).toThrow(
    expect.objectContaining({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('"exposeStack"'),
    }),
  );
});
