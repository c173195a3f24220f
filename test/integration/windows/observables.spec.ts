import { Observable, type Subscriber } from 'rxjs';
import { eventually } from '../../../tools/wait.js';
import type { HandlerExtras } from 'nestjs-redis-streams';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { iterate, taken } from './source.js';

/** A service whose handler gives what the test says, and a reader of it with a window of 4. */
async function open(extras: HandlerExtras = {}) {
  const service = new TestService();
  const given: { to?: Subscriber<number>; left: boolean } = { left: false };
  const numbers = () =>
    new Observable<number>((observer) => {
      given.to = observer;
      return () => void (given.left = true);
    });
  await service.serve({ messages: { numbers: [numbers, extras] } });
  const reader = iterate(service.client({ window: { values: 4 } }).stream<number>('numbers', 1));
  const first = reader.next();
  const to = await eventually(() => {
    expect(given.to).toBeDefined();
    return given.to as Subscriber<number>;
  });
  return { reader, first, to, given };
}

const emit = (to: Subscriber<number>, from: number, until: number) => {
  for (let n = from; n < until; n++) to.next(n);
};

async function rest(reader: AsyncIterator<number>): Promise<{ values: number[]; error?: unknown }> {
  const values: number[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.next();
      if (done === true) return { values };
      values.push(value);
    }
  } catch (error) {
    return { values, error };
  }
}

describe('an Observable whose reader is slow', () => {
  test('is kept, and handed over as it is asked for', async () => {
    const { reader, first, to } = await open();
    emit(to, 0, 100);
    to.complete();
    expect(await first).toEqual({ done: false, value: 0 });
    expect(await rest(reader)).toEqual({ values: range(100).slice(1) });
  });

  test('fails after the values that wait', async () => {
    const { reader, to } = await open();
    emit(to, 0, 50);
    to.error({ message: 'no more' });
    const { values, error } = await rest(reader);
    expect(values).toEqual(range(50).slice(1));
    expect(error).toEqual({ message: 'no more' });
  });

  test('beyond the buffer ends with REPLY_LOST, and is torn down', async () => {
    const { reader, to, given } = await open({ buffer: 10 });
    emit(to, 0, 15);
    expect(given.left).toBe(true);
    const { values, error } = await rest(reader);
    expect(values.length).toBeLessThanOrEqual(3);
    expect(error).toMatchObject({ code: 'REPLY_LOST', outcome: 'may-have-run' });
  });

  test('leaves out the oldest that wait, if it is said so', async () => {
    const { reader, to } = await open({ overflow: 'latest', buffer: 3 });
    emit(to, 0, 50);
    to.complete();
    expect(await rest(reader)).toEqual({ values: [1, 2, 3, 47, 48, 49] });
  });

  test('leaves out the newest, if it is said so', async () => {
    const { reader, to } = await open({ overflow: 'drop', buffer: 3 });
    emit(to, 0, 50);
    to.complete();
    expect(await rest(reader)).toEqual({ values: [1, 2, 3, 4, 5, 6] });
  });

  test('is torn down when its reader leaves', async () => {
    const { reader, first, to, given } = await open();
    emit(to, 0, 50);
    await first;
    await taken(reader, 3);
    await reader.return?.();
    await eventually(() => expect(given.left).toBe(true));
  });
});

test.each([{ overflow: 'most' }, { buffer: 0 }])('extras %j are refused', async (extras) => {
  const service = new TestService();
  const handler = [() => 1, extras as never] as const;
  await expect(service.serve({ messages: { numbers: handler } })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
  });
});
