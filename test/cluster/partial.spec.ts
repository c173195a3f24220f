import { Logger } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { Keys, shardOf } from '../../libs/redis-stream-transport/src/protocol/keys.js';
import { RedisCluster } from '../../tools/redis/cluster.js';
import type { KeptServer } from '../../tools/redis/kept-server.js';
import { eventually } from '../../tools/wait.js';
import { range } from '../support/tally.js';
import { listening, TestService } from '../support/test-service.js';

let cluster: RedisCluster;
beforeAll(async () => {
  // Masters without replicas: what a dead one owned cannot be served by others. The others serve on.
  const args = [
    '--cluster-require-full-coverage',
    'no',
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
  ];
  cluster = await RedisCluster.start({ masters: 3, args });
}, 60_000);
afterAll(() => cluster.stop());

const SHARDS = 6;
/** A pattern of each shard. */
const patterns = range(SHARDS).map((shard) =>
  range(1000)
    .map((n) => `p${n}`)
    .find((name) => shardOf(name, SHARDS) === shard)!,
);

/** Which patterns are on which master. */
async function placed(service: TestService): Promise<Map<KeptServer, string[]>> {
  const owners = new Map<KeptServer, string[]>();
  for (const [shard, pattern] of patterns.entries()) {
    const owner = await cluster.ownerOf(new Keys(service.prefix, shard, SHARDS).incarnation());
    owners.set(owner, [...(owners.get(owner) ?? []), pattern]);
  }
  return owners;
}

/** A place whose shards are on two masters at least, the ones of the first and what is there, and all others. */
async function split(): Promise<{ service: TestService; dead: KeptServer; away: string[] }> {
  for (;;) {
    const service = new TestService({ cluster });
    const [first, second] = await placed(service);
    if (first !== undefined && second !== undefined) {
      return { service, dead: first[0], away: first[1] };
    }
  }
}

/** The same, and the first master is dead until the test ends. `here` are the patterns on the others. */
async function splitWithout(): Promise<{ service: TestService; here: string[] }> {
  const { service, dead, away } = await split();
  await dead.crash();
  onTestFinished(async () => {
    await dead.comeBack();
    await cluster.settled();
  });
  return { service, here: patterns.filter((pattern) => !away.includes(pattern)) };
}

const recorded = (status: Observable<string>): string[] => {
  const seen: string[] = [];
  status.subscribe((each) => seen.push(each));
  return seen;
};

it('a dead master stops no start: the other shards serve, and its own as soon as it is back', async () => {
  const { service, dead, away } = await split();
  const here = patterns.filter((pattern) => !away.includes(pattern));
  await dead.crash();

  const options = { shards: SHARDS };
  const messages = Object.fromEntries(patterns.map((name) => [name, (n: number) => n + 1]));
  const told: number[] = [];
  const server = service.server(
    { messages, events: { [`${away[0]}`]: (n: number) => void told.push(n) } },
    options,
  );
  const client = service.client(options);
  const lines = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  onTestFinished(() => lines.mockRestore());
  const seen = [recorded(server.status), recorded(client.status)];
  await Promise.all([listening(server), client.connect()]);
  expect(seen).toEqual([['partial'], ['partial']]);
  const missing = lines.mock.calls
    .map(([line]) => String(line))
    .filter((line) => /goes on without/.test(line));
  expect(missing).toHaveLength(2);
  expect(missing[0]).toMatch(
    new RegExp(
      `^goes on without ${away.length} of 6 shards and tries them again: \\{.*${dead.port}`,
    ),
  );

  expect(await Promise.all(here.map((name) => client.call(name, 1)))).toEqual(here.map(() => 2));
  expect(await client.failure(away[0]!, 1, { timeout: 300 })).toMatchObject({
    code: 'NOT_CONNECTED',
    outcome: 'not-run',
  });
  const waiting = client.call(away[0]!, 5, { timeout: 20_000, whenNoConsumer: 'wait' });

  await dead.comeBack();
  expect(await waiting).toBe(6);
  await eventually(() => {
    for (const each of seen) expect(each.at(-1)).toBe('connected');
  }, 20_000);
  const answers = patterns.map((name) => client.call(name, 2));
  expect(await Promise.all(answers)).toEqual(patterns.map(() => 3));
  await client.tell(away[0]!, 7);
  await eventually(() => expect(told).toEqual([7]));
  expect(seen).toEqual([
    ['partial', 'connected'],
    ['partial', 'connected'],
  ]);
}, 60_000);

it('a shard that comes back and is refused is tried again, with a line that says why', async () => {
  const { service, dead, away } = await split();
  const options = { shards: SHARDS };
  const [pattern] = away as [string];
  const others = await service.serve(
    { messages: { [pattern]: () => 'others' } },
    { ...options, group: 'others', leaseTtl: 60_000 },
  );
  const theirs = recorded(others.status);
  await dead.crash();
  await eventually(() => expect(theirs.at(-1)).toBe('partial'), 20_000);
  const lines = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  onTestFinished(() => lines.mockRestore());
  const server = await service.serve({ messages: { [pattern]: () => 'ours' } }, options);
  const seen = recorded(server.status);
  await dead.comeBack();
  await eventually(() => {
    expect(lines.mock.calls.map(([line]) => String(line))).toContainEqual(
      expect.stringMatching(/^cannot serve shard \{.* yet: .*group others answers requests/),
    );
  }, 20_000);
  expect(seen).toEqual(['partial']);
  // Who cannot reach the shard cannot withdraw from it.
  await eventually(() => expect(theirs.at(-1)).toBe('connected'), 20_000);
  await others.close();
  await eventually(() => expect(seen.at(-1)).toBe('connected'), 20_000);
  expect(await (await service.connected(options)).call(pattern)).toBe('ours');
}, 60_000);

it('a server that serves a part of its shards closes as any other: it has left where it was', async () => {
  const { service, here } = await splitWithout();
  const messages = Object.fromEntries(patterns.map((name) => [name, (n: number) => n + 1]));
  const server = await service.serve({ messages }, { shards: SHARDS });
  const members = () =>
    Promise.all(
      here.map((pattern) => {
        const keys = new Keys(service.prefix, shardOf(pattern, SHARDS), SHARDS);
        return service.redis.zcard(keys.members('service'));
      }),
    );
  expect(await members()).toEqual(here.map(() => 1));
  const began = performance.now();
  await server.close();
  // Nothing waits for the dead master: handlers may take ten seconds to drain, and a lease lasts as long.
  expect(performance.now() - began).toBeLessThan(3000);
  expect(await members()).toEqual(here.map(() => 0));
}, 60_000);

it('what is wrong for all fails the start at once, also while a master is dead', async () => {
  const { service } = await splitWithout();
  const wrong = { shards: SHARDS, username: 'nobody', password: 'wrong' };
  await expect(service.client(wrong).connect()).rejects.toMatchObject({ code: 'REDIS' });
  await expect(service.serve({ messages: {} }, wrong)).rejects.toMatchObject({ code: 'REDIS' });
}, 60_000);
