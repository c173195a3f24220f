import { eventually } from '../../../tools/wait.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

const leaseTtl = 600;
const gone = 'gone-1-AAAAAAAAAAAA';

/** Names of the groups of a stream. */
async function groups(service: TestService, stream: string): Promise<string[]> {
  const listed = (await service.redis.xinfo('GROUPS', service.keys.stream(stream))) as string[][];
  return listed.map((fields) => fields[1]!);
}

/** Groups of broadcasts that dead instances of `orders` left: as they are named now, and as they were. */
async function leftBehind(service: TestService, stream: string): Promise<string[]> {
  const names = [`orders{${gone}}`, `orders~${gone}`];
  for (const name of names) {
    await service.redis.xgroup('CREATE', service.keys.stream(stream), name, '$');
  }
  return names;
}

describe('services whose names begin alike', () => {
  it('keep their groups when one of them takes away what its dead left', async () => {
    const service = new TestService();
    const names = ['orders', 'orders~v2', 'orders/since', 'orders~gone-2-AAAAAAAAAAAA'];
    const runs = new Map(names.map((name) => [name, new Tally()]));
    for (const group of names) {
      const happened = (n: number) => void runs.get(group)!.add(n);
      await service.serve({ events: { happened } }, { group, leaseTtl });
    }
    const left = await leftBehind(service, 'happened');
    const client = await service.connected();
    await Promise.all(range(60).map((n) => client.tell('happened', n)));
    // Whoever takes these away has looked at all groups, twice, and found who is dead.
    await eventually(async () => {
      const there = await groups(service, 'happened');
      for (const name of left) expect(there).not.toContain(name);
    });
    await Promise.all(range(60).map((n) => client.tell('happened', 60 + n)));
    await eventually(() => {
      for (const tally of runs.values()) expect(tally.counts.size).toBe(120);
    });
    for (const [group, tally] of runs) expect(tally.repeated, group).toEqual([]);
    expect((await groups(service, 'happened')).toSorted()).toEqual(names.toSorted());
  });

  it('a broadcast of one of them is not another of them', async () => {
    const service = new TestService();
    const heard = new Tally();
    const broadcast = (group: string) =>
      service.serve(
        { events: { happened: [() => void heard.add(group), { broadcast: true }] } },
        { group, leaseTtl },
      );
    await broadcast('orders');
    await broadcast('orders~v2');
    const left = await leftBehind(service, 'happened');
    const client = await service.connected();
    await eventually(async () => {
      const there = await groups(service, 'happened');
      for (const name of left) expect(there).not.toContain(name);
      expect(there).toHaveLength(2);
    });
    await client.tell('happened');
    await eventually(() => expect(heard.total).toBe(2));
    expect(heard.repeated).toEqual([]);
  });
});
