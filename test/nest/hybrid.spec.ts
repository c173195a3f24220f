import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import {
  ClientProxyFactory,
  MessagePattern,
  type MicroserviceOptions,
  type Server,
  Transport,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { REDIS_STREAMS } from 'nestjs-redis-streams';
import { firstValueFrom, map, type Observable } from 'rxjs';
import { freePort } from '../../tools/free-port.js';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { TestService } from '../support/test-service.js';

@Controller()
class MixedController {
  @Get('hello')
  hello(): string {
    return 'by http';
  }

  @MessagePattern('mixed.any')
  any(data: unknown): unknown[] {
    return ['any', data];
  }

  @MessagePattern('mixed.ours', REDIS_STREAMS)
  ours(data: unknown): unknown[] {
    return ['ours', data];
  }

  @MessagePattern('mixed.tcp', Transport.TCP)
  tcp(data: unknown): unknown[] {
    return ['tcp', data];
  }
}

@Injectable()
class Marking implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value) => ({ marked: value })));
  }
}

async function httpApp(): Promise<INestApplication> {
  const testing = await Test.createTestingModule({ controllers: [MixedController] }).compile();
  return closing(testing.createNestApplication({ logger: false }));
}

describe('N9 hybrid applications', () => {
  test('HTTP, TCP and Redis Streams in one process, each with its own handlers', async () => {
    const service = new TestService();
    const app = await httpApp();
    const options = { host: '127.0.0.1', port: await freePort() };
    const ours = app.connectMicroservice<MicroserviceOptions>({ strategy: service.strategy() });
    app.connectMicroservice<MicroserviceOptions>({ transport: Transport.TCP, options });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');

    const client = service.client({ whenNoConsumer: 'fail' });
    const tcp = closing(ClientProxyFactory.create({ transport: Transport.TCP, options }));
    const response = await fetch(`${await app.getUrl()}/hello`);
    expect(await response.text()).toBe('by http');
    expect(await firstValueFrom(client.send('mixed.any', 1))).toEqual(['any', 1]);
    expect(await firstValueFrom(client.send('mixed.ours', 1))).toEqual(['ours', 1]);
    expect(await firstValueFrom(tcp.send('mixed.any', 1))).toEqual(['any', 1]);
    expect(await firstValueFrom(tcp.send('mixed.tcp', 1))).toEqual(['tcp', 1]);

    await expect(firstValueFrom(client.send('mixed.tcp', 1))).rejects.toMatchObject({
      code: 'NO_CONSUMER',
    });
    const server = ours.getTransportServer() as unknown as Server;
    expect([...server.getHandlers().keys()]).toEqual(['mixed.any', 'mixed.ours']);
  });

  test.each([
    ['inherited', true, { marked: ['any', 1] }],
    ['not inherited', false, ['any', 1]],
  ])('global interceptors are %s with inheritAppConfig: %s', async (_what, inherit, answer) => {
    const service = new TestService();
    const app = await httpApp();
    app.useGlobalInterceptors(new Marking());
    app.connectMicroservice({ strategy: service.strategy() }, { inheritAppConfig: inherit });
    await app.startAllMicroservices();
    expect(await firstValueFrom(service.client().send('mixed.any', 1))).toEqual(answer);
  });

  test.each([
    ['what is registered later still counts', true, { marked: ['any', 1] }],
    ['only what is registered before counts', false, ['any', 1]],
  ])('%s with deferInitialization: %s', async (_what, deferInitialization, answer) => {
    const service = new TestService();
    const app = await httpApp();
    const strategy = service.strategy();
    app.connectMicroservice({ strategy }, { inheritAppConfig: true, deferInitialization });
    app.useGlobalInterceptors(new Marking());
    await app.startAllMicroservices();
    expect(await firstValueFrom(service.client().send('mixed.any', 1))).toEqual(answer);
  });

  test('closing the HTTP application closes the strategy', async () => {
    const service = new TestService();
    const app = await httpApp();
    const strategy = service.strategy();
    const statuses: string[] = [];
    strategy.status.subscribe((status) => statuses.push(status));
    app.connectMicroservice({ strategy });
    await app.startAllMicroservices();
    await eventually(() => expect(statuses).toEqual(['connected']));
    await app.close();
    await eventually(() => expect(statuses).toEqual(['connected', 'disconnected']));
  });
});
