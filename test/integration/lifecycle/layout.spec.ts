import { DeadLetters } from 'nestjs-redis-streams/dead-letters';
import { Keys } from '../../../libs/redis-stream-transport/src/protocol/keys.js';
import { closing } from '../../support/closing.js';
import { TestService } from '../../support/test-service.js';

const layoutOf = (service: TestService) => service.redis.hgetall(service.keys.layout()!);
/** Which option does not fit, and where others noted what they use. */
const misfit = (here: number, noted: number) => ({
  code: 'INVALID_OPTION',
  message: expect.stringMatching(
    new RegExp(
      `^option "shards" is ${here} here, and ${noted} in Redis .*:layout.*: set "shards" to ${noted} here, or move to another prefix as docs/scaling.md says$`,
    ),
  ),
});

describe('the number of shards', () => {
  it('is noted by the first start, and the same for all who come later', async () => {
    const service = new TestService();
    const shards = 3;
    await service.serve({ messages: { work: () => 'done' } }, { shards });
    const tags = new Keys(service.prefix, 0, shards).tags();
    expect(await layoutOf(service)).toEqual({ shards: '3', protocol: '1', tags });
    await service.serve({ messages: { work: () => 'done' } }, { shards });
    expect(await (await service.connected({ shards })).call('work')).toBe('done');
  });

  it.each([
    [3, 1],
    [1, 3],
    [3, 4],
  ])(
    'that differs is refused to a server and a client, at once (%i, then %i)',
    async (noted, here) => {
      const service = new TestService();
      await service.serve({ messages: { work: () => 'done' } }, { shards: noted });
      await expect(service.serve({ messages: {} }, { shards: here })).rejects.toMatchObject(
        misfit(here, noted),
      );
      const client = service.client({ shards: here });
      await expect(client.connect()).rejects.toMatchObject(misfit(here, noted));
    },
  );

  it('that differs stores nothing: a call and an event end as certainly not stored', async () => {
    const service = new TestService();
    const handled: unknown[] = [];
    const messages = { work: () => 'done' };
    const events = { told: (data: unknown) => void handled.push(data) };
    await service.serve({ messages, events }, { shards: 3 });
    const client = service.client({ shards: 2, timeout: 5000 });
    const told = client.tell('told').catch((error: unknown) => error);
    for (const end of [client.failure('work'), told]) {
      expect(await end).toMatchObject({ ...misfit(2, 3), outcome: 'not-run' });
    }
    expect(handled).toEqual([]);
  });

  it('that differs is refused to the dead letters, which note nothing themselves', async () => {
    const service = new TestService();
    const letters = closing(
      new DeadLetters({ ...service.address, group: 'service', shards: 2, timeout: 5000 }),
    );
    expect(await letters.count()).toBe(0);
    expect(await layoutOf(service)).toEqual({});
    await service.serve({ messages: { work: () => 'done' } });
    const others = closing(
      new DeadLetters({ ...service.address, group: 'service', shards: 2, timeout: 5000 }),
    );
    await expect(others.count()).rejects.toMatchObject({
      code: 'REDIS',
      message: expect.stringContaining('option "shards" is 2 here, and 1 in Redis'),
    });
  });
});

it('shards whose tags were chosen otherwise are refused, as by an earlier version', async () => {
  const service = new TestService();
  await service.redis.hset(service.keys.layout()!, { shards: '3', protocol: '1' });
  const misplaced = {
    code: 'INVALID_OPTION',
    message: expect.stringMatching(/^the shards have other names here .*docs\/scaling\.md/),
  };
  await expect(service.serve({ messages: {} }, { shards: 3 })).rejects.toMatchObject(misplaced);
  await expect(service.client({ shards: 3 }).connect()).rejects.toMatchObject(misplaced);
});

it('a layout of another type stops nobody', async () => {
  const service = new TestService();
  await service.redis.set(service.keys.layout()!, 'something else');
  await service.serve({ messages: { work: () => 'done' } });
  expect(await (await service.connected()).call('work')).toBe('done');
});

it('a version of the protocol that differs is refused', async () => {
  const service = new TestService();
  await service.redis.hset(service.keys.layout()!, { shards: '1', protocol: '2' });
  await expect(service.serve({ messages: {} })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('version 1 of the protocol is spoken here, and version 2'),
  });
});
