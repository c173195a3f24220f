import type { Priority } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import { Instance } from '../../support/instance.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

const CLASSES: readonly Priority[] = ['high', 'normal', 'low'];
const classOf = (n: number) => ({ priority: CLASSES[n % 3]! });

describe('G26 an instance that is killed with entries of all classes', () => {
  test('loses none of them: each call is answered and each event handled', async () => {
    const service = new TestService();
    const options = { ...service.serverOptions, leaseTtl: 1000, concurrency: 12 };
    const extras = { priorities: true };
    const victim = await Instance.start(options, 'work', extras);
    const client = await service.connected();
    const calls = range(60).map((key) =>
      client.call('work', { key, hold: true }, { ...classOf(key), timeout: 30_000 }),
    );
    await Promise.all(range(60).map((key) => client.tell('happened', { key }, classOf(key))));
    await eventually(() => expect(victim.of('started').length).toBeGreaterThanOrEqual(12));
    const [runs, told] = [new Tally(), new Tally()];
    const note =
      (tally: Tally) =>
      ({ key }: { key: number }) =>
        tally.add(key);
    await service.serve(
      {
        messages: { work: [note(runs), extras] },
        events: { happened: [note(told), extras] },
      },
      options,
    );
    await victim.kill();
    await Promise.all(calls);
    const finished = victim.keys('finished');
    await eventually(() =>
      expect(new Set([...finished, ...told.counts.keys()]).size).toBeGreaterThanOrEqual(60),
    );
    expect([...runs.counts.keys()].toSorted((a, b) => Number(a) - Number(b))).toEqual(range(60));
    for (const stream of await service.redis.keys(`${service.stream('work')}*`))
      expect(await service.redis.xlen(stream)).toBe(0);
  }, 60_000);
});
