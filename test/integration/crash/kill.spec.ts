import { eventually } from '../../../tools/wait.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { Instance } from '../../support/instance.js';

const options = (service: TestService, leaseTtl?: number) => ({
  ...service.serverOptions,
  ...(leaseTtl === undefined ? {} : { leaseTtl }),
});

describe('an instance that is killed while its handlers run', () => {
  it.each([
    { leaseTtl: undefined, bound: 16_000 },
    { leaseTtl: 3000, bound: 6000 },
  ])(
    'its calls are answered by another within $bound ms',
    async ({ leaseTtl, bound }) => {
      const service = new TestService();
      const victim = await Instance.start(options(service, leaseTtl));
      const client = await service.connected();
      const held = range(20).map((key) => client.call('work', { key, hold: key < 10, ms: 50 }));
      await eventually(() => expect(victim.of('started')).toHaveLength(20));
      await eventually(() => expect(victim.of('finished')).toHaveLength(10));
      const heir = new Tally();
      const handler = ({ key }: { key: number }) => {
        heir.add(key);
        return { key, by: 'heir' };
      };
      await service.serve({ messages: { work: handler } }, options(service, leaseTtl));
      await victim.kill();
      const died = performance.now();
      const answers = (await Promise.all(held)) as { key: number; by?: string }[];
      expect(performance.now() - died).toBeLessThan(bound);
      expect(answers.filter(({ by }) => by === 'heir').map(({ key }) => key)).toEqual(range(10));
      expect(heir.repeated).toEqual([]);
      expect([...heir.counts.keys()].sort()).toEqual(range(10));
      expect(await service.length('work')).toBe(0);
    },
    60_000,
  );

  it('its events are handled by another', async () => {
    const service = new TestService();
    const victim = await Instance.start(options(service, 1000));
    const client = await service.connected();
    await client.tell('happened', { key: 'event', hold: true });
    await eventually(() => expect(victim.of('started')).toHaveLength(1));
    const seen: number[] = [];
    const handler = (_: unknown, context: { getDeliveryCount(): number }) =>
      void seen.push(context.getDeliveryCount());
    await service.serve({ events: { happened: handler } }, options(service, 1000));
    await victim.kill();
    await eventually(() => expect(seen).toEqual([2]));
    await eventually(async () => expect(await service.pending('happened')).toBe(0));
  });

  it('its consumer is forgotten when nothing is left of it', async () => {
    const service = new TestService();
    const victim = await Instance.start(options(service, 1000));
    const client = await service.connected();
    const call = client.call('work', { key: 1, hold: true });
    await eventually(() => expect(victim.of('started')).toHaveLength(1));
    await service.serve({ messages: { work: () => 'heir' } }, options(service, 1000));
    await victim.kill();
    expect(await call).toBe('heir');
    await eventually(async () => expect(await service.consumers('work')).toHaveLength(1));
  });

  it('a handler that kills its process becomes a dead letter, and takes nothing along', async () => {
    const service = new TestService();
    const place = { ...options(service, 1000), maxDeliveries: 2 };
    const instances = await Promise.all(range(3).map(() => Instance.start(place)));
    const client = await service.connected();
    const poison = client.failure('work', { key: 'poison', die: true });
    const others = range(20).map((key) => client.call<{ key: number }>('work', { key, ms: 20 }));
    expect(await poison).toMatchObject({ code: 'DEAD_LETTERED', outcome: 'may-have-run' });
    const answers = await Promise.all(others);
    expect(answers.map(({ key }) => key)).toEqual(range(20));
    expect(await service.deadLetters()).toMatchObject([{ reason: 'deliveries', deliveries: '3' }]);
    const starts = instances.flatMap((instance) => instance.of('started'));
    expect(
      starts
        .filter(({ key }) => key === 'poison')
        .map((one) => one.deliveries)
        .sort(),
    ).toEqual([1, 2]);
  }, 60_000);
});
