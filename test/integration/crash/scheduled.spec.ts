import { onTestFinished } from 'vitest';
import { Forked } from '../../../tools/forked.js';
import { eventually } from '../../../tools/wait.js';
import { builtLibrary, program } from '../../support/built-library.js';
import { Instance } from '../../support/instance.js';
import { startDurableRedis } from '../../support/redis-process.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

const isStored = (message: unknown): message is 'stored' => message === 'stored';

/** How many entries ever came into a stream. */
async function added({ redis, keys }: TestService, stream: string): Promise<number> {
  const fields = (await redis.xinfo('STREAM', keys.stream(stream))) as unknown[];
  return Number(fields[fields.indexOf('entries-added') + 1]);
}

describe('G24 what is due later', () => {
  test('survives the kill of its sender', async () => {
    const service = new TestService();
    const options = { ...service.address };
    const sender = new Forked({
      name: 'sender',
      program: program('delaying'),
      args: [JSON.stringify({ library: builtLibrary(), options, delay: 600 })],
    });
    onTestFinished(async () => void (await sender.kill()));
    await sender.message(isStored, 30_000);
    await sender.kill();
    const instance = await Instance.start(service.serverOptions);
    await eventually(() => expect(instance.keys('finished').toSorted()).toEqual(['call', 'event']));
    expect([await added(service, 'work'), await added(service, 'happened')]).toEqual([1, 1]);
  }, 60_000);

  test('survives the kill of all instances, and of Redis that keeps its data, and is added once', async () => {
    const redis = await startDurableRedis();
    const service = new TestService({ url: redis.url });
    const first = await Instance.start(service.serverOptions);
    const client = await service.connected();
    // Some are due at any moment of what follows.
    await Promise.all(
      range(60).map((i) => client.tell('happened', { key: i }, { delay: 1 + i * 50 })),
    );
    await eventually(() => expect(first.of('started').length).toBeGreaterThan(3));
    await first.kill();
    const second = await Instance.start(service.serverOptions);
    await eventually(() => expect(second.of('started').length).toBeGreaterThan(3));
    await redis.kill();
    await redis.restart();
    await second.kill();
    const third = await Instance.start(service.serverOptions);
    const instances = [first, second, third];
    await eventually(
      () =>
        expect(new Set(instances.flatMap((one) => one.keys('finished')))).toEqual(
          new Set(range(60)),
        ),
      30_000,
    );
    expect(await added(service, 'happened')).toBe(60);
  }, 120_000);
});
