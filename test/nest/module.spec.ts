import { Injectable, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import { ClientRedisStreams, RedisStreamsModule } from 'nestjs-redis-streams';
import { firstValueFrom } from 'rxjs';
import { EchoController } from './echo.controller.js';
import { closing } from '../support/closing.js';
import { TestService } from '../support/test-service.js';

@Injectable()
class Caller {
  constructor(readonly client: ClientRedisStreams) {}
}

/** Does not import the module: it can only be built where that is global. */
@Module({ providers: [Caller], exports: [Caller] })
class ElsewhereModule {}

describe('N15 RedisStreamsModule', () => {
  test('forRoot provides the client by its class', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [EchoController] });
    const app = closing(
      await Test.createTestingModule({
        imports: [RedisStreamsModule.forRoot(service.address)],
        providers: [Caller],
      }).compile(),
    );
    expect(await firstValueFrom(app.get(Caller).client.send('echo', 1))).toBe(1);
  });

  test('forRoot, global', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [EchoController] });
    const streams = RedisStreamsModule.forRoot({ ...service.address, isGlobal: true });
    const app = closing(
      await Test.createTestingModule({ imports: [streams, ElsewhereModule] }).compile(),
    );
    expect(await firstValueFrom(app.get(Caller).client.send('echo', 2))).toBe(2);
  });

  test('forRootAsync with ConfigService, global', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [EchoController] });
    const streams = RedisStreamsModule.forRootAsync({
      isGlobal: true,
      imports: [ConfigModule.forFeature(() => ({ redis: service.address }))],
      inject: [ConfigService],
      useFactory: (config: ConfigService) => config.getOrThrow('redis'),
    });
    const app = closing(
      await Test.createTestingModule({
        imports: [ConfigModule.forRoot({ ignoreEnvFile: true }), streams, ElsewhereModule],
      }).compile(),
    );
    expect(await firstValueFrom(app.get(Caller).client.send('echo', 3))).toBe(3);
  });

  test('A8 shutting down closes its client', async () => {
    const service = new TestService();
    const app = await Test.createTestingModule({
      imports: [RedisStreamsModule.forRoot(service.address)],
    }).compile();
    await app.init();
    const client = app.get(ClientRedisStreams);
    expect(() => client.unwrap()).toThrow();
    await client.connect();
    expect(client.unwrap()).toBeTruthy();
    await app.close();
    expect(() => client.unwrap()).toThrow();
  });
});
