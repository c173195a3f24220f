import {
  PASSED_CLUSTER_OPTIONS,
  PASSED_REDIS_OPTIONS,
  REFUSED_CLUSTER_OPTIONS,
  REFUSED_REDIS_OPTIONS,
} from './redis-options.js';
import { REDIS_OPTION_NAMES, resolveRedisTarget } from './redis-target.js';

const resolve = (raw: Record<string, unknown>) =>
  resolveRedisTarget(new Map(Object.entries(raw)), { owner: 'Server' });
const credentials = () => ({ password: 'pw' });
const client = { duplicate: () => client, disconnect: () => undefined };
const nodes = [{ host: 'a', port: 1 }, 'redis://b:2'];
const addresses = [
  { host: 'a', port: 1 },
  { host: 'b', port: 2 },
];

it('is localhost, as ioredis has it, without options', () => {
  expect(resolve({})).toEqual({ kind: 'single', options: {} });
});

it('passes the options of ioredis on and leaves others out', () => {
  const options = { host: 'cache', port: 6380, tls: { ca: 'x' }, connectionName: 'n' };
  expect(resolve({ ...options, group: 'ours' })).toEqual({ kind: 'single', options });
});

it.each(PASSED_REDIS_OPTIONS)('passes %s on', (name) => {
  const known = { port: 6380, db: 2, sentinels: [{ host: 's' }] }[name] ?? 'value';
  const sentinels = name === 'sentinels' ? { name: 'main' } : {};
  const target = resolve({ [name]: known, ...sentinels });
  expect(target).toMatchObject({ kind: 'single', options: { [name]: known } });
  expect(REDIS_OPTION_NAMES).toContain(name);
});

it.each(Object.entries(REFUSED_REDIS_OPTIONS))('refuses %s with its reason', (name, reason) => {
  expect(() => resolve({ [name]: 'x' })).toThrow(`option "${name}" is refused: ${reason}`);
  expect(() => resolve({ cluster: { nodes, options: { redisOptions: { [name]: 1 } } } })).toThrow(
    `option "cluster.options.redisOptions.${name}" is refused: ${reason}`,
  );
});

it.each(Object.entries(REFUSED_CLUSTER_OPTIONS))(
  'refuses cluster.options.%s with its reason',
  (name, reason) => {
    const cluster = { nodes, options: { [name]: 'x' } };
    expect(() => resolve({ cluster })).toThrow(`"cluster.options.${name}" is refused: ${reason}`);
  },
);

it.each(PASSED_CLUSTER_OPTIONS)('passes cluster.options.%s on', (name) => {
  const value = name === 'redisOptions' ? { password: 'pw' } : 'value';
  const target = resolve({ cluster: { nodes, options: { [name]: value } } });
  expect(target).toMatchObject({ kind: 'cluster', options: { [name]: value } });
});

it('takes ports and databases from the environment as texts', () => {
  expect(resolve({ port: '6380', db: '2' })).toMatchObject({ options: { port: 6380, db: 2 } });
});

it.each([
  [{ path: '/run/redis.sock', host: 'a' }, /"path" and "host" contradict/],
  [{ port: 0 }, /"port" must be a whole number from 1 to 65535, got 0/],
  [{ port: '' }, /"port"/],
  [{ port: 'secret' }, /"port"/],
  [{ db: -1 }, /"db" must be a whole number from 0/],
  [{ db: 1.5 }, /"db"/],
])('refuses %j', (raw, message) => {
  expect(() => resolve(raw)).toThrow(message);
});

describe('url', () => {
  it('says where Redis is, beside other options', () => {
    const url = 'rediss://me:pw@cache:6380/1';
    expect(resolve({ url, tls: { ca: 'x' }, connectionName: 'n' })).toEqual({
      kind: 'single',
      options: {
        ...{ host: 'cache', port: 6380, username: 'me', password: 'pw', db: 1 },
        ...{ tls: { ca: 'x' }, connectionName: 'n' },
      },
    });
    expect(resolve({ url: 'redis://cache', db: 4 })).toMatchObject({ options: { db: 4 } });
  });

  it.each(['host', 'port', 'path', 'db', 'username', 'password'])('contradicts %s', (name) => {
    const value = name === 'port' || name === 'db' ? 1 : 'x';
    expect(() => resolve({ url: 'redis://me:pw@cache:1/2', [name]: value })).toThrow(
      `options "url" and "${name}" contradict each other`,
    );
  });
});

describe('credentials', () => {
  it('are a function that is asked later, also with sentinels', () => {
    expect(resolve({ credentials, host: 'a' })).toEqual({
      kind: 'single',
      options: { host: 'a' },
      credentials,
    });
    const sentinels = [{ host: 's' }];
    expect(resolve({ credentials, sentinels, name: 'main' })).toMatchObject({ credentials });
  });

  it.each([
    [{ credentials, password: 'x' }, /"credentials" and "password" contradict/],
    [{ credentials, username: 'x' }, /"credentials" and "username" contradict/],
    [{ credentials, url: 'redis://:x@a' }, /"credentials" and "url" contradict/],
    [
      { credentials, cluster: { nodes, options: { redisOptions: { password: 'a' } } } },
      /"credentials" and "cluster.options.redisOptions.password" contradict/,
    ],
    [{ credentials, client }, /"client" and "credentials" contradict/],
    [{ credentials: { password: 'hidden' } }, /"credentials" must be a function/],
    [{ credentials: 'hidden' }, /"credentials" must be a function/],
  ])('are refused when they cannot work: %#', (raw, message) => {
    expect(() => resolve(raw)).toThrow(message);
    expect(() => resolve(raw)).not.toThrow(/hidden/);
  });
});

describe('sentinels', () => {
  const sentinels = [{ host: 's', port: 26_379 }];

  it('are passed on with the name of their group', () => {
    const options = { sentinels, name: 'main', sentinelPassword: 'pw' };
    expect(resolve(options)).toEqual({ kind: 'single', options });
  });

  it.each([
    [{ sentinels }, /"name" must be the name of the master group that "sentinels" watch/],
    [{ sentinels: [], name: 'main' }, /"sentinels" must be an array of at least one/],
    [{ sentinels: 's', name: 'main' }, /"sentinels" must be/],
    [{ sentinels, name: 'main', host: 'a' }, /"sentinels" and "host" contradict/],
    [{ sentinels, name: 'main', url: 'redis://a' }, /"sentinels" and "url" contradict/],
  ])('are refused when they cannot work: %j', (raw, message) => {
    expect(() => resolve(raw)).toThrow(message);
  });
});

describe('cluster', () => {
  it('uses the top level for its nodes', () => {
    const options = { slotsRefreshTimeout: 500, redisOptions: { username: 'me' } };
    expect(resolve({ cluster: { nodes, options }, password: 'pw', db: 0 })).toEqual({
      kind: 'cluster',
      nodes: addresses,
      options: {
        slotsRefreshTimeout: 500,
        redisOptions: { password: 'pw', db: 0, username: 'me' },
      },
    });
  });

  it('takes nodes as ioredis does', () => {
    const given = [
      7000,
      '7001',
      'b',
      'b:7002',
      '[::1]:7003',
      { port: '7004' },
      { host: 'c', db: 1 },
    ];
    expect(resolve({ cluster: { nodes: given } })).toMatchObject({
      nodes: [
        { host: '127.0.0.1', port: 7000 },
        { host: '127.0.0.1', port: 7001 },
        { host: 'b', port: 6379 },
        { host: 'b', port: 7002 },
        { host: '::1', port: 7003 },
        { host: '127.0.0.1', port: 7004 },
        { host: 'c', port: 6379 },
      ],
    });
    const own = 'rediss://me:pw@d:7005/3';
    expect(resolve({ cluster: { nodes: [own] } })).toMatchObject({
      nodes: [{ host: 'd', port: 7005, username: 'me', password: 'pw', tls: {} }],
    });
  });

  it('takes credentials for every node', () => {
    expect(resolve({ cluster: { nodes }, credentials })).toMatchObject({ credentials });
  });

  it.each([
    [{ cluster: [] }, /"cluster" must be an object of "nodes"/],
    [{ cluster: null }, /"cluster" must be an object of "nodes"/],
    [{ cluster: 'redis://:secret@a' }, /"cluster" must be .*got a URL/],
    [{ cluster: {} }, /"nodes" \(at least one\)/],
    [{ cluster: { nodes: [] } }, /"nodes" \(at least one\)/],
    [{ cluster: { nodes: [true] } }, /"cluster.nodes\[0\]" must be a port/],
    [{ cluster: { nodes: [1, { host: 5 }] } }, /"cluster.nodes\[1\].host" must be/],
    [{ cluster: { nodes: ['a:x'] } }, /"cluster.nodes\[0\]" must be like/],
    [{ cluster: { nodes: [70_000] } }, /"cluster.nodes\[0\].port" must be a whole number/],
    [
      { cluster: { nodes, option: {} } },
      /"cluster" must be an object of "nodes" \(at least one\) and "options"/,
    ],
    [{ cluster: { nodes, options: 1 } }, /"cluster.options" must be an object/],
    [
      { cluster: { nodes, options: { scaleRead: 1 } } },
      /no option "scaleRead" in "cluster.options"/,
    ],
    [{ cluster: { nodes }, host: 'a' }, /"cluster" and "host" contradict/],
    [{ cluster: { nodes }, url: 'redis://a' }, /"cluster" and "url" contradict/],
    [{ cluster: { nodes }, sentinels: [{}] }, /"cluster" and "sentinels" contradict/],
    [{ cluster: { nodes }, db: 1 }, /"cluster" and "db" contradict/],
    [
      { cluster: { nodes, options: { redisOptions: { password: 'a' } } }, password: 'b' },
      /"password" and "cluster.options.redisOptions.password" contradict/,
    ],
  ])('is refused when it cannot work: %j', (raw, message) => {
    expect(() => resolve(raw)).toThrow(message);
  });
});

describe('client', () => {
  it('is passed on as it is', () => {
    const target = resolve({ client, group: 'ours' });
    expect(target).toEqual({ kind: 'client', client });
    expect(target.kind === 'client' && target.client).toBe(client);
    expect(Object.isFrozen(client)).toBe(false);
  });

  it.each(['url', 'host', 'password', 'cluster', 'sentinels', 'tls'])('contradicts %s', (name) => {
    expect(() => resolve({ client, [name]: 'x' })).toThrow(
      `options "client" and "${name}" contradict each other`,
    );
  });

  it.each([{}, 'redis://:secret@a', null, () => client])('must be a client: %s', (value) => {
    expect(() => resolve({ client: value })).toThrow(
      /"client" must be an object with duplicate\(\)/,
    );
  });
});

it('freezes what it makes, not what it was given', () => {
  const tls = {};
  const single = resolve({ tls });
  const cluster = resolve({ cluster: { nodes, options: { redisOptions: { tls } } } });
  expect(
    Object.isFrozen(single) && single.kind === 'single' && Object.isFrozen(single.options),
  ).toBe(true);
  expect(cluster.kind === 'cluster' && Object.isFrozen(cluster.options.redisOptions)).toBe(true);
  expect(Object.isFrozen(tls) || Object.isFrozen(nodes)).toBe(false);
});
