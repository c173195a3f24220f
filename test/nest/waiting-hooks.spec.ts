// What waits in a `before` hook is not sent yet, and is open all the same.
import { type CallHooks, RedisStreamsError, RedisStreamsRecord } from 'nestjs-redis-streams';
import { lastValueFrom } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import type { Caller } from '../support/caller.js';
import { EITHER_BROKER } from '../support/either-broker.js';
import { Gate } from '../support/gate.js';

const WAYS = ['a call', 'an event'] as const;
const LIMIT = { timeout: 20_000 };

describe.each(EITHER_BROKER)('M12 what waits in a hook, over %s', (_name, make) => {
  /** A client whose hooks wait for a gate, and what its service has run. */
  const open = async (options: { maxPending?: number } = {}, more: CallHooks = {}) => {
    const service = make();
    const ran: unknown[] = [];
    const handle = (data: unknown): number => ran.push(data);
    await service.serve({ messages: { ask: handle }, events: { tell: handle } });
    const gate = new Gate();
    let waiting = 0;
    const before = (): Promise<unknown> => {
      waiting++;
      return gate.opened;
    };
    const client = await service.connected({ hooks: { ...more, before }, ...options });
    const waits = (many: number) => eventually(() => expect(waiting).toBe(many));
    onTestFinished(() => gate.open());
    return { client, gate, ran, waits };
  };

  const start = (client: Caller, way: (typeof WAYS)[number], data: unknown): Promise<unknown> => {
    const ended = way === 'a call' ? client.send('ask', data) : client.emit('tell', data);
    return lastValueFrom(ended).then(
      () => 'ended',
      (error: unknown) => error,
    );
  };

  test.each(WAYS)('%s ends with its client, which does not connect anew', async (way) => {
    const told: unknown[] = [];
    const { client, gate, ran, waits } = await open({}, { error: (_, why) => told.push(why) });
    const states: unknown[] = [];
    client.status.subscribe((state) => states.push(state));
    const ended = start(client, way, 1);
    await waits(1);
    await client.close();
    const closed = { code: 'CLOSED', outcome: 'not-run', retryable: expect.any(Boolean) };
    expect(await ended).toMatchObject(closed);
    expect(states.at(-1)).toBe('disconnected');
    gate.open();
    // The hook that has ended late is told.
    await eventually(() => expect(told).toMatchObject([closed]));
    expect(() => client.unwrap()).toThrow('Not initialized');
    expect(states.at(-1)).toBe('disconnected');
    // It may be used again.
    await client.call('ask', 2, LIMIT);
    expect(ran).toEqual([2]);
  });

  // A client that closes between two steps of a call must not be connected by the second.
  test.each(WAYS)(
    '%s that leaves its hook as the client closes does not connect it',
    async (way) => {
      const service = make();
      let gate = new Gate();
      const client = await service.connected({ hooks: { before: () => gate.opened } });
      for (let steps = 0; steps < 20; steps++) {
        gate = new Gate();
        const ended = start(client, way, steps);
        gate.open();
        for (let i = 0; i < steps; i++) await Promise.resolve();
        await client.close();
        expect(await ended).toMatchObject({ code: 'CLOSED' });
        expect(() => client.unwrap()).toThrow('Not initialized');
      }
    },
  );

  test.each(WAYS)('%s ends with its signal', async (way) => {
    const { client, gate, ran, waits } = await open();
    const abort = new AbortController();
    const ended = start(client, way, new RedisStreamsRecord(1, { signal: abort.signal }));
    await waits(1);
    abort.abort();
    expect(await ended).toMatchObject({ code: 'CANCELLED', outcome: 'not-run' });
    gate.open();
    await client.call('ask', 2, LIMIT);
    expect(ran).toEqual([2]);
    const late = start(client, way, new RedisStreamsRecord(3, { signal: abort.signal }));
    expect(await late).toMatchObject({ code: 'CANCELLED', outcome: 'not-run' });
    // Its hooks were not asked.
    await waits(2);
  });

  test.each(WAYS)('%s counts among "maxPending"', async (way) => {
    const { client, gate, waits } = await open({ maxPending: 2 });
    const both = [start(client, way, 1), start(client, way, 2)];
    await waits(2);
    const third = await start(client, way, 3);
    expect(RedisStreamsError.isRedisStreamsError(third)).toBe(true);
    expect(third).toMatchObject({ code: 'OVERLOADED', outcome: 'not-run' });
    gate.open();
    for (const ended of both) expect(await ended).toBe('ended');
    // Whoever is told has given its place to others.
    for (let i = 0; i < 5; i++) {
      const again = [start(client, way, i), start(client, way, i)];
      expect(await Promise.all(again)).toEqual(['ended', 'ended']);
    }
  });

  test('it counts until its hook has ended, also if nobody waits for the call any more', async () => {
    const { client, gate, waits } = await open({ maxPending: 1 });
    const subscription = client.send('ask', 1).subscribe();
    await waits(1);
    subscription.unsubscribe();
    expect(await client.failure('ask', 2)).toMatchObject({ code: 'OVERLOADED' });
    gate.open();
    await eventually(() => client.call('ask', 3, LIMIT));
  });
});
