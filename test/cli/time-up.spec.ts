import { isDrained, readBacklog, readPending, TimeLimit } from 'nestjs-redis-streams/operate';
import { command, commandAt } from '../contracts/command.js';
import { Gate } from '../support/gate.js';
import { eventually } from '../../tools/wait.js';
import { range } from '../support/tally.js';
import { startPrivateRedis } from '../support/redis-process.js';
import { TestService } from '../support/test-service.js';

/** More streams than can be looked at in no time. */
async function many(service = new TestService()) {
  const client = await service.connected();
  await Promise.all(range(60).map((n) => client.tell(`unread.${n}`)));
  return service;
}

describe('where time is up', () => {
  it.each(['drained', 'pending', 'services', 'doctor', 'top --once'])(
    '%s says how far it looked, and ends with 4 unless it found something',
    async (name) => {
      const service = await many();
      const args = [...name.split(' '), '--timeout', '10ms', '--prefix', service.prefix];
      // What is done in ten milliseconds depends on the machine: none may be looked at, or all.
      const { code, out, err } = await command(
        ...args,
        ...(name === 'doctor' ? ['--fail-on', 'error'] : []),
      );
      if (name === 'doctor' && out.includes('INCOMPLETE')) {
        expect(out).toMatch(
          /warning INCOMPLETE: .*\n {2}time was up: looked at \d+ of \d+ within 0\.01 s\n/,
        );
      } else if (err !== '') {
        expect(err).toMatch(/time was up after 0\.01 s \(--timeout\): looked at \d+ of \d+ /);
        expect(code).toBe(name === 'drained' && out !== '' ? 1 : 4);
      }
    },
  );

  it('a read gives what it has, and its limit knows the rest', async () => {
    // Of its own: others' keys take time too, and are looked at first.
    await using redis = await startPrivateRedis();
    const service = await many(new TestService({ url: redis.url }));
    const limit = new TimeLimit(0);
    const backlog = await readBacklog(service.address, limit);
    expect(backlog.streams).toEqual([]);
    expect(limit.unlooked).toContainEqual(
      expect.objectContaining({ what: 'streams', looked: 0, of: expect.any(Number) }),
    );
    // Only together with the limit it says whether nothing is left.
    expect(isDrained({ ...backlog, callers: 0 })).toBe(true);
    expect(limit.ranOut).toBe(true);
    const whole = new TimeLimit(60_000);
    expect((await readBacklog(service.address, whole)).streams).toHaveLength(60);
    expect(whole.unlooked).toEqual([]);
  });

  it('ping ends although Redis does not answer any more', async () => {
    await using redis = await startPrivateRedis();
    expect(await commandAt({}, 'ping', '--url', redis.url)).toMatchObject({ code: 0, err: '' });
    redis.freeze();
    const began = performance.now();
    const answer = await commandAt({}, 'ping', '--timeout', '100ms', '--url', redis.url);
    redis.thaw();
    expect(answer).toMatchObject({ code: 4, out: '' });
    expect(answer.err).toContain('time was up after 0.1 s (--timeout): Redis has not answered');
    // Without the limit it gives up when connecting has failed twice, after seven seconds.
    expect(performance.now() - began).toBeLessThan(6000);
  });

  it('limits have bounds', async () => {
    for (const text of ['0ms', '2h', '10', 'soon']) {
      for (const name of ['pending', 'ping'])
        expect(await command(name, '--timeout', text)).toMatchObject({ code: 2 });
    }
    expect((await command('top', '--once', '--interval', '10ms')).err).toContain('from 1s to 1h');
  });
});

it('pending finds a pattern behind thousands of entries of others in its lane', async () => {
  const service = new TestService();
  const held = new Gate();
  onTestFinished(() => held.open());
  const lanes = { shared: ['often', 'seldom'] };
  const often = [() => held.opened, { concurrency: 1 }] as const;
  const seldom = [() => held.opened, { concurrency: 1 }] as const;
  await service.serve({ events: { often, seldom } }, { lanes, drainTimeout: 0 });
  const client = await service.connected({ lanes });
  await Promise.all(range(1).map(() => client.tell('often')));
  await eventually(async () => expect(await service.pending('shared', 'service')).toBe(1));
  // As instances hold them: more than one page of the list.
  const stream = service.stream('shared');
  const add = (pattern: string) =>
    service.redis.xadd(stream, '*', 'c', '1 json - - 0', 'd', '1', 'p', pattern);
  for (const _ of range(12)) await Promise.all(range(50).map(() => add('often')));
  await add('seldom');
  await service.redis.xreadgroup(
    'GROUP',
    'service',
    'me-1-aaaaaaaaaaaa',
    'COUNT',
    2000,
    'STREAMS',
    stream,
    '>',
  );
  const { entries } = await readPending(service.address, { pattern: 'seldom' }, 50);
  expect(entries).toMatchObject([{ pattern: 'seldom', stream: 'shared' }]);
  const first = await readPending(service.address, { pattern: 'often' }, 50);
  expect(first).toMatchObject({ more: true, entries: { length: 50 } });
});
