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

/** A service whose patterns are in several shards, on all three masters; and what runs commands there. */
async function place() {
  const service = new TestService({ cluster });
  const held = new Gate();
  onTestFinished(() => held.open());
  const fail = () => {
    throw new Error('no');
  };
  const shards = 24;
  const names = range(6);
  const slow = Object.fromEntries(names.map((n) => [`slow.${n}`, () => held.opened]));
  const quick = Object.fromEntries(names.map((n) => [`quick.${n}`, (data: unknown) => data]));
  const events = Object.fromEntries(
    names.map((n) => [`lost.${n}`, [fail, { retry: { attempts: 1 } }] as const]),
  );
  await service.serve({ messages: { ...slow, ...quick }, events }, { shards, drainTimeout: 0 });
  const client = await service.connected({ shards });
  for (const n of names) {
    client.call(`slow.${n}`, n, { headers: { tenant: 'acme' } }).catch(() => undefined);
    await client.tell(`lost.${n}`);
  }
  const where = cluster.addresses.map(({ host, port }) => `${host}:${port}`).join(',');
  const at = (...args: string[]) =>
    commandAt({}, ...args, '--cluster', where, '--prefix', service.prefix);
  const run = async (...args: string[]) => {
    const { out, err } = await at(...args, '--json');
    expect(err).toBe('');
    return out;
  };
  const lines = async (...args: string[]) =>
    (await run(...args))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { pattern: string; calls: string[] });
  return { client, names, shards, at, run, lines, slow: Object.keys(slow) };
}

it('the commands find everything in all shards of a Cluster', async () => {
  const { run, lines, slow, shards } = await place();

  await eventually(async () => expect(await lines('dead', 'list')).toHaveLength(6));
  const pending = await lines('pending');
  expect(pending.map(({ pattern }) => pattern).toSorted()).toEqual(slow);
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
  expect(top.backlog.streams).toHaveLength(18);
  const { findings } = JSON.parse(await run('doctor')) as { findings: { code: string }[] };
  expect(findings.map(({ code }) => code)).not.toContain('WRONG_TYPE');
  expect(JSON.parse(await run('emit', 'lost.1'))).toMatchObject({ stored: true });
});

it('the commands show and change what is in all shards of a Cluster', async () => {
  const { client, names, at, run, lines, slow } = await place();
  for (const n of names) expect(await client.call(`quick.${n}`, n)).toBe(n);
  const shown = async (...args: string[]) => {
    const { code, out, err } = await at(...args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return out;
  };

  // What instances have done.
  await eventually(async () => {
    const stats = await shown('stats');
    for (const n of names) {
      expect(stats).toMatch(new RegExp(`^quick\\.${n} +service +1 +0 +0 +0 `, 'm'));
      expect(stats).toMatch(new RegExp(`^lost\\.${n} +service +1 +1 +0 +0 `, 'm'));
      expect(stats).toMatch(new RegExp(`^slow\\.${n} +service +0 +0 +0 +1 `, 'm'));
    }
  });
  const top = await shown('top', '--once');
  expect(top.match(/^Redis|^Valkey/gm)).toHaveLength(3);
  for (const name of slow) expect(top).toMatch(new RegExp(`^${name} +service +0 +1 `, 'm'));
  expect(await shown('services', 'service')).toContain('answers  quick.5: 1 instance');
  expect((await shown('ping')).match(/ answered in /g)).toHaveLength(3);
  expect(await lines('pending', '--pattern', 'slow.3')).toMatchObject([{ pattern: 'slow.3' }]);

  // One request across services.
  const found = JSON.parse(await run('explain', '--header', 'tenant=acme')) as {
    calls: { entries: { pattern: string }[] }[];
  };
  expect(found.calls.map(({ entries: [entry] }) => entry?.pattern).toSorted()).toEqual(slow);

  // Dead letters of all shards.
  await eventually(async () => expect(await lines('dead', 'list')).toHaveLength(6));
  expect(await shown('dead', 'list', '--summary')).toMatch(/lost\.5 +attempts +1 /);
  const one = ['--service', 'service', '--pattern', 'lost.2'];
  expect(JSON.parse(await run('dead', 'replay', ...one, '--yes'))).toMatchObject({ replayed: 1 });
  // It fails again.
  await eventually(async () => expect(await lines('dead', 'list')).toHaveLength(6));
  expect(JSON.parse(await run('dead', 'discard', '--service', 'service', '--yes'))).toMatchObject({
    discarded: 6,
  });
  expect(await lines('dead', 'list')).toEqual([]);

  // A pause holds in the shard of its pattern, and is shown.
  for (const pattern of ['quick.1', 'quick.4']) {
    expect(JSON.parse(await run('pause', pattern, '--refuse'))).toMatchObject({
      ...{ changed: true, instances: 1, applied: 1 },
    });
    expect(await client.failure(pattern)).toMatchObject({ code: 'PAUSED' });
  }
  expect(await client.call('quick.2', 'goes')).toBe('goes');
  expect(await shown('top', '--once')).toContain('quick.4');
  expect(JSON.parse(await run('resume', 'quick.4'))).toMatchObject({ changed: true, applied: 1 });
  expect(await client.call('quick.4', 'goes')).toBe('goes');
  expect(await shown('services')).toMatch(/quick\.1.*refused/);
});
