import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { Logger } from '@nestjs/common';
import { DeadLetters } from 'nestjs-redis-streams/dead-letters';
import {
  diagnose,
  explainCall,
  explainMessage,
  patternStatistics,
  readBacklog,
  readOverview,
  readPending,
  readScheduled,
  readStatistics,
} from 'nestjs-redis-streams/operate';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { toFailure } from '../../libs/redis-stream-transport/src/redis/failure.js';
import type { Link } from '../../libs/redis-stream-transport/src/redis/link.js';
import { Keys } from '../../libs/redis-stream-transport/src/protocol/keys.js';
import {
  callerRights,
  missingRights,
  serviceRights,
} from '../../libs/redis-stream-transport/src/redis/operations/rights.js';
import { eventually } from '../../tools/wait.js';
import { importsOf, read as sourceOf, SOURCES } from '../architecture/source-tree.js';
import type { Caller } from '../support/caller.js';
import { scraped } from '../metrics/scraped.js';
import { closing } from '../support/closing.js';
import { Gate } from '../support/gate.js';
import { monitor } from '../support/monitor.js';
import { startPrivateRedis } from '../support/redis-process.js';
import { redis } from '../support/redis.js';
import { range } from '../support/tally.js';
import { listening, TestService } from '../support/test-service.js';
import { codeBlocks, read } from './documents.js';

const USERS = {
  service: 'orders',
  client: 'shop',
  operator: 'operator',
  auditor: 'auditor',
  watcher: 'watcher',
} as const;
type Role = keyof typeof USERS;
const ROLES = Object.keys(USERS) as Role[];

/** The lines of a recipe. What is an addition for some clients only is left out. */
const recipe = (role: Role): string[] => {
  const block = codeBlocks(read('docs/security.md'), 'text').find((text) =>
    text.startsWith(`ACL SETUSER ${USERS[role]} reset`),
  );
  return (block ?? '').trim().split('\n');
};

const granted = (role: Role): string[] =>
  recipe(role)
    .flatMap((line) => line.split(' '))
    .filter((word) => word.startsWith('+'))
    .map((word) => word.slice(1))
    .toSorted();

/** The kinds of keys and channels that a recipe permits. */
const kindsOf = (role: Role): string[] =>
  [...new Set(recipe(role).flatMap((line) => [...line.matchAll(/[~&]\{nrs\}:(\w+)/g)]))]
    .map(([, kind]) => kind as string)
    .filter((kind, i, all) => all.indexOf(kind) === i)
    .toSorted();

/** The files that a file has at run time. */
function reached(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file) || !existsSync(join(SOURCES, file))) return seen;
  seen.add(file);
  for (const { specifier, typeOnly } of importsOf(sourceOf(SOURCES, file))) {
    if (typeOnly || !specifier.startsWith('.')) continue;
    reached(normalize(join(dirname(file), specifier.replace(/\.js$/, '.ts'))), seen);
  }
  return seen;
}

const CONTAINERS = new Set(['pubsub', 'xgroup', 'xinfo', 'memory', 'client', 'script', 'cluster']);

/** The Redis commands that a source file names, in its scripts and outside of them. */
function commandsIn(file: string): string[] {
  const text = sourceOf(SOURCES, file);
  const named = [
    ...text.matchAll(/\bp?call\('([A-Z]+)'(?:, '([A-Z]+)')?/g),
    ...text.matchAll(/\.command\(\s*'(\w+)', (?:\[\s*'(\w+)')?/g),
    ...text.matchAll(/\bconnection\.call\('([A-Z]+)', '([A-Z]+)'/g),
    ...text.matchAll(/\bconnection\.(info|s?subscribe)\(/g),
  ];
  return named.map(([, command = '', sub = '']) => {
    const name = command.toLowerCase();
    return CONTAINERS.has(name) ? `${name}|${sub.toLowerCase()}` : name;
  });
}

const ENTRIES: Readonly<Record<Role, string>> = {
  service: 'nest/server-redis-streams.ts',
  client: 'nest/client-redis-streams.ts',
  operator: 'dead-letters/dead-letters.ts',
  auditor: 'operate/index.ts',
  watcher: 'metrics/metrics.ts',
};
/** What is named nowhere: ioredis gives the names of connections, and asks whether a server has loaded its data. */
const BY_IOREDIS = ['client|setname', 'info'];
/** Scripts are sent by their digest first. */
const BY_SCRIPT = ['eval', 'evalsha'];
/** Only in a Cluster, and with the option `replicas`. */
const ELSEWHERE = ['cluster|nodes', 'cluster|slots', 'wait'];

/** Only who pauses and resumes needs these. */
const PAUSING = ['del', 'hdel', 'hexists', 'hkeys', 'hlen'];

/** Only who takes back what is due later needs this one besides. */
const TAKING_BACK = ['zrem'];

/** These note no layout where there is none, and load no scripts ahead of their use. */
const UNUSED: Partial<Record<Role, readonly string[]>> = {
  // Only who asks for results needs these.
  client: ['get', 'pttl'],
  operator: ['hset', 'script|load'],
  auditor: ['hset', 'script|load', ...PAUSING, ...TAKING_BACK],
  watcher: ['hset', 'script|load'],
};

function commandsOf(role: Role): string[] {
  const files = [...reached(ENTRIES[role])].filter((file) =>
    /^(redis|dead-letters|operate|metrics)\//.test(file),
  );
  const named = new Set(files.flatMap(commandsIn));
  for (const command of [...BY_IOREDIS, ...BY_SCRIPT]) named.add(command);
  for (const command of [...ELSEWHERE, ...(UNUSED[role] ?? [])]) named.delete(command);
  return [...named].toSorted();
}

describe('the recipes', () => {
  it('name what is needed only elsewhere', () => {
    const text = read('docs/security.md');
    for (const command of [...ELSEWHERE, ...PAUSING, ...TAKING_BACK])
      expect(text).toContain(`+${command}`);
  });

  it.each(ROLES)('permit a %s the commands that its sources name, and no other', (role) => {
    expect(granted(role)).toEqual(commandsOf(role));
  });

  it.each([
    ['service', serviceRights],
    ['client', callerRights],
  ] as const)('are what a %s asks for when it starts', (role, rightsOf) => {
    const asked = rightsOf(new Keys('nrs', 0, 1)).map(({ command }) => command);
    expect([...new Set(asked)].toSorted()).toEqual(granted(role));
  });
});

const asFailure = (error: unknown): never => {
  throw toFailure(error);
};

/** A Redis of its own with the users of the recipes. */
async function guarded() {
  const server = await startPrivateRedis();
  onTestFinished(() => server.stop());
  const admin = redis(server.url);
  for (const role of ROLES) {
    for (const line of recipe(role)) {
      const [command, ...words] = line.split(' ') as [string, ...string[]];
      await admin.call(command, ...words);
    }
  }
  const urlOf = (role: Role) => `redis://${USERS[role]}:secret@127.0.0.1:${server.port}`;
  const place = new TestService({ url: server.url, prefix: 'nrs' });
  return { admin, place, urlOf };
}

/** What each role has done, itself and in its scripts. */
class Watched {
  private readonly sides = new Map<string, string>();
  private readonly done = new Map<string, { commands: Set<string>; kinds: Set<string> }>();

  static async begin(url: string): Promise<Watched> {
    const watched = new Watched();
    let script = '';
    await monitor(url, (words, from) => {
      if (from !== 'lua') script = from;
      watched.note(script, words);
    });
    return watched;
  }

  private note(from: string, words: string[]): void {
    const [command = '', sub = '', name = ''] = words.map((word) => word.toLowerCase());
    // Connections give themselves a name that says whose they are.
    const side = /^nestjs-redis-streams:(server|client|dead-letters|operate|metrics):/.exec(
      name,
    )?.[1];
    if (command === 'client' && side !== undefined) this.sides.set(from, side);
    const done = this.done.get(from) ?? { commands: new Set(), kinds: new Set() };
    this.done.set(from, done);
    done.commands.add(CONTAINERS.has(command) ? `${command}|${sub}` : command);
    for (const word of words) {
      const kind = /^\{nrs\}:(\w+)/.exec(word)?.[1];
      if (kind !== undefined) done.kinds.add(kind);
    }
  }

  by(role: Role): { commands: Set<string>; kinds: Set<string> } {
    const own = [...this.done].filter(([from]) => this.sides.get(from) === SIDES[role]);
    return {
      commands: new Set(own.flatMap(([, { commands }]) => [...commands])),
      kinds: new Set(own.flatMap(([, { kinds }]) => [...kinds])),
    };
  }
}

const SIDES: Readonly<Record<Role, string>> = {
  service: 'server',
  client: 'client',
  operator: 'dead-letters',
  auditor: 'operate',
  watcher: 'metrics',
};
/** MONITOR does not show these, and only a service may run them. */
const HIDDEN = ['client|list', 'client|unblock'];
/** What a round of a few seconds does not need: silence, cleaning, and what has become of calls that packs held. */
const RARE: Readonly<Record<Role, readonly string[]>> = {
  service: [...HIDDEN, 'ping', 'hkeys', 'hrandfield', 'xlen', 'xrange', 'xtrim'],
  client: ['ping', 'del', 'hdel', 'hgetall'],
  operator: ['ping', 'xinfo|groups', 'spublish', 'zadd'],
  auditor: ['ping', 'client|list', 'dbsize'],
  watcher: ['ping', 'dbsize'],
};

const never = new Promise<never>(() => {});

/** Everything that a service can be asked for. */
function handlers(gate: Gate, heard: unknown[]) {
  let tries = 0;
  const stream = async function* () {
    yield 1;
    yield 2;
  };
  const flaky = () => {
    if (++tries === 1) throw new Error('the first time');
    heard.push('flaky');
  };
  return {
    messages: {
      echo: (data: unknown) => data,
      stream,
      slow: () => gate.opened.then(() => 'done'),
      hangs: () => never,
      once: [() => 'once', { atMostOnce: true }] as const,
      urgent: [() => 'urgent', { priorities: true }] as const,
      'wild.*': (data: unknown) => data,
      // So many that Redis is asked to tell which are written.
      ...Object.fromEntries(range(40).map((i) => [`many.${i}`, () => i])),
    },
    events: {
      told: (data: unknown) => void heard.push(data),
      loud: [(data: unknown) => void heard.push(data), { priorities: true }] as const,
      flaky: [flaky, { retry: { delay: 50 } }] as const,
      bad: (_: unknown, context: RedisStreamsContext) => context.deadLetter('always'),
      spread: [() => void heard.push('spread'), { broadcast: true }] as const,
    },
  };
}

async function callsOf(client: Caller): Promise<void> {
  expect(await client.call('echo', 1)).toBe(1);
  expect(await Promise.all(range(200).map((i) => client.call('echo', i)))).toEqual(range(200));
  expect(await client.values('stream')).toEqual([1, 2]);
  expect(await client.call('wild.first', 1)).toBe(1);
  expect(await client.call('once', 1)).toBe('once');
  expect(await client.call('urgent', 1, { priority: 'high' })).toBe('urgent');
  for (const _ of range(2)) {
    expect(await client.call('echo', 5, { idempotencyKey: 'key' })).toBe(5);
  }
  const waits = client.failure('echo', 1, { delay: 60_000, signal: AbortSignal.timeout(100) });
  expect(await waits).toMatchObject({ code: 'CANCELLED' });
  const signal = AbortSignal.timeout(100);
  expect(await client.failure('hangs', 1, { signal })).toMatchObject({ code: 'CANCELLED' });
  expect(await client.failure('hangs', 1, { timeout: 200 })).toMatchObject({ code: 'TIMEOUT' });
  for (const whenNoConsumer of ['fail', 'wait'] as const) {
    await client.failure('nobody', 1, { timeout: 200, whenNoConsumer });
  }
}

async function lettersOf(letters: DeadLetters): Promise<void> {
  const one = () => eventually(async () => expect(await letters.count()).toBe(1));
  await one();
  const first = (await letters.page()).letters[0]!.id;
  expect(await letters.get(first)).toMatchObject({ pattern: 'bad' });
  await letters.replay(first);
  expect(await letters.replay(first)).toBeDefined();
  await one();
  await letters.replayAll();
  await one();
  await letters.discard((await letters.page()).letters[0]!.id);
}

it('the recipes are enough for all that each role does, which uses every right', async () => {
  const { admin, place, urlOf } = await guarded();
  const watched = await Watched.begin(place.url);
  const heard: unknown[] = [];
  const gate = new Gate();
  const served = { url: urlOf('service'), drainTimeout: 50, leaseTtl: 3000, wildcards: true };
  const client = await place.connected({ url: urlOf('client') });
  await client.tell('told', 'before');
  const first = await place.serve(handlers(new Gate(), heard), served);
  await callsOf(client);
  for (const event of ['told', 'flaky', 'bad', 'spread']) await client.tell(event, event);
  await client.tell('loud', 'loud', { priority: 'high' });
  await Promise.all(range(2).map((i) => client.tell('told', `twin ${i}`)));
  await client.tell('told', 'later', { delay: 20, messageId: 'later' });
  await client.tell('told', 'much later', { delay: 3_600_000, messageId: 'much later' });
  const all = ['before', 'flaky', 'later', 'loud', 'spread', 'told', 'twin 0', 'twin 1'];
  await eventually(() => expect(heard.toSorted()).toEqual(all));

  const waiting = client.call('slow', 1, { timeout: 20_000 });
  await eventually(async () => expect(await place.pending('slow')).toBe(1));
  const auditor = { url: urlOf('auditor'), prefix: 'nrs' };
  const [held] = (await readPending(auditor, { pattern: 'slow' })).entries;
  const trace = await explainCall(auditor, held?.calls[0] ?? '');
  expect(trace.entries).toMatchObject([{ groups: [{ state: 'held' }] }]);
  expect((await readOverview(auditor)).callers).toHaveLength(1);
  expect((await readScheduled(auditor)).entries).toMatchObject([{ id: 'much later' }]);
  expect((await explainMessage(auditor, 'much later')).sent).toMatchObject([{ pattern: 'told' }]);
  const [echo] = patternStatistics(await readStatistics(auditor));
  expect(echo).toMatchObject({ pattern: 'echo', errors: 0, p99: expect.any(Number) });
  // As an instance with a contract says it.
  await admin.hset('{nrs}:about:files', 'consumer', '1 {}');
  await admin.hset('{nrs}:paused:other', 'p:pattern', '{}');
  expect((await diagnose(auditor)).map(({ code }) => code)).not.toContain('WRONG_TYPE');
  await place.serve(handlers(gate, heard), served);
  // One looks for the connections of the other. MONITOR does not show it.
  const counted = (command: string) =>
    eventually(async () => expect(await admin.info('commandstats')).toContain(command));
  await counted('cmdstat_client|list:');
  gate.open();
  await first.close();
  expect(await waiting).toBe('done');
  const where = { url: urlOf('operator'), prefix: 'nrs', group: 'service' };
  await lettersOf(closing(new DeadLetters(where)));
  const gauges = { url: urlOf('watcher'), prefix: 'nrs', interval: 1000 };
  const { value, stop } = scraped({ gauges });
  await eventually(async () => expect(await value('redis_read_up')).toBe(1));
  // It keeps its turn, and reads again: after sixty times as long as the first read took.
  const again = () => expect(watched.by('watcher').commands.has('pexpire')).toBe(true);
  await eventually(again, 60_000);
  await stop();
  const left = await readBacklog(auditor);
  expect(left.streams.map(({ stream }) => stream)).toContain('echo');

  const denied = (await admin.call('ACL', 'LOG', '100')) as string[][];
  const objects = denied.map((entry) => entry[entry.indexOf('object') + 1]);
  // A service asks for this channel first, and does without it.
  expect(objects.filter((object) => object !== '__redis__:invalidate')).toEqual([]);
  await counted('cmdstat_client|unblock:');
  for (const role of ROLES) {
    const { commands, kinds } = watched.by(role);
    const unused = granted(role).filter((command) => !commands.has(command));
    expect(RARE[role], role).toEqual(expect.arrayContaining(unused));
    if (role !== 'service') expect([...kinds]).toEqual(expect.arrayContaining(kindsOf(role)));
  }
}, 120_000);

it('a client that asks for results needs an addition, and no more', async () => {
  const { admin, place, urlOf } = await guarded();
  await place.serve({ messages: { echo: (n: number) => n } }, { url: urlOf('service') });
  const client = await place.connected({ url: urlOf('client') });
  expect(await client.call('echo', 7, { idempotencyKey: 'a' })).toBe(7);
  await expect(client.resultOf('echo', 'a')).rejects.toMatchObject({ code: 'REDIS' });
  const addition = codeBlocks(read('docs/security.md'), 'text').find((text) =>
    text.startsWith('ACL SETUSER shop %R'),
  );
  const [command = '', ...words] = (addition ?? '').trim().split(' ');
  await admin.call(command, ...words);
  expect(await client.resultOf('echo', 'a')).toMatchObject({ state: 'done', values: [7] });
  const nobody = `${'x'.repeat(22)}/10000000001`;
  expect(await client.resultOf('echo', nobody)).toEqual({ state: 'unknown' });
  expect(await client.resultOf('nowhere', 'a')).toEqual({ state: 'unknown' });
});

describe('a right that is missing', () => {
  const asked = { service: serviceRights, client: callerRights } as const;
  const keys = new Keys('nrs', 0, 1);

  it.each(['service', 'client'] as const)('is named to a %s, each of them', async (role) => {
    const { admin, urlOf } = await guarded();
    const user = redis(urlOf(role));
    const link = {
      command: (name: string, args: string[]) => user.call(name, ...args).catch(asFailure),
    } as unknown as Link;
    const missing = () => missingRights({ link, keys }, asked[role]);
    expect(await missing()).toEqual([]);
    const taken = async (right: string): Promise<string[]> => {
      await admin.call('ACL', 'SETUSER', USERS[role], `-${right}`);
      const named = await missing();
      await admin.call('ACL', 'SETUSER', USERS[role], `+${right}`);
      return [...new Set(named.map((name) => name.split(' on ')[0] as string))];
    };
    // Without these two nothing can be asked, and the start fails.
    const commands = granted(role).filter(
      (right) => right !== 'evalsha' && right !== 'script|load',
    );
    for (const right of commands) expect(await taken(right)).toEqual([right]);
    await admin.call('ACL', 'SETUSER', USERS[role], 'resetchannels');
    const channels = asked[role](keys).flatMap(({ command, channel }) =>
      channel === undefined ? [] : `${command} on ${channel}`,
    );
    expect(await missing()).toEqual(channels);
  });

  it('to publish replies is one line, and they come all the same', async () => {
    const { admin, place, urlOf } = await guarded();
    const lines = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    onTestFinished(() => lines.mockRestore());
    const rest = [
      'resetchannels',
      '&{nrs}:inbox:*',
      '&{nrs}:nudge:*',
      '&{nrs}:s:*',
      '&{nrs}:streams',
    ];
    await admin.call('ACL', 'SETUSER', 'orders', ...rest);
    await place.serve({ messages: { echo: (n: number) => n } }, { url: urlOf('service') });
    await eventually(() =>
      expect(lines.mock.calls.map(([line]) => String(line))).toContain(
        'Redis does not permit all that a service needs: spublish on {nrs}:r:*',
      ),
    );
    const client = await place.connected({ url: urlOf('client') });
    expect(await client.call('echo', 1)).toBe(1);
  });

  it('to the keys of wildcards keeps no client from what it did before there were any', async () => {
    const { admin, place, urlOf } = await guarded();
    const words = recipe('client').flatMap((line) => line.split(' '));
    const others = words.filter(
      (word) => /^[~&]/.test(word) && !/:(?:streams|looked|wildcards)$/.test(word),
    );
    await admin.call('ACL', 'SETUSER', 'shop', 'resetkeys', 'resetchannels', ...others);
    const seen: string[] = [];
    const hear = (data: string, context: RedisStreamsContext): void => {
      seen.push(`${data} ${context.getPriority()}`);
    };
    const messages = { echo: (n: number) => n };
    const events = { paid: [hear, { priorities: true }] as const };
    await place.serve({ messages, events }, { url: urlOf('service') });
    const wild = { url: urlOf('service'), group: 'wild', wildcards: true };
    await place.serve({ messages: { 'wild.*': () => 1 } }, wild);
    const client = await place.connected({ url: urlOf('client') });
    for (const n of [1, 2]) expect(await client.call('echo', n)).toBe(n);
    expect(await client.call('echo', 3, { delay: 1 })).toBe(3);
    const refused = await client.failure('nobody', 1, { whenNoConsumer: 'fail' });
    expect(refused).toMatchObject({ code: 'NO_CONSUMER', outcome: 'not-run' });
    await client.tell('paid', 'a');
    await client.tell('paid', 'b', { messageId: 'b' });
    // What may be for a wildcard is in no class, and who cannot know takes it to be so.
    await client.tell('paid', 'c', { priority: 'high' });
    await eventually(() => expect(seen.toSorted()).toEqual(['a normal', 'b normal', 'c normal']));
    expect(await client.failure('wild.a', 1)).toMatchObject({ code: 'NO_CONSUMER' });
  });

  it.each(['info', 'time', 'script|load', 'ssubscribe', 'xgroup|create'])(
    'that nothing works without fails the start at once: %s',
    async (right) => {
      const { admin, place, urlOf } = await guarded();
      const lines = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      onTestFinished(() => lines.mockRestore());
      for (const role of ['service', 'client'] as const) {
        await admin.call('ACL', 'SETUSER', USERS[role], `-${right}`);
      }
      const server = place.server(
        { messages: { echo: (n: number) => n } },
        { url: urlOf('service') },
      );
      const error = await listening(server).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'REDIS' });
      const said = [String(error), ...lines.mock.calls.map(([line]) => String(line))];
      expect(said.join('\n')).toContain(right.split('|')[0]);
    },
  );
});
