import { Keys, shardOf } from 'nestjs-redis-streams/protocol';
import { RedisCluster } from '../../tools/redis/cluster.js';
import { eventually } from '../../tools/wait.js';
import { range } from '../support/tally.js';
import { TestService } from '../support/test-service.js';

const SHARDS = 6;
const PATTERNS = range(12).map((i) => `p${i}`);

let cluster: RedisCluster;
beforeAll(async () => {
  // By default Redis stops all masters while one has failed.
  const args = ['--cluster-require-full-coverage', 'no'];
  cluster = await RedisCluster.start({ masters: 3, replicas: 1, args });
}, 60_000);
afterAll(() => cluster.stop());

it('while a master is dead and its replica is not promoted, calls to other shards go on as before', async () => {
  const service = new TestService({ cluster });
  const options = { shards: SHARDS };
  const messages = Object.fromEntries(PATTERNS.map((name) => [name, (n: number) => n]));
  await service.serve({ messages }, options);
  const client = await service.connected(options);
  await Promise.all(PATTERNS.map((name, n) => client.call(name, n)));
  const owners = await Promise.all(
    PATTERNS.map((name) =>
      cluster.ownerOf(new Keys(service.prefix, shardOf(name, SHARDS), SHARDS).incarnation()),
    ),
  );
  const [dead] = owners as [(typeof owners)[0]];
  const replica = await cluster.replicaOf(dead);
  const others = PATTERNS.filter((_, i) => owners[i] !== dead);
  expect(others.length).toBeGreaterThan(0);
  const took: number[] = [];
  const going = { on: true };
  const lanes = others.map(async (name) => {
    for (let n = 0; going.on; n++) {
      const made = performance.now();
      expect(await client.call(name, n)).toBe(n);
      took.push(performance.now() - made);
    }
  });
  await dead.kill();
  const waiting = client.call(PATTERNS[0]!, -1, { timeout: 20_000 });
  took.length = 0;
  await eventually(async () => expect((await replica.redis.role())[0]).toBe('master'), 20_000);
  going.on = false;
  await Promise.all(lanes);
  expect(took.length).toBeGreaterThan(100);
  // Redis takes longer than that to promote a replica. They take some milliseconds where the processor is not busy.
  expect(Math.max(...took)).toBeLessThan(1000);
  expect(await waiting).toBe(-1);
}, 60_000);
