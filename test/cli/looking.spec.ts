import type { Finding } from 'nestjs-redis-streams/operate';
import { DeadLetter, RetryLater } from 'nestjs-redis-streams';
import { announceService } from '../../libs/redis-stream-transport/src/contracts/index.js';
import { factsIn } from '../../libs/redis-stream-transport/src/operate/instance-facts.js';
import { LIBRARY_VERSION } from '../../libs/redis-stream-transport/src/protocol/version.js';
import { eventually } from '../../tools/wait.js';
import { command } from '../contracts/command.js';
import { Gate } from '../support/gate.js';
import { listening, TestService } from '../support/test-service.js';
import { deployment } from './deployment.js';

const json = async (place: { prefix: string }, ...args: string[]): Promise<never> =>
  JSON.parse((await command(...args, '--json', '--prefix', place.prefix)).out) as never;

const lines = async (place: { prefix: string }, ...args: string[]) =>
  (await command(...args, '--json', '--prefix', place.prefix)).out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A service of several shards that holds what it is given. */
async function holding(shards = 3) {
  const service = new TestService();
  const held = new Gate();
  const later = () => {
    throw new RetryLater(600_000);
  };
  const messages = {
    slow: [() => held.opened, { concurrency: 1 }] as const,
    once: [() => held.opened, { atMostOnce: true }] as const,
  };
  const server = await service.serve({ messages, events: { later } }, { shards, drainTimeout: 0 });
  const client = await service.connected({ shards });
  for (const pattern of ['slow', 'once']) client.call(pattern).catch(() => undefined);
  await client.tell('later');
  await eventually(async () => {
    // What may be started once is listed twice for a moment.
    const patterns = new Set((await lines(service, 'pending')).map(({ pattern }) => pattern));
    expect(patterns.size).toBe(3);
  });
  onTestFinished(() => held.open());
  return { service, server, client, held };
}

describe('pending', () => {
  it('says what runs and what waits for another attempt, in all shards', async () => {
    const { service, server } = await holding();
    const found = new Map((await lines(service, 'pending')).map((one) => [one['pattern'], one]));
    const common = { service: 'service', deliveries: 1, consumer: expect.stringMatching(/-\d+-/) };
    expect(found.get('slow')).toMatchObject({ ...common, state: 'held', attempts: 0 });
    expect(found.get('once')).toMatchObject({ ...common, state: 'started' });
    expect(found.get('later')).toMatchObject({ ...common, state: 'retry', attempts: 1 });
    expect(found.get('later')).toMatchObject({ calls: [], dueAt: expect.any(Number) });
    expect(found.get('slow')?.['calls']).toEqual([expect.stringMatching(/^[\w-]{22}\/\d+$/)]);
    const patterns = async (...args: string[]) =>
      (await lines(service, 'pending', ...args)).map((one) => one['pattern']);
    expect(await patterns('--pattern', 'slow')).toEqual(['slow']);
    expect(await patterns('--older', '1h')).toEqual([]);
    expect(await patterns('--service', 'other')).toEqual([]);
    expect(await patterns('--limit', '1')).toHaveLength(1);
    await server.close();
    const [orphan] = await lines(service, 'pending', '--pattern', 'slow');
    expect(orphan).toMatchObject({ state: 'orphaned' });
  });
});

describe('what is paused', () => {
  it('is shown by pause, top, services, pending and doctor, until it is resumed', async () => {
    const { service } = await holding(1);
    const at = ['--prefix', service.prefix];
    const how = ['--reason', 'too hot', '--until', '2h'];
    const paused = await command('pause', 'slow', ...how, ...at);
    expect(paused).toMatchObject({ code: 0, out: expect.stringContaining('nothing new of slow') });
    const shown = /^paused: slow of service, calls wait, since .* until .*: too hot$/m;
    const looks = [
      ['pause'],
      ['top', '--once'],
      ['services'],
      ['services', 'service'],
      ['pending'],
    ];
    for (const args of looks) expect((await command(...args, ...at)).out).toMatch(shown);
    expect((await command('doctor', ...at)).out).toContain('warning PAUSED: slow, service');
    expect(await command('resume', 'slow', ...at)).toMatchObject({ code: 0 });
    expect(await command('resume', 'slow', ...at)).toMatchObject({ code: 1 });
    expect((await command('pause', ...at)).out).toBe('nothing is paused\n');
    expect(await command('resume', ...at)).toMatchObject({ code: 2 });
  });
});

describe('explain', () => {
  it('follows a call that is held, and says what only the instance knows', async () => {
    const { service } = await holding();
    const [entry] = await lines(service, 'pending', '--pattern', 'slow');
    const [call = ''] = (entry?.['calls'] ?? []) as string[];
    expect(await json(service, 'explain', call)).toMatchObject({
      entries: [{ pattern: 'slow', groups: [{ group: 'service', state: 'held', deliveries: 1 }] }],
      callerListens: true,
      callerKnown: true,
      unknown: [expect.stringContaining('known to that instance only')],
    });
    const [once] = await lines(service, 'pending', '--pattern', 'once');
    const [started = ''] = (once?.['calls'] ?? []) as string[];
    const told = await json(service, 'explain', started);
    expect(told).toMatchObject({ entries: [{ groups: [{ state: 'started' }] }] });
  });

  it('finds a call among others, also in a pack, that nobody was given yet', async () => {
    const { service, client } = await holding(1);
    const calls = Array.from({ length: 70 }, (_, i) => client.call('slow', i));
    for (const call of calls) call.catch(() => undefined);
    const ids = async (): Promise<string[]> =>
      (await service.entries('slow')).flatMap((fields) => {
        const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
        return fields.includes('m') ? field('m').split(',') : [field('c').split(' ')[2] ?? ''];
      });
    await eventually(async () => expect(await ids()).toHaveLength(71));
    const last = (await ids()).at(-1) ?? '';
    expect(await json(service, 'explain', `${client.callerId}/${last}`)).toMatchObject({
      entries: [{ pattern: 'slow', groups: [{ group: 'service' }] }],
    });
    const pack = { m: '8,9', c: `1 pack.json 2 ${client.callerId} 60000`, d: '[1,\n2]' };
    await service.redis.xadd(service.stream('unread'), '*', ...Object.entries(pack).flat());
    await service.redis.xgroup('CREATE', service.stream('unread'), 'service', '0');
    expect(await json(service, 'explain', `${client.callerId}/9`)).toMatchObject({
      entries: [{ pattern: 'unread', calls: 2, groups: [{ group: 'service', state: 'waits' }] }],
    });
  });

  it('finds a dead letter, and the answer that its caller was given', async () => {
    const service = new TestService();
    const give = () => {
      throw new DeadLetter('cannot be');
    };
    await service.serve({ messages: { bad: give } });
    const client = await service.connected();
    const error = await client.failure('bad');
    const { callId = '' } = error as { callId?: string };
    expect(error).toMatchObject({ code: 'DEAD_LETTERED', callId: expect.any(String) });
    const trace = await json(service, 'explain', callId);
    expect(trace).toMatchObject({
      entries: [],
      deadLetters: [{ group: 'service', reason: 'handler', error: 'cannot be' }],
    });
    const { out } = await command('explain', callId, '--prefix', service.prefix);
    expect(out).toMatch(/given up by service \(handler; 1 delivery, .*\): cannot be\n +dead show /);
  });

  it('says so where nothing is known, and what is no call', async () => {
    const service = new TestService();
    const none = await command('explain', `${'a'.repeat(22)}/1`, '--prefix', service.prefix);
    expect(none.code).toBe(1);
    expect(none.out).toContain('not known: No entry and no dead letter has it');
    // Ids of callers may begin as options do.
    const hyphen = await command('explain', `-${'a'.repeat(21)}/1`, '--prefix', service.prefix);
    expect([hyphen.code, hyphen.err]).toEqual([1, '']);
    expect(hyphen.out).toContain('not known: No entry and no dead letter has it');
    expect(await command('explain', 'nonsense', '--prefix', service.prefix)).toMatchObject({
      ...{ code: 1, out: expect.stringContaining('a call has the form <caller>/<call>') },
    });
  });
});

it('services says which instances give no sign of life: those that were killed count until their leases end', async () => {
  const service = new TestService();
  await service.serve({ messages: { work: () => 1 } });
  const gone = 'web-9-4799-aaaaaaaaaaaa';
  const [seconds = 0] = (await service.redis.time()).map(Number);
  const end = seconds * 1000 + 60_000;
  await service.redis.zadd(service.keys.members('service'), end, gone);
  const where = ['--prefix', service.prefix];
  expect((await command('services', ...where)).out).toMatch(/^service +2 \(1 silent\) +work/m);
  const { out } = await command('services', 'service', ...where);
  expect(out).toMatch(
    /^instance web-9-4799: hears no messages now; if it was killed, its lease ends in [\d.]+ s$/m,
  );
  expect(out.match(/: its lease holds for /g)).toHaveLength(1);
});

describe('services, ping and stats', () => {
  it('know plain services, and those with contracts', async () => {
    const place = await deployment();
    onTestFinished(() => place.held.open());
    const services = (await json(place, 'services')) as { service: string }[];
    expect(services.map(({ service }) => service)).toEqual(['media', 'orders']);
    expect(services[1]).toMatchObject({
      instances: [{ name: expect.stringMatching(/-\d+$/), listens: true }],
      answers: [
        { pattern: 'orders.pack' },
        { pattern: 'orders.price' },
        { pattern: 'orders.prices' },
        { pattern: 'orders.refuse' },
      ],
      hears: ['orders.paid', 'orders.placed'],
    });
    expect(await json(place, 'ping')).toMatchObject({
      servers: [{ roundTrip: expect.any(Number) }],
      contracts: [{ name: 'media.files', instances: [{ milliseconds: expect.any(Number) }] }],
      services: [{ service: 'media' }, { service: 'orders' }],
    });
    const called = ['call', 'media.files.join', '["-",["a","b"]]'];
    await command(...called, '--prefix', place.prefix);
    await eventually(async () =>
      expect(await json(place, 'stats', 'media.files')).toMatchObject({
        patterns: [{ pattern: 'media.files.join', service: 'media', ended: 1 }],
        instances: [{ service: 'media' }],
      }),
    );
    for (const name of ['services', 'ping', 'stats']) {
      const answer = await command(name, 'order', '--prefix', place.prefix);
      expect(answer).toMatchObject({ code: 1, err: expect.stringContaining('these are: ') });
    }
  });

  it('say of instances what these say of themselves, and leave out what is no fact', async () => {
    const { service } = await holding(3);
    const facts = { library: LIBRARY_VERSION, node: process.versions.node, pid: process.pid };
    expect(await json(service, 'services', 'service')).toMatchObject({ instances: [{ facts }] });
    const { out } = await command('services', 'service', '--prefix', service.prefix);
    expect(out).toContain(
      `version ${LIBRARY_VERSION} (protocol 1), Node ${facts.node}, started 20`,
    );
    for (const text of [
      'no JSON',
      '[1]',
      '{"__proto__":{}}',
      `{"library":"${'x'.repeat(5000)}"}`,
    ]) {
      expect(factsIn(text)?.library ?? '?').toBe('?');
    }
    expect(factsIn('{"library":7,"pid":"x"}')).toMatchObject({ library: '?', pid: undefined });
  });

  it('join the consumers of an instance in several shards, and remember who has left', async () => {
    const { service, server } = await holding(5);
    const [one] = (await json(service, 'services')) as { instances: { consumers: string[] }[] }[];
    expect(one?.instances).toHaveLength(1);
    expect(one?.instances[0]?.consumers).toHaveLength(5);
    await server.close();
    const [left] = (await json(service, 'services')) as { instances: unknown[] }[];
    expect(left).toMatchObject({ service: 'service', instances: [] });
  });
});

describe('doctor', () => {
  const findings = async (place: { prefix: string }, ...args: string[]) =>
    (await json(place, 'doctor', ...args)) as { healthy: boolean; findings: Finding[] };
  /** Those about the place, not about the server of the tests. */
  const about = async (place: { prefix: string }) =>
    (await findings(place)).findings
      .filter((one) => !one.about.startsWith('server'))
      .map(({ severity, code, about: what }) => [severity, code, what].join(' '));

  it('finds nothing about a service that works', async () => {
    const { service } = await holding();
    expect(await about(service)).toEqual([]);
  });

  it('names what is not read, not served, given up or of another kind', async () => {
    const { service, server, client } = await holding(1);
    await client.tell('unheard');
    await server.close();
    await service.redis.set(service.keys.dead('other'), 'text');
    await service.redis.set(service.keys.live('x'), 'text');
    await service.acrossShards.xadd(`{${service.prefix}:7}:s:old`, '*', 'c', '1');
    await service.redis.xadd(service.keys.dead('service'), '*', 'reason', 'final');
    await service.redis.xadd(service.stream('own'), '*', 'c', '1');
    await service.redis.xgroup('CREATE', service.stream('own'), 'mine', '$');
    expect((await about(service)).toSorted()).toEqual(
      [
        'error NO_INSTANCE later, service',
        'error NO_INSTANCE once, service',
        'error NO_INSTANCE slow, service',
        `error WRONG_TYPE {${service.prefix}}:dead:other`,
        `error WRONG_TYPE {${service.prefix}}:live:x`,
        'note UNREGISTERED_GROUP own, mine',
        `warning STRANGE_KEYS {${service.prefix}:7}`,
        'warning DEAD_LETTERS service',
        'warning UNREAD_STREAM unheard',
      ].toSorted(),
    );
    const { code } = await command('doctor', '--fail-on', 'error', '--prefix', service.prefix);
    expect(code).toBe(1);
  });

  it('finds contracts that differ under one version', async () => {
    const service = new TestService();
    for (const hash of ['one', 'other']) {
      const server = service.server({ messages: {} }, { group: 'drift' });
      announceService(server, { name: 'files', about: () => ({ version: '1.0.0', hash }) });
      await listening(server);
    }
    await eventually(async () =>
      expect(await about(service)).toEqual(['error CONTRACT_DRIFT files 1.0.0']),
    );
  });

  it('tells of instances with different versions of the library', async () => {
    const service = new TestService();
    for (const one of [1, 2]) await service.serve({ messages: { one: () => one } });
    const facts = service.keys.facts('service');
    await eventually(async () => expect(await service.redis.hlen(facts)).toBe(2));
    expect(await about(service)).toEqual([]);
    const [first = ''] = await service.redis.hkeys(facts);
    await service.redis.hset(facts, first, '{"library":"0.0.1"}');
    expect(await about(service)).toEqual(['note MIXED_LIBRARIES service']);
  });

  it('judges the server', async () => {
    const service = new TestService();
    const { healthy, findings: found } = await findings(service);
    expect(healthy).toBe(false);
    expect(found.map(({ code }) => code)).toContain('NO_PERSISTENCE');
    const { code } = await command('doctor', '--fail-on', 'error', '--prefix', service.prefix);
    expect(code).toBe(0);
  });
});

describe('call and emit', () => {
  it('print values line by line, and tell errors of both kinds apart', async () => {
    const place = await deployment();
    onTestFinished(() => place.held.open());
    const call = (...args: string[]) => command('call', ...args, '--prefix', place.prefix);
    expect(await call('orders.price', '{"id":"a1"}', '--header', 'by=Ada')).toEqual({
      ...{ code: 0, out: '{"id":"a1","total":19.5}\n', err: '' },
    });
    expect((await call('orders.prices')).out.split('\n')).toHaveLength(4);
    const refused = await call('orders.refuse');
    expect(refused).toMatchObject({ code: 3, out: '' });
    expect(refused.err).toContain('the handler answered with an error: ');
    const unknown = await call('orders.unknown', '1', '--json');
    expect(unknown).toMatchObject({ code: 1, out: '' });
    expect(JSON.parse(unknown.err)).toMatchObject({
      ...{ from: 'transport', error: { code: 'NO_CONSUMER', outcome: 'not-run' } },
    });
    const late = await call('orders.pack', '--timeout', '100ms');
    expect(late).toMatchObject({ code: 1, err: expect.stringContaining('TIMEOUT') });
    expect(await call('orders.price', 'text')).toMatchObject({ code: 2 });
    const event = ['emit', 'orders.archived', '{"id":"a1"}', '--key', 'k'];
    expect(await command(...event, '--prefix', place.prefix)).toEqual({
      ...{ code: 0, out: 'stored: an event of orders.archived\n', err: '' },
    });
    expect(await place.service.length('orders.archived')).toBe(2);
  });
});
