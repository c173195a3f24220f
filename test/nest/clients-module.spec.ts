import { Controller, Inject, Injectable, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import {
  Client,
  type ClientOptions,
  ClientProxyFactory,
  ClientsModule,
  type ClientProvider,
  type ClientProxy,
  type ClientsModuleOptionsFactory,
  MessagePattern,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ClientRedisStreams } from 'nestjs-redis-streams';
import { firstValueFrom, type Observable } from 'rxjs';
import { EchoController } from './echo.controller.js';
import { closing } from '../support/closing.js';
import { Place } from '../support/place.js';
import { TestService } from '../support/test-service.js';

@Injectable()
class Caller {
  constructor(@Inject('ECHO') readonly client: ClientProxy) {}

  call(data: unknown): Promise<unknown> {
    return firstValueFrom(this.client.send('echo', data));
  }
}

/** Does not import the clients: it can only be built where they are global. */
@Module({ providers: [Caller], exports: [Caller] })
class ElsewhereModule {}

const chain = new Place();

/** `@Client` takes the options of a custom class, as the factory behind it does; its type forgot them. */
const back = {
  customClass: ClientRedisStreams,
  options: chain.address,
} as unknown as ClientOptions;

/** A service that calls another one through a property that Nest fills. */
@Controller()
class FrontController {
  @Client(back)
  readonly back: ClientProxy;

  @MessagePattern('front')
  front(data: unknown): Observable<unknown> {
    return this.back.send('echo', data);
  }
}

describe('N15 ways to a client', () => {
  test('ClientsModule.register', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [EchoController] });
    const provider = { name: 'ECHO', customClass: ClientRedisStreams, options: service.address };
    const app = closing(
      await Test.createTestingModule({
        imports: [ClientsModule.register([provider])],
        providers: [Caller],
      }).compile(),
    );
    expect(await app.get(Caller).call({ a: 1 })).toEqual({ a: 1 });
  });

  test('A8 building a client does not connect it, shutting down closes it', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [EchoController] });
    const provider = { name: 'ECHO', customClass: ClientRedisStreams, options: service.address };
    const app = await Test.createTestingModule({
      imports: [ClientsModule.register([provider])],
      providers: [Caller],
    }).compile();
    await app.init();
    const { client } = app.get(Caller);
    expect(() => client.unwrap()).toThrow();
    await client.connect();
    expect(client.unwrap()).toBeTruthy();
    await app.close();
    expect(() => client.unwrap()).toThrow();
  });

  test('ClientsModule.registerAsync with ConfigService, global', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [EchoController] });
    const clients = ClientsModule.registerAsync({
      isGlobal: true,
      clients: [
        {
          name: 'ECHO',
          imports: [ConfigModule.forFeature(() => ({ redis: service.address }))],
          inject: [ConfigService],
          useFactory: (config: ConfigService): ClientProvider => ({
            customClass: ClientRedisStreams,
            options: config.getOrThrow('redis'),
          }),
        },
      ],
    });
    const app = closing(
      await Test.createTestingModule({
        imports: [ConfigModule.forRoot({ ignoreEnvFile: true }), clients, ElsewhereModule],
      }).compile(),
    );
    expect(await app.get(Caller).call('from elsewhere')).toBe('from elsewhere');
  });

  test('ClientsModule.registerAsync with a class', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [EchoController] });

    @Injectable()
    class ClientConfig implements ClientsModuleOptionsFactory {
      createClientOptions(): ClientProvider {
        return { customClass: ClientRedisStreams, options: service.address };
      }
    }
    const app = closing(
      await Test.createTestingModule({
        imports: [ClientsModule.registerAsync([{ name: 'ECHO', useClass: ClientConfig }])],
        providers: [Caller],
      }).compile(),
    );
    expect(await app.get(Caller).call([1])).toEqual([1]);
  });

  test('E5 @Client: a handler calls another service', async () => {
    await new TestService({ prefix: chain.prefix }).serveModule({ controllers: [EchoController] });
    const front = new TestService();
    await front.serveModule({ controllers: [FrontController] });
    expect(await firstValueFrom(front.client().send('front', 'through'))).toBe('through');
  });

  test('ClientProxyFactory builds the class itself', () => {
    const client = ClientProxyFactory.create({ customClass: ClientRedisStreams });
    expect(client).toBeInstanceOf(ClientRedisStreams);
  });
});
