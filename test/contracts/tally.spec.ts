import { throwError } from 'rxjs';
import { createContext } from 'nestjs-redis-streams/testing';
import { Tally } from '../../libs/redis-stream-transport/src/contracts/announce/tally.js';

const stopped = (name: string) => {
  const controller = new AbortController();
  const reason = new Error('stop');
  reason.name = name;
  controller.abort(reason);
  return Object.defineProperty(createContext(), 'signal', { value: controller.signal });
};

describe('what a handler throws', () => {
  const thrown = async (context: unknown, asObservable: boolean) => {
    const tally = new Tally();
    const handler = tally.watch(async () => {
      if (asObservable) return throwError(() => new Error('failed'));
      throw new Error('failed');
    });
    try {
      const result = (await handler({}, context)) as { subscribe(of: object): void };
      await new Promise<void>((resolve) => result.subscribe({ error: () => resolve() }));
    } catch {
      // It is what is counted.
    }
    return tally.counts;
  };

  test.each([
    ['is an error', 1, () => createContext()],
    ['is none where nobody waits any more', 0, () => stopped('AbortError')],
    ['is one after the deadline', 1, () => stopped('TimeoutError')],
    ['is one with the context of another transport', 1, () => ({ signal: AbortSignal.abort() })],
  ])('%s', async (_, errors, context) => {
    for (const asObservable of [false, true]) {
      expect(await thrown(context(), asObservable)).toMatchObject({ calls: 1, errors });
    }
  });
});
