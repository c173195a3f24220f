import { Keys, shardOf } from '../../libs/redis-stream-transport/src/protocol/keys.js';
import {
  spreadStreams,
  usedStreams,
} from '../../libs/redis-stream-transport/src/protocol/spread.js';
import { RedisCluster } from '../../tools/redis/cluster.js';
import type { KeptServer } from '../../tools/redis/kept-server.js';
import { eventually } from '../../tools/wait.js';
import type { Caller } from '../support/caller.js';
import { range } from '../support/tally.js';
import { turns } from '../support/turns.js';
import { TestService } from '../support/test-service.js';

let cluster: RedisCluster;
beforeAll(async () => {
  // Masters without replicas: what a dead one owned cannot be served by others.
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const args = ['--cluster-require-full-coverage', 'no', ...durable];
  cluster = await RedisCluster.start({ masters: 3, args });
}, 60_000);
afterAll(() => cluster.stop());

const SHARDS = 24;
const options = { shards: SHARDS };
const SPREAD = 6;
const used = usedStreams('work', spreadStreams('work', SHARDS), SPREAD);

const keysOf = (service: TestService, stream: string) =>
  new Keys(service.prefix, shardOf(stream, SHARDS), SHARDS);

/** Which master has which of the streams. */
async function placed(service: TestService): Promise<Map<string, KeptServer>> {
  const owners = new Map<string, KeptServer>();
  for (const stream of used) {
    owners.set(stream, await cluster.ownerOf(keysOf(service, stream).stream(stream)));
  }
  return owners;
}

/** A service whose pattern is spread, and a client that has heard of it. */
async function spread(): Promise<{ service: TestService; client: Caller; seen: Set<string> }> {
  const service = new TestService({ cluster });
  const seen = new Set<string>();
  const handler = (n: number, context: { getStream(): string }) => {
    seen.add(context.getStream());
    return n + 1;
  };
  const messages = { work: [handler, { spread: SPREAD }] as const };
  await service.serve({ messages }, options);
  const client = await service.connected(options);
  await eventually(async () => {
    await burst(client);
    expect(seen.size).toBe(SPREAD);
  });
  return { service, client, seen };
}

/** Calls until each stream had a turn. All must be answered. */
const burst = (client: Caller) =>
  turns(SPREAD, async () => {
    expect(await Promise.all(range(5).map((n) => client.call('work', n)))).toEqual([1, 2, 3, 4, 5]);
  });

it('a pattern that is spread has equal shares of its calls on all masters', async () => {
  const { service, client } = await spread();
  const owners = await placed(service);
  const before = new Map<KeptServer, number>();
  const counted = async (): Promise<Map<KeptServer, number>> => {
    const counts = new Map<KeptServer, number>();
    for (const [stream, owner] of owners) {
      const info = await owner.redis.xinfo('STREAM', keysOf(service, stream).stream(stream));
      const fields = info as unknown[];
      const added = Number(fields[fields.indexOf('entries-added') + 1]);
      counts.set(owner, (counts.get(owner) ?? 0) + added);
    }
    return counts;
  };
  for (const [owner, count] of await counted()) before.set(owner, count);
  let calls = 0;
  await turns(100 * SPREAD, async () => void (await client.call('work', calls++)));
  const shares = [...(await counted())].map(([owner, count]) => count - before.get(owner)!);
  expect(shares.reduce((sum, share) => sum + share, 0)).toBe(calls);
  // Turns are given by time, and not as many calls are made in each.
  for (const share of shares) expect(share).toBeGreaterThan(calls / 6);
});

it('the other masters take the calls of one that is dead, and share with it again when it is back', async () => {
  const { service, client, seen } = await spread();
  const owners = await placed(service);
  const home = owners.get('work')!;
  const dead = [...owners.values()].find((owner) => owner !== home)!;
  const status: string[] = [];
  client.status.subscribe((each) => status.push(each));
  const onItsWay = range(50).map((n) => client.call('work', n, { timeout: 30_000 }));
  await dead.crash();
  await eventually(() => expect(status.at(-1)).toBe('partial'), 20_000);

  seen.clear();
  await burst(client);
  expect(seen.size).toBe(SPREAD - SPREAD / 3);
  await dead.comeBack();
  await cluster.settled();
  // What had been sent there before it was missed waits for it.
  expect(await Promise.all(onItsWay)).toEqual(range(50).map((n) => n + 1));
  seen.clear();
  await eventually(async () => {
    await burst(client);
    expect(seen.size).toBe(SPREAD);
  }, 20_000);
}, 60_000);

it('goes on where the master of its own stream is dead, for clients that have heard of the others', async () => {
  const { service, client, seen } = await spread();
  const owners = await placed(service);
  const home = owners.get('work')!;
  const status: string[] = [];
  client.status.subscribe((each) => status.push(each));
  await home.crash();
  await eventually(() => expect(status.at(-1)).toBe('partial'), 20_000);
  seen.clear();
  await burst(client);
  expect(seen.size).toBe(SPREAD - SPREAD / 3);
  // What has a key waits for the record of the key.
  const keyed = client.call('work', 7, { idempotencyKey: 'k', timeout: 30_000 });
  await home.comeBack();
  await cluster.settled();
  expect(await keyed).toBe(8);
}, 60_000);
