import type { Redis } from 'ioredis';
import { shardOf } from 'nestjs-redis-streams/protocol';
import { Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { eventually } from '../../../tools/wait.js';

it('a service reads only where it has patterns, and is connected without a reader elsewhere', async () => {
  const service = new TestService();
  const shards = 5;
  const options = { shards };
  const statuses: string[] = [];
  const server = service.server({ messages: { work: () => 'done' } }, options);
  server.status.subscribe((status) => statuses.push(status));
  await new Promise((resolve) => void server.listen(resolve));
  const roles = new Tally();
  for (const { options: own } of server.unwrap<Redis[]>()) {
    roles.add(own.connectionName?.split(':')[2]);
  }
  expect(roles.counts.get('reader')).toBe(1);
  expect(await (await service.connected(options)).call('work')).toBe('done');
  await eventually(() => expect(statuses).toEqual(['connected']));
  // Broadcasts are read by a connection of their own, where there are any.
  const told: unknown[] = [];
  const other = ['a', 'b', 'c', 'd'].find((name) => shardOf(name, 5) !== shardOf('work', 5))!;
  const broadcast = [(data: unknown) => void told.push(data), { broadcast: true }] as const;
  const hearing = await service.serve({ events: { [other]: broadcast } }, options);
  const readers = hearing
    .unwrap<Redis[]>()
    .filter(({ options: own }) => own.connectionName?.includes(':reader:'));
  expect(readers).toHaveLength(1);
  await (await service.connected(options)).tell(other, 1);
  await eventually(() => expect(told).toEqual([1]));
});
