import { RedisCluster } from '../../tools/redis/cluster.js';
import { eventually } from '../../tools/wait.js';
import { commandAt } from '../contracts/command.js';
import { Gate } from '../support/gate.js';
import { range } from '../support/tally.js';
import { TestService } from '../support/test-service.js';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await RedisCluster.start({ masters: 3 });
}, 60_000);
afterAll(() => cluster.stop());

it('the commands find everything in all shards of a Cluster', async () => {
  const service = new TestService({ cluster });
  const held = new Gate();
  onTestFinished(() => held.open());
  const fail = () => {
    throw new Error('no');
  };
  const shards = 24;
  const names = range(6);
  const messages = Object.fromEntries(names.map((n) => [`slow.${n}`, () => held.opened]));
  const events = Object.fromEntries(
    names.map((n) => [`lost.${n}`, [fail, { retry: { attempts: 1 } }] as const]),
  );
  await service.serve({ messages, events }, { shards, drainTimeout: 0 });
  const client = await service.connected({ shards });
  for (const n of names) {
    client.call(`slow.${n}`).catch(() => undefined);
    await client.tell(`lost.${n}`);
  }
  const where = cluster.addresses.map(({ host, port }) => `${host}:${port}`).join(',');
  const run = async (...args: string[]) => {
    const { out, err } = await commandAt(
      {},
      ...[...args, '--json', '--cluster', where, '--prefix', service.prefix],
    );
    expect(err).toBe('');
    return out;
  };
  const lines = async (...args: string[]) =>
    (await run(...args))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { pattern: string; calls: string[] });

  await eventually(async () => expect(await lines('dead', 'list')).toHaveLength(6));
  const pending = await lines('pending');
  expect(pending.map(({ pattern }) => pattern).toSorted()).toEqual(Object.keys(messages));
  for (const { pattern, calls } of pending) {
    expect(JSON.parse(await run('explain', calls[0] ?? ''))).toMatchObject({
      entries: [{ pattern, groups: [{ state: 'held' }] }],
      callerListens: true,
    });
  }
  const top = JSON.parse(await run('top', '--once')) as {
    servers: unknown[];
    services: { instances: { consumers: string[] }[] }[];
    backlog: { shards: number; streams: unknown[] };
  };
  expect(top.servers).toHaveLength(3);
  expect(top.services).toMatchObject([{ service: 'service', instances: [{ listens: true }] }]);
  expect(top.services[0]?.instances[0]?.consumers).toHaveLength(shards);
  expect(top.backlog).toMatchObject({ shards, deadLetters: { service: 6 } });
  expect(top.backlog.streams).toHaveLength(12);
  const { findings } = JSON.parse(await run('doctor')) as { findings: { code: string }[] };
  expect(findings.map(({ code }) => code)).not.toContain('WRONG_TYPE');
  expect(JSON.parse(await run('emit', 'lost.1'))).toMatchObject({ stored: true });
});
