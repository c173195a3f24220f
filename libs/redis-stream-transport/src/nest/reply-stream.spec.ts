import { concat, from, NEVER, Observable, of, Subject } from 'rxjs';
import { Delivery, type DeliveryParts } from '../engine/consumer/run/delivery.js';
import { replyWithStream, streamEnd } from './reply-stream.js';

/** A delivery that nobody owns: as much of one as a stream looks at. */
const delivery = (): Delivery =>
  new Delivery({
    ...{ raw: { id: '1-1', fields: [] }, nonce: 1, consumer: 'consumer' },
    ...({ owner: {}, slots: {}, stream: {}, pattern: {} } as never as DeliveryParts),
    entry: { id: '1-1', addedAt: 1, header: { timeout: 0, idle: 0 } } as never,
    history: { deliveries: 1, attempts: 0 } as never,
  });

function listening(stream: Observable<unknown> | AsyncIterable<unknown>, aborted = false) {
  const told: unknown[] = [];
  const held = delivery();
  if (aborted) held.abort('deadline');
  const torn = replyWithStream(held, stream, {
    value: (value, last) => told.push(last ? ['last', value] : value),
    done: () => told.push('done'),
    error: (error) => told.push(['error', error]),
  });
  return { held, told, torn };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A stream that the test speaks through, and how often it was left. */
function spoken(kind: string) {
  const source = new Subject<unknown>();
  let left = 0;
  const observable = new Observable((observer) => {
    const inner = source.subscribe(observer);
    return () => {
      left++;
      inner.unsubscribe();
    };
  });
  if (kind === 'Observable') return { source, stream: observable, left: () => left };
  // Leaving it wakes up whoever waits for a value, unlike a generator's `return`.
  const values: unknown[] = [];
  let wake = (): void => undefined;
  const state = { over: false };
  const close = (): void => {
    state.over = true;
    wake();
  };
  source.subscribe({ next: (value) => (values.push(value), wake()), complete: close });
  const stream: AsyncIterable<unknown> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        while (values.length === 0 && !state.over) await new Promise<void>((done) => (wake = done));
        if (values.length > 0) return { done: false, value: values.shift() };
        return { done: true, value: undefined };
      },
      return: async () => {
        left++;
        close();
        return { done: true, value: undefined };
      },
    }),
  };
  return { source, stream, left: () => left };
}

describe.each(['Observable', 'async iterable'])('a reply stream: %s', (kind) => {
  it('that has sent nothing is a handler that runs: it goes on, and its end counts', async () => {
    const { source, stream, left } = spoken(kind);
    const { held, told, torn } = listening(stream);
    held.abort('deadline');
    await turn();
    expect(left()).toBe(0);
    source.complete();
    expect(await torn).toBe(false);
    expect(told).toEqual(['done']);
  });

  it('that has sent nothing is torn down when its entry is ended without it', async () => {
    const { stream, left } = spoken(kind);
    const { held, told, torn } = listening(stream);
    held.abort('deadline');
    held.ended = true;
    held.abandon();
    expect(await torn).toBe(true);
    expect([left(), told]).toEqual([1, []]);
  });

  it('that has sent values is torn down at once', async () => {
    const { source, stream, left } = spoken(kind);
    const { held, told, torn } = listening(stream);
    source.next('a');
    await turn();
    held.abort('cancelled');
    expect(await torn).toBe(true);
    expect([left(), told]).toEqual([1, ['a']]);
  });

  it('is torn down at its first value when it was aborted before, and turns out to go on', async () => {
    const { source, stream, left } = spoken(kind);
    const { held, told, torn } = listening(stream);
    held.abort('deadline');
    source.next('late');
    expect(await torn).toBe(true);
    expect([left(), told]).toEqual([1, []]);
  });

  it('of an event is never torn down before its entry is ended', async () => {
    const { source, stream, left } = spoken(kind);
    const held = delivery();
    const ended = streamEnd(held, stream);
    source.next('a');
    await turn();
    held.abort('deadline');
    await turn();
    expect(left()).toBe(0);
    held.ended = true;
    held.abandon();
    await ended;
    expect(left()).toBe(1);
  });
});

describe('a reply stream', () => {
  it('with one value is told with its end, aborted or not', async () => {
    for (const aborted of [false, true]) {
      const { told, torn } = listening(of('a'), aborted);
      expect(await torn).toBe(false);
      expect(told).toEqual([['last', 'a']]);
    }
  });

  it('that begins when its caller waits no longer sends no part of its values', async () => {
    for (const stream of [from(['a', 'b', 'c']), concat(of('a'), NEVER)]) {
      const { told, torn } = listening(stream, true);
      expect(await torn).toBe(true);
      expect(told).toEqual([]);
    }
  });

  it('may throw in its finalizer: nothing else fails', async () => {
    const throwing = new Observable((observer) => {
      observer.next('a');
      return () => {
        throw new Error('in the finalizer');
      };
    });
    const { held, torn } = listening(throwing);
    await turn();
    expect(() => held.abort('cancelled')).not.toThrow();
    expect(await torn).toBe(true);
  });

  it('several streams of one delivery are all told', async () => {
    const held = delivery();
    const streams = [spoken('Observable'), spoken('Observable')];
    const ended = streams.map(({ stream }) => streamEnd(held, stream));
    held.ended = true;
    held.abort('fenced');
    await Promise.all(ended);
    expect(streams.map(({ left }) => left())).toEqual([1, 1]);
  });
});
