import { Controller, Module, type OnModuleDestroy } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { type RedisStreamsServerOptions, ServerRedisStreams } from 'nestjs-redis-streams';
import { firstValueFrom } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { TestService } from '../support/test-service.js';
import { watched } from '../support/watched.js';

/** Stands for a pool of connections to a database, which its own module closes. */
class Pool implements OnModuleDestroy {
  isOpen = true;

  onModuleDestroy(): void {
    this.isOpen = false;
  }
}

const running: (() => void)[] = [];

@Controller()
class PoolController {
  constructor(private readonly pool: Pool) {}

  @MessagePattern('pool.use')
  async use(): Promise<string> {
    await new Promise<void>((resolve) => running.push(resolve));
    return this.pool.isOpen ? 'open' : 'closed';
  }
}
Reflect.defineMetadata('design:paramtypes', [Pool], PoolController);

@Module({ providers: [Pool], exports: [Pool], controllers: [] })
class PoolModule {}

/** The recipe of docs/architecture.md: the root module closes the strategy before others are destroyed. */
function rootModule(options: RedisStreamsServerOptions) {
  const strategy = new ServerRedisStreams(options);
  @Module({ imports: [PoolModule], controllers: [PoolController] })
  class AppModule implements OnModuleDestroy {
    async onModuleDestroy(): Promise<void> {
      await strategy.close();
    }
  }
  return { AppModule, strategy };
}

describe('X23 draining before the resources of handlers go', () => {
  test.each(['microservice', 'hybrid'])('in a %s', async (kind) => {
    const service = new TestService();
    const { AppModule, strategy } = rootModule(service.serverOptions);
    const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app =
      kind === 'hybrid'
        ? testing.createNestApplication({ logger: false })
        : testing.createNestMicroservice({ strategy, logger: false });
    if ('connectMicroservice' in app) {
      app.connectMicroservice({ strategy });
      await app.startAllMicroservices();
      await app.init();
    } else {
      await app.listen();
    }
    closing(app);
    const answer = watched(firstValueFrom(service.client().send<string>('pool.use', {})));
    await eventually(() => expect(running).toHaveLength(1));
    // As a signal does: hooks of the modules first, then the transport.
    const closed = (app as unknown as Hooks).callDestroyHook();
    const pool = testing.get(Pool, { strict: false });
    await new Promise((resolve) => setImmediate(resolve));
    expect(pool.isOpen).toBe(true);
    running.pop()?.();
    expect(await answer).toBe('open');
    await closed;
    expect(pool.isOpen).toBe(false);
  });
});

interface Hooks {
  callDestroyHook(): Promise<void>;
}
