import { Controller } from '@nestjs/common';
import {
  ClientProxyFactory,
  type ClientProxy,
  EventPattern,
  MessagePattern,
  Transport,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { firstValueFrom, from, lastValueFrom, type Observable, toArray } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { redisUrl } from '../support/redis.js';
import { TestService } from '../support/test-service.js';

/** Nest's Redis transport has no prefix: these patterns must be nobody else's. */
@Controller()
class SharedController {
  readonly heard: number[] = [];

  @MessagePattern({ cmd: 'sum', of: 'side-by-side' })
  sum(numbers: number[]): number {
    return numbers.reduce((sum, n) => sum + n, 0);
  }

  @MessagePattern('side-by-side.stream')
  stream(count: number): Observable<number> {
    return from(Array.from({ length: count }, (_, i) => i));
  }

  @EventPattern('side-by-side.event')
  event(data: number): void {
    this.heard.push(data);
  }
}

describe('X26 moving over from Nest’s Redis transport', () => {
  test('the same handlers serve callers of both', async () => {
    const service = new TestService();
    const { hostname: host, port } = new URL(redisUrl);
    const options = { host, port: Number(port || 6379) };
    const testing = await Test.createTestingModule({ controllers: [SharedController] }).compile();
    const app = closing(testing.createNestApplication({ logger: false }));
    app.connectMicroservice({ transport: Transport.REDIS, options });
    app.connectMicroservice({ strategy: service.strategy() });
    await app.startAllMicroservices();
    await app.init();

    const nest = closing(ClientProxyFactory.create({ transport: Transport.REDIS, options }));
    const callers: ClientProxy[] = [nest, service.client()];
    for (const caller of callers) {
      const sum = caller.send({ of: 'side-by-side', cmd: 'sum' }, [1, 2, 3]);
      expect(await firstValueFrom(sum)).toBe(6);
      const stream = caller.send('side-by-side.stream', 3).pipe(toArray());
      expect(await firstValueFrom(stream)).toEqual([0, 1, 2]);
    }
    for (const [i, caller] of callers.entries()) {
      await lastValueFrom(caller.emit('side-by-side.event', i), { defaultValue: undefined });
    }
    const { heard } = app.get(SharedController);
    await eventually(() => expect(heard.toSorted((a, b) => a - b)).toEqual([0, 1]));
  });
});
