import { RedisStreamsRecord, type RedisStreamsContext } from 'nestjs-redis-streams';
import { concat, NEVER, of } from 'rxjs';
import { eventually } from '../../../tools/wait.js';
import { timeOf, waiting } from '../../support/scheduled.js';
import { TestService } from '../../support/test-service.js';

// N5: calls that are due later.

describe('N5 a call with a delay', () => {
  test('is answered after it was due; its timeout counts from then', async () => {
    const service = new TestService();
    const double = (n: number): number => n * 2;
    await service.serve({ messages: { double } });
    const client = await service.connected();
    await client.call('double', 1);
    const from = await timeOf(service);
    expect(await client.call('double', 4, { delay: 2100, timeout: 2000 })).toBe(8);
    expect(await timeOf(service)).toBeGreaterThanOrEqual(from + 2100);
  });

  test('is streamed with a window from then on: its values wait for its reader', async () => {
    const service = new TestService();
    let given = 0;
    const numbers = async function* () {
      for (; given < 1000; given++) yield given;
    };
    await service.serve({ messages: { numbers } });
    const client = await service.connected();
    const from = await timeOf(service);
    const record = new RedisStreamsRecord(1, { delay: 300, window: { values: 4 } });
    const reader = client.stream<number>('numbers', record)[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ value: 0, done: false });
    expect(await timeOf(service)).toBeGreaterThanOrEqual(from + 300);
    expect(given).toBeLessThan(20);
    for (let n = 1; n < 1000; n++) expect(await reader.next()).toEqual({ value: n, done: false });
    expect((await reader.next()).done).toBe(true);
    expect(await waiting(service, 'numbers')).toEqual([0, 0]);
  });

  test('that nobody served in time has certainly not run, and does not wait any more', async () => {
    const service = new TestService();
    const client = await service.connected();
    // Redis has 150 ms to decide, which a busy machine may need for something else.
    await eventually(async () =>
      expect(await client.failure('work', 1, { delay: 100, timeout: 100 })).toMatchObject({
        code: 'TIMEOUT',
        outcome: 'not-run',
      }),
    );
    expect(await waiting(service, 'work')).toEqual([0, 0]);
  });

  test('is taken back when its caller stops waiting', async () => {
    const service = new TestService();
    const client = await service.connected();
    const abort = new AbortController();
    const failed = client.failure('work', 1, { delay: 60_000, signal: abort.signal });
    await eventually(async () => expect(await waiting(service, 'work')).toEqual([1, 1]));
    abort.abort();
    expect(await failed).toMatchObject({ code: 'CANCELLED', outcome: 'not-run' });
    expect(await waiting(service, 'work')).toEqual([0, 0]);
  });

  test('that runs is cancelled as any other, also with others', async () => {
    const service = new TestService();
    const started: unknown[] = [];
    const aborted: unknown[] = [];
    const work = (data: unknown, { signal }: RedisStreamsContext): Promise<void> => {
      signal.addEventListener('abort', () => aborted.push(data));
      started.push(data);
      return new Promise(() => undefined);
    };
    await service.serve({ messages: { work } }, { drainTimeout: 0 });
    const client = await service.connected();
    const subscriptions = [3, 2, 1].map((n) =>
      client.send('work', new RedisStreamsRecord(n, { delay: 100 * n })).subscribe(),
    );
    await eventually(() => expect(started).toEqual([1, 2, 3]));
    for (const one of subscriptions) one.unsubscribe();
    await eventually(() => expect(aborted.toSorted()).toEqual([1, 2, 3]));
    expect(await waiting(service, 'work')).toEqual([0, 0]);
  });

  test('whose stream begins anew elsewhere ends where it runs', async () => {
    const service = new TestService();
    let id = '';
    const aborted: unknown[] = [];
    const work = (_: unknown, context: RedisStreamsContext) => {
      id = context.getCallId() ?? '';
      context.signal.addEventListener('abort', () => aborted.push(id));
      return concat(of(1), NEVER);
    };
    await service.serve({ messages: { work } }, { drainTimeout: 0 });
    const client = await service.connected();
    const seen: unknown[] = [];
    const record = new RedisStreamsRecord(1, { delay: 50 });
    client.send('work', record).subscribe({
      next: (value) => seen.push(value),
      error: ({ code }: { code: string }) => seen.push(code),
    });
    await eventually(() => expect(seen).toEqual([1]));
    const [caller = '', call] = id.split('/');
    const log = service.keys.log(caller);
    const frame = `1 other ${JSON.stringify([[call, 0, 2, 1, 0, 'first']])}`;
    const written = (await service.redis.xadd(log, '*', 'f', frame)) ?? '';
    await service.redis.spublish(log, `${written} ${frame}`);
    await eventually(() => expect(seen).toEqual([1, 'INTERRUPTED']));
    await eventually(() => expect(aborted).toEqual([id]));
  });
});
