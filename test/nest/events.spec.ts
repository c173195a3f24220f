import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { EMPTY, firstValueFrom, type Observable } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { TestService } from '../support/test-service.js';
import { Test } from '@nestjs/testing';

const soon = { attempts: 3, delay: 10, jitter: 0 };

@Controller()
class BroadcastController {
  readonly dropped: unknown[] = [];
  readonly shared: unknown[] = [];
  readonly counted: unknown[] = [];
  private failed = false;

  @EventPattern<string>('cache.drop', { broadcast: true })
  drop(data: unknown): void {
    this.dropped.push(data);
  }

  /** Beside the broadcast: one instance of the service does this. */
  @EventPattern<string>('cache.drop')
  count(data: unknown): void {
    this.counted.push(data);
  }

  @EventPattern<string>('cache.flaky', { broadcast: true, retry: soon })
  flaky(data: unknown): void {
    this.shared.push(data);
    if (this.failed) return;
    this.failed = true;
    throw new Error('the first time');
  }
}

/** A pattern with a broadcast handler and one that answers requests. */
@Controller()
class AskedController {
  readonly heard: unknown[] = [];
  asked = 0;

  @EventPattern<string>('asked', { broadcast: true })
  event(data: unknown): void {
    this.heard.push(data);
  }

  @MessagePattern('asked')
  message(): string {
    this.asked++;
    return 'answered';
  }
}

@Controller()
class GroupController {
  readonly heard: unknown[] = [];

  @EventPattern<string>('order.placed')
  placed(data: unknown): void {
    this.heard.push(data);
  }
}

@Controller()
class SeveralController {
  readonly runs: string[] = [];

  @EventPattern<string>('several', { retry: soon })
  sound(): void {
    this.runs.push('sound');
  }

  @EventPattern<string>('several', { retry: soon })
  empty(): Observable<never> {
    this.runs.push('empty');
    return EMPTY;
  }

  @EventPattern<string>('several', { retry: soon })
  fails(@Payload('failures') failures: number): void {
    this.runs.push('fails');
    const before = this.runs.filter((run) => run === 'fails').length;
    if (before <= failures) throw new RpcException(`failure ${before}`);
  }

  @EventPattern<string>('behind')
  behind(): void {
    this.runs.push('behind');
  }
}

describe('broadcast', () => {
  test('every live instance gets each event, an ordinary handler of it one of them', async () => {
    const service = new TestService();
    const module = { controllers: [BroadcastController] };
    const apps = [await service.serveModule(module), await service.serveModule(module)];
    const [a, b] = apps.map((app) => app.get(BroadcastController));
    const client = service.client();
    for (const n of [1, 2, 3]) client.emit('cache.drop', n);
    await eventually(() => {
      expect(a!.dropped).toEqual([1, 2, 3]);
      expect(b!.dropped).toEqual([1, 2, 3]);
      expect([...a!.counted, ...b!.counted].toSorted()).toEqual([1, 2, 3]);
    });
  });

  test('a failed one is retried on its own instance only', async () => {
    const service = new TestService();
    const module = { controllers: [BroadcastController] };
    const apps = [await service.serveModule(module), await service.serveModule(module)];
    const [a, b] = apps.map((app) => app.get(BroadcastController));
    service.client().emit('cache.flaky', 'x');
    await eventually(() => {
      expect(a!.shared).toEqual(['x', 'x']);
      expect(b!.shared).toEqual(['x', 'x']);
    });
  });

  test('an instance that starts later does not hear what was before', async () => {
    const service = new TestService();
    const module = { controllers: [BroadcastController] };
    const first = (await service.serveModule(module)).get(BroadcastController);
    const client = service.client();
    client.emit('cache.drop', 'before');
    await eventually(() => expect(first.dropped).toEqual(['before']));
    const second = (await service.serveModule(module)).get(BroadcastController);
    client.emit('cache.drop', 'after');
    await eventually(() => expect(second.dropped).toEqual(['after']));
    await eventually(() => expect(first.dropped).toEqual(['before', 'after']));
  });

  test('its group goes with the instance', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [BroadcastController] });
    const connection = service.redis;
    const groups = async () =>
      ((await connection.xinfo('GROUPS', service.stream('cache.flaky'))) as unknown[]).length;
    expect(await groups()).toBe(1);
    await app.close();
    expect(await groups()).toBe(0);
  });

  test('a message handler of the same pattern answers requests and gets no events', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [AskedController] });
    const { heard } = app.get(AskedController);
    const client = service.client();
    client.emit('asked', 'event');
    await eventually(() => expect(heard).toEqual(['event']));
    expect(await firstValueFrom(client.send('asked', {}))).toBe('answered');
    expect(app.get(AskedController).asked).toBe(1);
  });
});

describe('groups', () => {
  test('each group gets each event once, however many instances it has', async () => {
    const service = new TestService();
    const module = { controllers: [GroupController] };
    const serve = async (group: string) =>
      (await service.serveModule(module, { group })).get(GroupController);
    const billing = await serve('billing');
    const [mailA, mailB] = [await serve('mail'), await serve('mail')];
    const client = service.client();
    const sent = Array.from({ length: 20 }, (_, i) => i);
    for (const n of sent) client.emit('order.placed', n);
    const sorted = (...heard: unknown[][]) =>
      heard.flat().toSorted((x, y) => Number(x) - Number(y));
    await eventually(() => {
      expect(sorted(billing.heard)).toEqual(sent);
      expect(sorted(mailA.heard, mailB.heard)).toEqual(sent);
    });
  });

  test('a group that fails an event takes it from no other', async () => {
    const service = new TestService();
    const bad = await service.serveModule({ controllers: [SeveralController] }, { group: 'bad' });
    service.client().emit('several', { failures: 99 });
    await eventually(async () => expect(await service.deadLetters('bad')).toHaveLength(1));
    expect(bad.get(SeveralController).runs).toHaveLength(5);
    expect(await service.deadLetters('good')).toEqual([]);
  });

  test('a second group that answers the same requests is refused', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [AskedController] }, { group: 'first' });
    const testing = await Test.createTestingModule({ controllers: [AskedController] }).compile();
    const strategy = service.strategy({ group: 'second' });
    const app = closing(testing.createNestMicroservice({ strategy, logger: false }));
    await expect(app.listen()).rejects.toMatchObject({ code: 'GROUP_CONFLICT', pattern: 'asked' });
  });
});

describe('several handlers of one event', () => {
  test('only the one that failed runs again, then the event is acknowledged', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [SeveralController] });
    const { runs } = app.get(SeveralController);
    service.client().emit('several', { failures: 2 });
    await eventually(() => expect(runs).toHaveLength(5));
    expect(runs.toSorted()).toEqual(['empty', 'fails', 'fails', 'fails', 'sound']);
    await eventually(async () => expect(await service.pending('several')).toBe(0));
    expect(await service.deadLetters()).toEqual([]);
  });

  test('after the last attempt it becomes a dead letter that says why', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [SeveralController] });
    const { runs } = app.get(SeveralController);
    service.client().emit('several', { failures: 99 });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(runs.toSorted()).toEqual(['empty', 'fails', 'fails', 'fails', 'sound']);
    const [letter] = await service.deadLetters();
    expect(letter).toMatchObject({
      stream: 'several',
      pattern: 'several',
      reason: 'attempts',
      attempts: '3',
      deliveries: '1',
      error: expect.stringContaining('failure 3'),
      d: '{"failures":99}',
    });
    expect(await service.pending('several')).toBe(0);
  });

  test('what waits for another attempt holds nothing up', async () => {
    const service = new TestService();
    const retry = { attempts: 2, delay: 60_000 };
    const app = await service.serveModule(
      { controllers: [SlowRetryController] },
      { concurrency: 1, retry },
    );
    const { runs } = app.get(SlowRetryController);
    const caller = service.client();
    caller.emit('slow-retry', 'bad');
    await eventually(() => expect(runs).toEqual(['bad']));
    caller.emit('slow-retry', 'good');
    await eventually(() => expect(runs).toEqual(['bad', 'good']));
  });
});

@Controller()
class SlowRetryController {
  readonly runs: unknown[] = [];

  @EventPattern<string>('slow-retry')
  run(data: unknown): void {
    this.runs.push(data);
    if (data === 'bad') throw new RpcException('bad');
  }
}

test('a processing hook that throws fails the attempt, and loses no event', async () => {
  const service = new TestService();
  const strategy = service.strategy({ retry: soon });
  const testing = await Test.createTestingModule({ controllers: [GroupController] }).compile();
  const app = closing(testing.createNestMicroservice({ strategy, logger: false }));
  let broken = true;
  strategy.setOnProcessingStartHook((_transport, _context, done): unknown => {
    if (broken) {
      broken = false;
      throw new Error('no span');
    }
    return done();
  });
  await app.listen();
  service.client().emit('order.placed', 1);
  await eventually(() => expect(app.get(GroupController).heard).toEqual([1]));
});
