import { Controller, Logger, type Type } from '@nestjs/common';
import { EventPattern, MessagePattern, type Server } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { firstValueFrom } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { TestService } from '../support/test-service.js';

@Controller()
class LeaseController {
  @EventPattern<string>('placed', { leaseTtl: 1000 })
  placed(): void {}
}

@Controller()
class WildController {
  @EventPattern<string>('orders.*')
  any(): void {}
}

/** Counts how many of its calls run at once; each stays for some turns of the loop. */
class Gauge {
  private running = 0;
  most = 0;

  async run(): Promise<void> {
    this.most = Math.max(this.most, ++this.running);
    for (let turn = 0; turn < 5; turn++) await new Promise((next) => setImmediate(next));
    this.running--;
  }
}

@Controller()
class LimitedController {
  readonly limited = new Gauge();
  readonly free = new Gauge();

  @MessagePattern('limited', { concurrency: 2 })
  async runLimited(): Promise<string> {
    await this.limited.run();
    return 'done';
  }

  @MessagePattern('free')
  async runFree(): Promise<string> {
    await this.free.run();
    return 'done';
  }
}

const soon = { attempts: 5, delay: 10, jitter: 0 };

@Controller()
class RetryController {
  readonly runs = { event: 0, message: 0, plain: 0 };

  @EventPattern('retry.event', { retry: soon })
  event(_data: unknown): void {
    if (++this.runs.event < 4) throw new Error('not yet');
  }

  @MessagePattern('retry.message', { retry: soon })
  message(): number {
    if (++this.runs.message < 3) throw new Error('not yet');
    return this.runs.message;
  }

  @MessagePattern('retry.plain')
  plain(): never {
    this.runs.plain++;
    throw new Error('never');
  }
}

@Controller()
class LaneController {
  @MessagePattern('lane.a', { lane: 'bulk' })
  a(): string {
    return 'a';
  }

  @MessagePattern({ lane: 'b' }, { lane: 'bulk' })
  b(): string {
    return 'b';
  }

  @MessagePattern('lane.none')
  none(): string {
    return 'none';
  }
}

@Controller()
class WrongController {
  @MessagePattern('wrong', { concurrency: 0 })
  wrong(): void {}
}

@Controller()
class SlipController {
  @MessagePattern('slip', { concurency: 3 })
  slip(): void {}
}

@Controller()
class ForeignController {
  @MessagePattern('foreign', { owner: 'team cats', exchange: 'of another transport' })
  foreign(): string {
    return 'fine';
  }
}

const times = <T>(count: number, each: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => each(i));

describe('extras of a handler', () => {
  test('concurrency limits this handler and no other', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [LimitedController] });
    const client = service.client();
    const call = (pattern: string) => firstValueFrom(client.send(pattern, {}));
    await Promise.all(times(12, (i) => call(i % 2 ? 'free' : 'limited')));
    const { limited, free } = app.get(LimitedController);
    expect(limited.most).toBe(2);
    expect(free.most).toBeGreaterThan(2);
  });

  test('retry of an event handler', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [RetryController] });
    service.client().emit('retry.event', {});
    const { runs } = app.get(RetryController);
    await eventually(() => expect(runs.event).toBe(4));
  });

  test('retry of a message handler, which is not retried without it', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [RetryController] });
    const client = service.client();
    expect(await firstValueFrom(client.send('retry.message', {}))).toBe(3);
    await expect(firstValueFrom(client.send('retry.plain', {}))).rejects.toEqual({
      status: 'error',
      message: 'Internal server error',
    });
    expect(app.get(RetryController).runs).toEqual({ event: 0, message: 3, plain: 1 });
  });

  test('lane puts patterns on one stream', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [LaneController] });
    const client = service.client({ lanes: { bulk: ['lane.a', '{"lane":"b"}'] } });
    expect(await firstValueFrom(client.send('lane.a', {}))).toBe('a');
    expect(await firstValueFrom(client.send({ lane: 'b' }, {}))).toBe('b');
    expect(await firstValueFrom(client.send('lane.none', {}))).toBe('none');

    const streams = await service.redis.keys(`{${service.prefix}}:s:*`);
    expect(streams.toSorted()).toEqual([
      `{${service.prefix}}:s:bulk`,
      `{${service.prefix}}:s:lane.none`,
    ]);
  });

  test('keys of others pass through', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [ForeignController] });
    expect(await firstValueFrom(service.client().send('foreign', {}))).toBe('fine');
    const server = app.getTransportServer() as unknown as Server;
    expect(server.getHandlers().get('foreign')?.extras).toEqual({
      owner: 'team cats',
      exchange: 'of another transport',
    });
  });

  test.each<[string, Type, string]>([
    ['out of bounds', WrongController, 'concurrency'],
    ['misspelt', SlipController, 'did you mean "concurrency"'],
    ["of the server's", LeaseController, '"leaseTtl" is an option of ServerRedisStreams'],
  ])('an extra that is %s rejects listen', async (_what, controller, text) => {
    const testing = await Test.createTestingModule({ controllers: [controller] }).compile();
    const strategy = new TestService().strategy();
    const app = closing(testing.createNestMicroservice({ strategy, logger: false }));
    await expect(app.listen()).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(text),
    });
  });
});

test('a pattern with a wildcard is taken literally, and listen() says so', async () => {
  const warned: unknown[] = [];
  vi.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => void warned.push(line));
  await new TestService().serveModule({ controllers: [WildController, LimitedController] });
  vi.restoreAllMocks();
  expect(warned).toEqual([
    '"orders.*" stands for itself only: with the option `wildcards`, `*`, `?` and `[…]` stand for others',
  ]);
});
