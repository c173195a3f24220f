import { Controller, type INestMicroservice, Module, type Type } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { type AsyncMicroserviceOptions, EventPattern, MessagePattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { REDIS_STREAMS, ServerRedisStreams } from 'nestjs-redis-streams';
import { firstValueFrom } from 'rxjs';
import { EchoController } from './echo.controller.js';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { deadUrl } from '../support/redis.js';
import { TestService } from '../support/test-service.js';

const BILLING = Symbol('billing');

@Controller()
class TwoStreamsController {
  readonly heard: string[] = [];

  @MessagePattern('which', BILLING)
  billing(): string {
    return 'billing';
  }

  @MessagePattern('which', REDIS_STREAMS)
  shop(): string {
    return 'shop';
  }

  @EventPattern('both')
  both(data: string): void {
    this.heard.push(data);
  }
}

@Controller()
class TwiceController {
  @MessagePattern({ cmd: 'twice', of: 'cats' })
  first(): void {}

  @MessagePattern({ of: 'cats', cmd: 'twice' })
  second(): void {}
}

@Controller()
class OnceController {
  @MessagePattern('once')
  once(): void {}
}

@Controller()
class AgainController {
  @MessagePattern(['again', 'once'])
  again(): void {}
}

@Controller()
class SharedEventController {
  readonly heard: unknown[] = [];

  @EventPattern('shared')
  first(data: unknown): void {
    this.heard.push(data);
  }

  @EventPattern('shared')
  second(data: unknown): void {
    this.heard.push(data);
  }
}

async function microservice(
  controllers: Type[],
  strategy: ServerRedisStreams,
): Promise<INestMicroservice> {
  const testing = await Test.createTestingModule({ controllers }).compile();
  return closing(testing.createNestMicroservice({ strategy, logger: false }));
}

describe('N9 strategies', () => {
  test('the transport id is a described symbol that every copy of the package shares', () => {
    expect(REDIS_STREAMS).toBe(Symbol.for('nestjs-redis-streams'));
    expect(new ServerRedisStreams().transportId).toBe(REDIS_STREAMS);
  });

  test('several of them in one application, told apart by their transport id', async () => {
    const shop = new TestService();
    const billing = new TestService();
    const module = { controllers: [TwoStreamsController] };
    const testing = await Test.createTestingModule(module).compile();
    const app = closing(testing.createNestApplication({ logger: false }));
    const second = billing.strategy();
    second.setTransportId(BILLING);
    app.connectMicroservice({ strategy: shop.strategy() });
    app.connectMicroservice({ strategy: second });
    await app.startAllMicroservices();
    await app.init();

    expect(await firstValueFrom(shop.client().send('which', {}))).toBe('shop');
    expect(await firstValueFrom(billing.client().send('which', {}))).toBe('billing');
    shop.client().emit('both', 'from shop');
    billing.client().emit('both', 'from billing');
    const { heard } = app.get(TwoStreamsController);
    await eventually(() => expect(heard.toSorted()).toEqual(['from billing', 'from shop']));
  });

  test('a strategy from a factory with injected configuration', async () => {
    const service = new TestService();

    @Module({
      imports: [
        ConfigModule.forRoot({
          ignoreEnvFile: true,
          load: [() => ({ nrs: service.serverOptions })],
        }),
      ],
      controllers: [EchoController],
    })
    class FactoryModule {}

    const app = closing(
      await NestFactory.createMicroservice<AsyncMicroserviceOptions>(FactoryModule, {
        logger: false,
        inject: [ConfigService],
        useFactory: (config: ConfigService) => ({
          strategy: new ServerRedisStreams(config.getOrThrow('nrs')),
        }),
      }),
    );
    await app.listen();
    expect(await firstValueFrom(service.client().send('echo', 'made'))).toBe('made');
  });

  test('N14 listen rejects when Redis stays away', async () => {
    const strategy = new ServerRedisStreams({ url: deadUrl, retryAttempts: 2, retryDelay: 10 });
    const app = await microservice([EchoController], strategy);
    await expect(app.listen()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });
});

describe('X25 two message handlers of one pattern', () => {
  test('in one controller: listen rejects and names the pattern', async () => {
    const app = await microservice([TwiceController], new TestService().strategy());
    await expect(app.listen()).rejects.toMatchObject({
      code: 'DUPLICATE_HANDLER',
      message: expect.stringContaining('{"cmd":"twice","of":"cats"}'),
    });
  });

  test('in two controllers', async () => {
    const app = await microservice([OnceController, AgainController], new TestService().strategy());
    await expect(app.listen()).rejects.toMatchObject({
      code: 'DUPLICATE_HANDLER',
      pattern: 'once',
    });
  });

  test('two event handlers are no duplicate', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [SharedEventController] });
    service.client().emit('shared', 1);
    const { heard } = app.get(SharedEventController);
    await eventually(() => expect(heard).toEqual([1, 1]));
  });
});
