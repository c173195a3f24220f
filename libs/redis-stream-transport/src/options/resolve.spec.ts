import type { Cluster } from 'ioredis';
import { ALIASES } from './aliases.js';
import { CLIENT_TABLE, type RedisStreamsClientOptions } from './client-options.js';
import { PASSED_REDIS_OPTIONS, REFUSED_REDIS_OPTIONS } from './redis-options.js';
import { REDIS_OPTION_NAMES } from './redis-target.js';
import { resolveClientOptions, resolveServerOptions } from './resolve.js';
import { SERVER_TABLE, type RedisStreamsServerOptions } from './server-options.js';
import { SERVER_SYNONYMS } from './synonyms.js';

const server = (raw?: unknown) => resolveServerOptions(raw as RedisStreamsServerOptions);
const client = (raw?: unknown) => resolveClientOptions(raw as RedisStreamsClientOptions);

const MIB = 1024 * 1024;
const SERVER_DEFAULTS = {
  prefix: 'nrs',
  group: 'default',
  explicitGroup: false,
  concurrency: 200,
  maxDeliveries: 3,
  leaseTtl: 10_000,
  reconnectGrace: 2500,
  drainTimeout: 10_000,
  maxPayloadBytes: MIB,
  maxReplyBytes: 4 * MIB,
  replyTtl: 60_000,
  retry: { attempts: 3, delay: 1000, maxDelay: 60_000, factor: 2, jitter: 0.2 },
  retention: {},
  groupTtl: 7 * 86_400_000,
  history: false,
  wildcards: false,
  wildcardStreams: 1000,
  threads: {
    ...{ size: undefined, queue: 1000, memory: 512 * MIB, idleTimeout: 30_000, grace: 1000 },
    ...{ timeout: undefined, execArgv: undefined },
  },
  deadLetterExpired: false,
  exposeStack: false,
  requireNoEviction: false,
  lanes: new Map(),
  shards: 1,
  replicas: undefined,
  serializer: undefined,
  deserializer: undefined,
  retryAttempts: undefined,
  retryDelay: 1000,
  redis: { kind: 'single', options: {} },
};
const CLIENT_DEFAULTS = {
  prefix: 'nrs',
  timeout: 30_000,
  idleTimeout: undefined,
  maxPending: 10_000,
  maxBacklog: 1_000_000,
  messageIdWindow: 300_000,
  maxPayloadBytes: MIB,
  headers: {},
  hooks: undefined,
  passHeaders: undefined,
  wildcards: false,
  whenNoConsumer: 1000,
  window: undefined,
  lanes: new Map(),
  shards: 1,
  replicas: undefined,
  serializer: undefined,
  deserializer: undefined,
  retryAttempts: undefined,
  retryDelay: 1000,
  redis: { kind: 'single', options: {} },
};

/** For every option: one value that is taken and some that are not. */
const SAMPLES: Record<string, { good: unknown; bad: unknown[] }> = {
  prefix: { good: 'shop:eu', bad: ['', 'a b', '{a}', 'a\u0000', 'x'.repeat(129), 1, null] },
  group: { good: 'orders', bad: ['', 'a\n', 'a}', 1] },
  concurrency: { good: 1, bad: [0, 100_001, 1.5, '8'] },
  maxDeliveries: { good: 10, bad: [0, 1001] },
  leaseTtl: { good: 500, bad: [499, 600_001, '10s'] },
  reconnectGrace: { good: 0, bad: [-1, 600_001, '2s'] },
  drainTimeout: { good: 0, bad: [-1, 3_600_001, '10s'] },
  maxPayloadBytes: { good: 100, bad: [0, 64 * MIB + 1, '1mb'] },
  maxReplyBytes: { good: 1024, bad: [1023, 64 * MIB + 1] },
  messageIdWindow: { good: 1, bad: [0, 604_800_001, '5m'] },
  replyTtl: { good: 120_000, bad: [59_999, 86_400_001] },
  wildcards: { good: true, bad: ['true', 1, null] },
  wildcardStreams: { good: 10, bad: [0, 10_001, '10'] },
  retry: { good: { attempts: 1 }, bad: [3, false, { tries: 1 }] },
  retention: {
    good: { count: 0, age: 1000 },
    bad: [1000, { count: -1 }, { age: '1d' }, { max: 1 }],
  },
  groupTtl: { good: 86_400_000, bad: [999, '7d'] },
  history: { good: true, bad: ['true', 1] },
  threads: {
    good: {
      size: 2,
      queue: 0,
      memory: 64 * MIB,
      idleTimeout: 0,
      grace: 0,
      timeout: 1,
      execArgv: [],
    },
    bad: [true, 2, { size: 0 }, { size: 257 }, { memory: 1 }, { execArgv: 'tsx' }, { threads: 1 }],
  },
  exposeStack: { good: true, bad: ['true', 1] },
  deadLetterExpired: { good: true, bad: ['true', 1] },
  requireNoEviction: { good: true, bad: ['true', 1] },
  lanes: { good: { slow: ['report'] }, bad: [['report'], { slow: 'report' }] },
  shards: { good: 4, bad: [0, 257] },
  replicas: {
    good: { count: 2, timeout: 300 },
    bad: [1, {}, { count: 0 }, { count: 17 }, { count: 1, timeout: 1501 }, { count: 1, wait: 1 }],
  },
  serializer: { good: { serialize: String }, bad: [{}, 'json', null] },
  deserializer: { good: { deserialize: String }, bad: [{ serialize: String }, null] },
  retryAttempts: { good: 1, bad: [0, -1, Number.POSITIVE_INFINITY] },
  retryDelay: { good: 100, bad: [0, 60_001, '1s'] },
  timeout: { good: 50, bad: [0, 2 ** 31, '5s', null] },
  passHeaders: { good: ['x-tenant'], bad: [[''], 'x-tenant', [1]] },
  window: { good: false, bad: [64, 'wide', null, { values: 0 }, { characters: 0.5 }, { size: 1 }] },
  hooks: { good: [{ before: () => undefined }], bad: [[], {}, 'before', { during: () => 1 }] },
  expiresIn: { good: 1, bad: [0, 2 ** 31] },
  idleTimeout: { good: 50, bad: [0, 2 ** 31] },
  maxPending: { good: 1, bad: [0, 1_000_001] },
  maxBacklog: { good: 1, bad: [0, 1_000_000_001] },
  headers: { good: { a: 'b' }, bad: [{ a: 1 }, 'a'] },
  whenNoConsumer: { good: 'wait', bad: ['never', -1, null, true] },
};

it('gives a server its defaults', () => {
  expect(server()).toEqual(SERVER_DEFAULTS);
  expect(server({})).toEqual(SERVER_DEFAULTS);
});

it('gives a client its defaults', () => {
  expect(client()).toEqual(CLIENT_DEFAULTS);
  expect(client({})).toEqual(CLIENT_DEFAULTS);
});

describe.each([
  ['server', server, SERVER_TABLE, 'ServerRedisStreams'],
  ['client', client, CLIENT_TABLE, 'ClientRedisStreams'],
] as const)('%s', (side, resolve, table, owner) => {
  it('returns frozen objects all the way down', () => {
    const resolved = resolve();
    expect(Object.isFrozen(resolved)).toBe(true);
    for (const [name, value] of Object.entries(resolved)) {
      if (!(value instanceof Map)) expect(Object.isFrozen(value), name).toBe(true);
    }
  });

  describe.each(Object.keys(table))('%s', (name) => {
    const { good, bad } = SAMPLES[name]!;

    it('takes a value', () => {
      const resolved: Record<string, unknown> = { ...resolve({ [name]: good }) };
      if (name === 'lanes') expect(resolved[name]).toEqual(new Map([['report', 'slow']]));
      else if (name === 'retry') expect(resolved[name]).toMatchObject(good as object);
      else expect(resolved[name]).toEqual(good);
    });

    it('is not given when it is undefined', () => {
      expect(resolve({ [name]: undefined })).toEqual(resolve());
    });

    it.each(bad.map((value) => [value]))('refuses %j and names the option', (value) => {
      expect(() => resolve({ [name]: value })).toThrow(
        expect.objectContaining({
          code: 'INVALID_OPTION',
          message: expect.stringContaining(`${owner}: option "${name}`) as string,
        }) as never,
      );
    });
  });

  it.each([null, 'redis://a', 5, true, ['a']].map((value) => [value]))('given %j', (value) => {
    if (value === null) expect(resolve(value)).toEqual(resolve());
    else expect(() => resolve(value)).toThrow(`${owner}: options must be an object`);
  });

  it.each([
    ['concurency', side === 'server' ? 'did you mean "concurrency"?' : /"\w+"|lists all options/],
    ['prefx', 'did you mean "prefix"?'],
    ['hots', 'did you mean "host"?'],
    ['URL', 'did you mean "url"?'],
    ['passwrod', 'did you mean "password"?'],
    ['somethingElse', 'docs/options.md lists all options'],
    ['__proto__', 'unknown option "__proto__"'],
    ['constructor', 'unknown option "constructor"'],
    ['toString', 'unknown option "toString"'],
  ])('says about the unknown %s: %s', (name, advice) => {
    const raw = Object.defineProperty({}, name, { value: 1, enumerable: true });
    expect(() => resolve(raw)).toThrow(advice);
    expect(() => resolve(raw)).toThrow(`${owner}: unknown option "${name}"`);
  });

  const translated = side === 'server' ? Object.keys(SERVER_SYNONYMS) : [];
  const advised = [...ALIASES.keys()].filter((name) => !translated.includes(name));
  it.each(advised)('knows a better name for %s', (name) => {
    expect(() => resolve({ [name]: 1 })).toThrow(/; (did you mean "\w+"\?|"\w+" is an option of)/);
  });

  it.each(PASSED_REDIS_OPTIONS)('knows the ioredis option %s', (name) => {
    const value = { port: 1, db: 1, sentinels: [{}] }[name] ?? 'x';
    const raw = { [name]: value, ...(name === 'sentinels' && { name: 'main' }) };
    expect(resolve(raw).redis).toMatchObject({ options: raw });
    expect(resolve({ [name]: undefined })).toEqual(resolve());
  });

  it.each(Object.keys(REFUSED_REDIS_OPTIONS))('refuses the ioredis option %s', (name) => {
    expect(() => resolve({ [name]: null })).toThrow(`option "${name}" is refused`);
    expect(resolve({ [name]: undefined })).toEqual(resolve());
  });

  it("knows wildcards on both sides, as Nest's Redis transport does", () => {
    for (const wildcards of [true, false]) {
      expect(resolve({ wildcards })).toMatchObject({ wildcards });
    }
    for (const wildcards of ['false', null, 1]) {
      expect(() => resolve({ wildcards })).toThrow(/"wildcards" must be/);
    }
  });

  it('has more shards in a Cluster, unless a number is given', () => {
    const nodes = ['a:1'];
    const given = { isCluster: true, duplicate: () => given, disconnect: () => undefined };
    for (const place of [{ cluster: { nodes } }, { client: given as unknown as Cluster }]) {
      expect(resolve(place)).toMatchObject({ shards: 24 });
      expect(resolve({ ...place, shards: 1 })).toMatchObject({ shards: 1 });
    }
    expect(resolve({ sentinels: [{ host: 'a' }], name: 'm' })).toMatchObject({ shards: 1 });
  });

  it('reads configuration classes, and only the getters that it knows', () => {
    class Base {
      get prefix() {
        return 'shop';
      }
      get summary() {
        return 'of no concern';
      }
    }
    class Config extends Base {
      readonly shards = 2;
      get url() {
        return 'redis://cache';
      }
      describe() {
        return 'a method';
      }
    }
    const redis = { kind: 'single', options: { host: 'cache' } };
    expect(resolve(new Config())).toMatchObject({ prefix: 'shop', shards: 2, redis });
  });

  it('reads objects without a prototype', () => {
    expect(resolve(Object.assign(Object.create(null), { prefix: 'shop' })).prefix).toBe('shop');
  });

  it('neither reads from a polluted prototype nor pollutes one', () => {
    expect(() => resolve(JSON.parse('{"__proto__":{"prefix":"evil"}}'))).toThrow(/"__proto__"/);
    expect(resolve(Object.create({ prefix: 'inherited' })).prefix).toBe('nrs');
    expect(({} as { prefix?: string }).prefix).toBeUndefined();
  });
});

it('has no option that is also one of ioredis', () => {
  const ours = [...Object.keys(SERVER_TABLE), ...Object.keys(CLIENT_TABLE)];
  expect(ours.filter((name) => REDIS_OPTION_NAMES.includes(name))).toEqual([]);
});

it.each([
  [server, 'groupId', 'did you mean "group"?'],
  [server, 'gracefulShutdown', 'did you mean "drainTimeout"?'],
  [server, 'timeout', '"timeout" is an option of ClientRedisStreams'],
  [server, 'timeoutMs', '"timeout" is an option of ClientRedisStreams'],
  [client, 'timeoutMs', 'did you mean "timeout"?'],
  [client, 'queue', '"group" is an option of ServerRedisStreams'],
  [client, 'concurrency', '"concurrency" is an option of ServerRedisStreams'],
  [client, 'maxLen', '"retention" is an option of ServerRedisStreams'],
])('%s: %s → %s', (resolve, name, advice) => {
  expect(() => resolve({ [name]: 1 })).toThrow(advice);
});

it("takes names of Nest's other transports that mean the same", () => {
  const theirs = { queue: 'orders', prefetchCount: 7, gracePeriod: 500 };
  const ours = { group: 'orders', concurrency: 7, drainTimeout: 500 };
  expect(server(theirs)).toEqual(server(ours));
  expect(server({ queue: undefined })).toEqual(server());
  expect(() => server({ prefetchCount: 0 })).toThrow('option "concurrency" must be');
  expect(() => server({ queue: 'a', group: 'a' })).toThrow(
    'options "group" and "queue" contradict each other: they are two names of one option',
  );
});

it.each([
  ['maxReconnectAttempts', /did you mean "retryAttempts"/, /did you mean "retryAttempts"/],
  ['maxConnectionAttempts', /did you mean "retryAttempts"/, /did you mean "retryAttempts"/],
  ['reconnectTimeWait', /did you mean "retryDelay"/, /did you mean "retryDelay"/],
  ['servers', /did you mean "url"/, /did you mean "url"/],
  ['gracefulShutdown', /did you mean "drainTimeout"/, /"drainTimeout" is an option of Server/],
  ['prefetch', /did you mean "concurrency"/, /"concurrency" is an option of Server/],
])(
  "refuses %s of Nest's other transports with the name that it has here",
  (name, ofServer, ofClient) => {
    expect(() => server({ [name]: 1 })).toThrow(ofServer);
    expect(() => client({ [name]: 1 })).toThrow(ofClient);
  },
);

it.each([
  ['queue', '"group" is an option of ServerRedisStreams'],
  ['prefetchCount', '"concurrency" is an option of ServerRedisStreams'],
])('refuses %s of a client, which means nothing there', (name, advice) => {
  expect(() => client({ [name]: 1 })).toThrow(advice);
});

it('tells whether a group was given', () => {
  expect(server({ group: 'default' }).explicitGroup).toBe(true);
  expect(server({ group: undefined }).explicitGroup).toBe(false);
});

it('has half a second for replicas, unless told otherwise', () => {
  expect(client({ replicas: { count: 1 } }).replicas).toEqual({ count: 1, timeout: 500 });
  expect(server({ replicas: { count: 1 }, leaseTtl: 3000 }).replicas).toMatchObject({ count: 1 });
});

it('lets retries last as long as deliveries, unless told otherwise', () => {
  expect(server({ maxDeliveries: 7 }).retry.attempts).toBe(7);
  expect(server({ maxDeliveries: 7, retry: { attempts: 2 } }).retry.attempts).toBe(2);
  expect(server({ retry: { delay: 90_000 } }).retry).toMatchObject({ maxDelay: 90_000 });
});

it.each([
  [server, { groupTtl: 5000, leaseTtl: 5000 }, /"groupTtl" and "leaseTtl" contradict/],
  [server, { replicas: { count: 1 }, leaseTtl: 2999 }, /"replicas.timeout" and "leaseTtl" contr/],
  [client, { timeout: 1, idleTimeout: 1 }, /"timeout" and "idleTimeout" contradict/],
  [client, { url: 'redis://a', host: 'b' }, /"url" and "host" contradict/],
])('names both of two that contradict each other', (resolve, raw, message) => {
  expect(() => resolve(raw)).toThrow(message);
});
