import {
  Controller,
  createParamDecorator,
  type ExecutionContext,
  SetMetadata,
  UseGuards,
  type CanActivate,
} from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { lastValueFrom } from 'rxjs';
import {
  Command,
  Contract,
  contractClient,
  type ContractHandlers,
  Implements,
  remote,
  Streamed,
  toRich,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { failure, serve } from './support.js';

@Contract({ name: 'context', version: '1.0.0' })
abstract class ContextContract {
  @Command({ optional: 1 }) headers(name: string, other?: string): Command<unknown[]> {
    return remote(name, other);
  }
  @Command() slow(): Command<string> {
    return remote();
  }
  @Command() count(step: number): Command<number> {
    return remote(step);
  }
  @Streamed() forever(): Streamed<number> {
    return remote();
  }
}

const Pattern = createParamDecorator((_: unknown, context: ExecutionContext) =>
  context.switchToRpc().getContext<RedisStreamsContext>().getPattern(),
);

const roles: unknown[] = [];
class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    roles.push(Reflect.getMetadata('role', context.getHandler()));
    return true;
  }
}

let total = 0;

@Controller()
@Implements(ContextContract, { extras: { count: { concurrency: 1 } } })
class ContextController implements ContractHandlers<ContextContract> {
  @UseGuards(Guard)
  @SetMetadata('role', 'reader')
  headers(
    name: string,
    other?: string,
    @Ctx() context?: RedisStreamsContext,
    @Pattern() pattern?: string,
    @Payload() payload?: unknown,
  ): unknown[] {
    return [name, other, context!.getMetadata(), pattern, payload];
  }

  /** Never: an answer at the last moment would be delivered. */
  slow(): Promise<string> {
    return new Promise(() => {});
  }

  count(step: number): number {
    return (total += step);
  }

  async *forever(): AsyncGenerator<number> {
    for (let i = 0; ; i++) {
      yield i;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

describe('options of one call', () => {
  test('timeout', async () => {
    const { proxy } = await serve({ controllers: [ContextController] });
    const client = contractClient(ContextContract, proxy);
    expect(await failure(client.with({ timeout: 50 }).slow())).toMatchObject({ code: 'TIMEOUT' });
  });

  test('signal', async () => {
    const { proxy } = await serve({ controllers: [ContextController] });
    const client = contractClient(ContextContract, proxy);
    const abort = new AbortController();
    const call = failure(client.with({ signal: abort.signal }).slow());
    setTimeout(() => abort.abort(), 50);
    expect(await call).toMatchObject({ code: 'CANCELLED' });
  });

  test('headers and an idempotency key, which add up', async () => {
    const { proxy } = await serve({ controllers: [ContextController] });
    const client = contractClient(ContextContract, proxy);
    const traced = client.with({ headers: { trace: 't1' } });
    expect(await traced.headers('a')).toEqual([
      'a',
      undefined,
      { trace: 't1' },
      'context.headers',
      ['a'],
    ]);
    expect(roles).toEqual(['reader']);
    const once = traced.with({ idempotencyKey: 'k1' });
    const first = await once.count(5);
    expect(await once.count(5)).toBe(first);
    expect(await client.count(1)).toBe(first + 1);
  });

  test('a stream has them too', async () => {
    const { proxy } = await serve({ controllers: [ContextController] });
    const reply = contractClient(ContextContract, proxy).with({ timeout: 60 }).forever();
    const run = async (): Promise<void> => {
      for await (const _ of reply);
    };
    expect(await failure(run())).toMatchObject({ code: 'TIMEOUT' });
  });

  test('unknown ones are refused before anything is sent', async () => {
    const { proxy } = await serve({ controllers: [ContextController] });
    const call = contractClient(ContextContract, proxy)
      .with({ timeOut: 5 } as never)
      .count(1);
    expect(await failure(call)).toMatchObject({ code: 'INVALID_OPTION' });
  });

  test('other transports have none', async () => {
    const { proxy } = await serve({ controllers: [ContextController] }, 'tcp');
    const client = contractClient(ContextContract, proxy);
    expect(() => client.with({ timeout: 5 })).toThrow(
      expect.objectContaining({ code: 'INVALID_CALL' }),
    );
  });
});

test('a caller without the contract sends a list of arguments', async () => {
  const { proxy } = await serve({ controllers: [ContextController] });
  const before = total;
  expect(await lastValueFrom(proxy.send('context.count', toRich([2])))).toBe(before + 2);
});
