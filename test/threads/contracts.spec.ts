import { Controller } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { IsInt, Max } from 'class-validator';
import { ClientRedisStreams, RedisStreamsContext, ServerRedisStreams } from 'nestjs-redis-streams';
import {
  Command,
  Contract,
  contractClient,
  Implements,
  remote,
} from 'nestjs-redis-streams/contracts';
import type { ContractHandlers } from 'nestjs-redis-streams/contracts';
import { createTestBroker } from 'nestjs-redis-streams/testing';
import { inThread } from 'nestjs-redis-streams/threads';
import { firstValueFrom } from 'rxjs';
import { closing } from '../support/closing.js';
import { listening, TestService } from '../support/test-service.js';
import { MODULE, square, withThreads } from './support.js';

class Side {
  @IsInt()
  @Max(1000)
  length!: number;
}

class Refused extends Error {
  constructor(
    message: string,
    readonly details: { readonly left: number },
  ) {
    super(message);
  }
}

@Contract({ name: 'shapes', version: '1.0.0', errors: [Refused] })
abstract class Shapes {
  @Command() area(side: Side): Command<number> {
    return remote(side);
  }

  @Command() seats(): Command<number> {
    return remote();
  }
}

const fails = inThread<(what: string) => number>(MODULE, 'fail', { errors: [Refused] });
const ran = vi.fn();

@Controller()
@Implements(Shapes, { extras: { area: { threads: 1 }, seats: { threads: true } } })
class ShapesController implements ContractHandlers<Shapes> {
  area(side: Side, @Ctx() context?: RedisStreamsContext): Promise<number> {
    ran(side);
    return square(side.length, context as RedisStreamsContext);
  }

  seats(@Ctx() context?: RedisStreamsContext): Promise<number> {
    return fails('class', context as RedisStreamsContext);
  }
}

it('a method of a contract computes in a thread: arguments are checked before, and errors are of their class', async () => {
  const service = new TestService();
  await service.serveModule({ controllers: [ShapesController] }, withThreads());
  const shapes = contractClient(Shapes, await service.connected());
  expect(await shapes.area({ length: 12 })).toBe(144);
  expect(ran.mock.calls[0]?.[0]).toBeInstanceOf(Side);
  // Past the client, which checks too.
  const raw = await (await service.connected()).failure('shapes.area', [{ length: 5000 }]);
  expect(raw).toMatchObject({ code: 'VALIDATION' });
  expect(ran).toHaveBeenCalledTimes(1);
  const error: unknown = await shapes.seats().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Refused);
  expect(error).toMatchObject({ message: 'no seats', details: { left: 2 } });
});

it('over the broker in memory threads are real', async () => {
  const broker = createTestBroker();
  const options = { client: broker.redis(), group: 'service', drainTimeout: 0 };
  const server = closing(new ServerRedisStreams({ ...options, ...withThreads() }));
  server.addHandler('square', square as never, false, { threads: true });
  await listening(server);
  const client = closing(new ClientRedisStreams({ client: broker.redis() }));
  expect(await firstValueFrom(client.send('square', 7))).toBe(49);
});
