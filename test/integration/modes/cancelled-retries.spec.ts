import { RetryLater, type RedisStreamsContext } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import { TestService } from '../../support/test-service.js';

/** What a handler may throw when its signal fires, and after which attempt nothing comes anyway. */
const THROWN = [
  ['the reason of its signal', (reason: unknown) => reason, 5],
  ['an error of its own', () => new Error('stopped'), 5],
  ['RetryLater', () => new RetryLater(1), 5],
  ['what would be its last error', (reason: unknown) => reason, 1],
] as const;

describe('a call with a retry policy that is cancelled while its handler runs', () => {
  test.each(THROWN)(
    'ends as cancelled, and is not tried again: %s',
    async (_, thrown, attempts) => {
      const service = new TestService();
      let runs = 0;
      const work = async (_data: unknown, { signal }: RedisStreamsContext): Promise<void> => {
        runs++;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw thrown(signal.reason);
      };
      const retry = { attempts, delay: 1 };
      const server = service.server({ messages: { work: [work, { retry }] } });
      const ends: unknown[] = [];
      server.on('entry.ended', ({ result, code }) => ends.push([result, code]));
      await new Promise<void>((resolve) => void server.listen(() => resolve()));
      const client = await service.connected();
      const subscription = client.send('work', 1).subscribe();
      await eventually(() => expect(runs).toBe(1));
      subscription.unsubscribe();
      await eventually(() => expect(ends).toEqual([['refused', 'CANCELLED']]));
      await eventually(async () => expect(await service.length('work')).toBe(0));
      expect([runs, await service.deadLetters()]).toEqual([1, []]);
    },
  );

  test('is tried again if it failed before', async () => {
    const service = new TestService();
    let runs = 0;
    const work = (): string => {
      if (++runs < 3) throw new Error('not yet');
      return 'done';
    };
    await service.serve({ messages: { work: [work, { retry: { attempts: 5, delay: 1 } }] } });
    expect(await (await service.connected()).call('work')).toBe('done');
  });
});
