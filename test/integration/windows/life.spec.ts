import { RedisStreamsRecord } from 'nestjs-redis-streams';
import { eventually, pause } from '../../../tools/wait.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { cutOff, iterate, Source, taken } from './source.js';

/** An endless stream, which is slow: one value every 20 ms. */
async function* slow(source: Source) {
  for await (const n of source.numbers()) {
    yield n;
    await pause(20);
  }
}

async function open() {
  const service = new TestService();
  const source = new Source();
  const numbers = () => source.numbers(1e9);
  const seen: string[] = [];
  const silent = async function* (_: unknown, { signal }: { signal: AbortSignal }) {
    yield 1;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    seen.push('aborted');
  };
  await service.serve({ messages: { numbers, slow: () => slow(source), silent } });
  const client = service.client({ window: { values: 5 } });
  const stream = (pattern: string, idleTimeout: number) =>
    client.stream<number>(pattern, new RedisStreamsRecord(1, { idleTimeout }));
  return { client, source, stream, seen };
}

describe('a stream with an idle time', () => {
  test.each(['numbers', 'slow'])(
    'ends within it when its caller is killed: %s',
    async (pattern) => {
      const { client, source, stream } = await open();
      const reader = iterate(stream(pattern, 3000));
      await taken(reader, 20);
      void reader.next().catch(() => undefined);
      await cutOff(client);
      const cut = performance.now();
      await source.over();
      // The time itself, and what a busy machine may add.
      expect(performance.now() - cut).toBeLessThan(18_000);
    },
  );

  test('goes on although its reader stands still for longer, while its caller lives', async () => {
    const { source, stream } = await open();
    const reader = iterate(stream('numbers', 5000));
    expect(await taken(reader, 3)).toEqual([0, 1, 2]);
    await pause(7500);
    expect(source.ended).toBe(0);
    expect(await taken(reader, 50)).toEqual(range(53).slice(3));
    await reader.return?.();
    await source.over();
  });

  test('ends when the handler is silent for so long, although the caller lives', async () => {
    const { stream, seen } = await open();
    const reader = iterate(stream('silent', 3000));
    expect(await taken(reader, 1)).toEqual([1]);
    await expect(reader.next()).rejects.toMatchObject({ code: 'TIMEOUT' });
    await eventually(() => expect(seen).toEqual(['aborted']));
  });
});
