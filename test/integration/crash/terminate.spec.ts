import { eventually } from '../../../tools/wait.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { Instance } from '../../support/instance.js';

interface Answer {
  readonly key: number;
  readonly by: string;
}

/** An instance in this process that notes what it ran, and with which delivery count. */
async function witness(service: TestService) {
  const ran = new Tally();
  const deliveries: number[] = [];
  const work = ({ key }: { key: number }, context: { getDeliveryCount(): number }) => {
    ran.add(key);
    deliveries.push(context.getDeliveryCount());
    return { key, by: 'witness' };
  };
  await service.serve({ messages: { work } }, service.serverOptions);
  return { ran, deliveries };
}

describe('an instance that is told to end', () => {
  it('finishes what runs, and leaves what was not started to the others at once', async () => {
    const service = new TestService();
    const leaving = await Instance.start({ ...service.serverOptions, concurrency: 2 });
    const client = await service.connected();
    const calls = range(2).map((key) => client.call<Answer>('work', { key, hold: true }));
    await eventually(() => expect(leaving.of('started')).toHaveLength(2));
    const { ran } = await witness(service);
    const waiting = range(20).map((key) => client.call<Answer>('work', { key: 100 + key }));
    const exit = leaving.terminate();
    await eventually(() => expect(leaving.of('ending')).toHaveLength(1));
    leaving.finish(0);
    leaving.finish(1);
    expect(await exit).toBe(0);
    expect((await Promise.all(calls)).map(({ key }) => key)).toEqual([0, 1]);
    await Promise.all(waiting);
    expect(ran.repeated).toEqual([]);
    expect(new Set(leaving.keys('started')).size).toBe(leaving.of('started').length);
  });

  it('what it had read but not started is taken over at once, not after the lease', async () => {
    const service = new TestService();
    // Its handler for one pattern is busy, so what it reads of that stream waits with it.
    const leaving = await Instance.start({ ...service.serverOptions, concurrency: 1 });
    const client = await service.connected();
    const first = client.call<Answer>('work', { key: 0, hold: true });
    await eventually(() => expect(leaving.of('started')).toHaveLength(1));
    // As if a read had brought them: they are pending under its name and wait for its only slot.
    const entries = range(5).map((key) => client.call<Answer>('work', { key: key + 1 }));
    await eventually(async () => expect(await service.length('work')).toBe(6));
    const consumer = leaving.of('started')[0]!.consumer!;
    const key = service.keys.stream('work');
    await service.redis.xreadgroup('GROUP', 'service', consumer, 'STREAMS', key, '>');
    const { ran, deliveries } = await witness(service);
    const exit = leaving.terminate();
    // Its slot must not become free before it knows that it is to end: it would start the next one.
    await eventually(() => expect(leaving.of('ending')).toHaveLength(1));
    leaving.finish(0);
    await exit;
    const left = performance.now();
    const answers = await Promise.all(entries);
    expect(performance.now() - left).toBeLessThan(5000);
    expect(answers.map(({ by }) => by)).toEqual(range(5).map(() => 'witness'));
    expect(deliveries).toEqual([2, 2, 2, 2, 2]);
    expect(ran.repeated).toEqual([]);
    expect(await first).toMatchObject({ key: 0 });
  });

  it('loses no call and repeats none under load, one instance after the other', async () => {
    const service = new TestService();
    const leaving = await Promise.all(range(2).map(() => Instance.start(service.serverOptions)));
    const client = await service.connected();
    const { ran } = await witness(service);
    const calls: Promise<Answer>[] = [];
    const sending = { on: true };
    const load = (async () => {
      for (let key = 0; sending.on; key++) {
        calls.push(client.call<Answer>('work', { key, ms: 5 }));
        if (key % 20 === 19) await calls.at(-1);
      }
    })();
    load.catch(() => {});
    try {
      for (const instance of leaving) {
        await eventually(() => expect(instance.of('started').length).toBeGreaterThan(50));
        await instance.terminate();
      }
    } finally {
      sending.on = false;
    }
    await load;
    const answers = await Promise.all(calls);
    expect(answers.map(({ key }) => key)).toEqual(range(calls.length));
    for (const key of leaving.flatMap((instance) => instance.keys('started'))) ran.add(key);
    expect(ran.repeated).toEqual([]);
    expect(ran.total).toBe(calls.length);
    expect(await service.consumers('work')).toHaveLength(1);
  }, 60_000);
});
