import { RetryLater, type RedisStreamsContext } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import { TestService } from '../../support/test-service.js';

// N5: an event with `expiresIn` is not started after that time.

/** Until so many milliseconds have passed, on the clock of Redis, since the last entry of the pattern came. */
async function passed(service: TestService, pattern: string, ms: number): Promise<void> {
  await eventually(async () => {
    const [[id] = ['']] = await service.redis.xrevrange(service.stream(pattern), '+', '-');
    const [seconds = 0, micros = 0] = await service.redis.time();
    expect(seconds * 1000 + micros / 1000).toBeGreaterThan(Number.parseInt(id, 10) + ms);
  });
}

describe('N5 an event that expires', () => {
  test('is removed unrun, and counted as refused', async () => {
    const service = new TestService();
    const heard: unknown[] = [];
    const client = await service.connected();
    await client.tell('told', 'late', { expiresIn: 20 });
    await passed(service, 'told', 20);
    await client.tell('told', 'in time', { expiresIn: 60_000 });
    await client.tell('told', 'lasting');
    const server = service.server({ events: { told: (data: unknown) => void heard.push(data) } });
    const ends: unknown[] = [];
    server.on('entry.ended', ({ result, code, pattern }) => ends.push({ result, code, pattern }));
    await new Promise<void>((resolve) => void server.listen(() => resolve()));
    await eventually(() => expect(heard).toEqual(['in time', 'lasting']));
    await eventually(() => expect(ends).toHaveLength(3));
    expect(ends).toContainEqual({ result: 'refused', code: 'TIMEOUT', pattern: 'told' });
    await eventually(async () => expect(await service.pending('told')).toBe(0));
    expect(await service.deadLetters()).toEqual([]);
  });

  test('becomes a dead letter where the service wants that, and no other service does', async () => {
    const service = new TestService();
    const heard: unknown[] = [];
    const handlers = { events: { told: (data: unknown) => void heard.push(data) } };
    const client = await service.connected();
    await client.tell('told', { id: 'a1' }, { expiresIn: 20, headers: { trace: 't1' } });
    await passed(service, 'told', 20);
    await service.serve(handlers, { deadLetterExpired: true });
    await service.serve(handlers, { group: 'other', history: true });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    const [letter] = await service.deadLetters();
    expect(letter).toMatchObject({ reason: 'expired', pattern: 'told', d: '{"id":"a1"}' });
    expect(letter).toMatchObject({ attempts: '0', deliveries: '1', h: '{"trace":"t1"}' });
    await eventually(async () => expect(await service.length('told')).toBe(0));
    expect(await service.deadLetters('other')).toEqual([]);
    expect(heard).toEqual([]);
  });

  test('runs to its end if it was started in time, and has no deadline', async () => {
    const service = new TestService();
    const gate = new Gate();
    const seen: unknown[] = [];
    const told = async (_: unknown, context: RedisStreamsContext): Promise<void> => {
      seen.push(context.deadline, context.remainingTime());
      await gate.opened;
      seen.push(context.signal.aborted);
    };
    await service.serve({ events: { told } });
    const client = await service.connected();
    await client.tell('told', 1, { expiresIn: 2000 });
    await eventually(() => expect(seen).toEqual([undefined, Number.POSITIVE_INFINITY]));
    await passed(service, 'told', 2200);
    gate.open();
    await eventually(() => expect(seen).toHaveLength(3));
    expect(seen[2]).toBe(false);
    await eventually(async () => expect(await service.pending('told')).toBe(0));
    expect(await service.deadLetters()).toEqual([]);
  });

  test('that failed and would be tried again too late is a dead letter', async () => {
    const service = new TestService();
    const told = () => {
      throw new RetryLater(60_000);
    };
    await service.serve({ events: { told } });
    await (await service.connected()).tell('told', 1, { expiresIn: 20_000 });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(await service.deadLetters()).toMatchObject([{ reason: 'attempts', attempts: '1' }]);
  });
});

describe('N5 an event that expires after it was started', () => {
  test('is a dead letter if no slot is free for its next attempt', async () => {
    const service = new TestService();
    const gate = new Gate();
    const again = () => {
      throw new RetryLater(2000);
    };
    const hangs = () => gate.opened;
    await service.serve({ events: { again, hangs } }, { concurrency: 1 });
    const client = await service.connected();
    await client.tell('again', 1, { expiresIn: 3000 });
    await eventually(async () => {
      expect(await service.redis.hlen(service.keys.due('again'))).toBe(1);
    });
    await client.tell('hangs');
    await eventually(async () => expect(await service.pending('hangs')).toBe(1));
    await passed(service, 'again', 3100);
    gate.open();
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    const [letter] = await service.deadLetters();
    expect(letter).toMatchObject({
      pattern: 'again',
      reason: 'expired',
    });
  });

  test('is a dead letter if its instance was killed', async () => {
    const service = new TestService();
    const runs: number[] = [];
    const told = (_: unknown, context: RedisStreamsContext) => {
      runs.push(context.getDeliveryCount());
      return new Promise<void>(() => undefined);
    };
    const options = { leaseTtl: 1000, drainTimeout: 0 };
    await service.serve({ events: { told } }, options);
    const client = await service.connected();
    await client.tell('told', 1, { expiresIn: 3000 });
    await eventually(() => expect(runs).toEqual([1]));
    await passed(service, 'told', 3100);
    const [consumer = ''] = await service.consumers('told');
    await service.serve({ events: { told } }, options);
    await service.redis.set(service.keys.lease(consumer), '+');
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    const letters = await service.deadLetters();
    expect(letters).toMatchObject([{ pattern: 'told', reason: 'expired', deliveries: '2' }]);
    expect(runs).toEqual([1]);
  });
});

describe('N5 expiresIn is refused', () => {
  test.each([0, -1, 1.5, 2 ** 31, '1s', null])('as %s', async (expiresIn) => {
    const client = await new TestService().connected();
    const stored = client.tell('told', 1, { expiresIn: expiresIn as number });
    await expect(stored).rejects.toMatchObject({ code: 'INVALID_OPTION', outcome: 'not-run' });
    await expect(stored).rejects.toThrow(/"expiresIn"/);
  });

  test('for a call, which has a timeout', async () => {
    const client = await new TestService().connected();
    expect(await client.failure('work', 1, { expiresIn: 1000 })).toMatchObject({
      code: 'INVALID_OPTION',
      message:
        'RedisStreamsRecord: "expiresIn" is for events; work was sent as a call; use "timeout"',
    });
  });
});
