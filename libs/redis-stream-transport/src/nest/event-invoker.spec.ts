import type { MessageHandler } from '@nestjs/microservices';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import { EventInvoker } from './event-invoker.js';
import type { RedisStreamsContext } from './redis-streams.context.js';

const settings = { another: () => ({}) as RedisStreamsContext, complain: () => {} };

/** Which of two handlers run when an earlier attempt left this state. */
async function ran(state: string): Promise<string[]> {
  const called: string[] = [];
  const acknowledged = vi.fn();
  const delivery = { history: { state }, acknowledge: acknowledged } as unknown as Delivery;
  const handlers = ['first', 'second'].map(
    (name): MessageHandler =>
      () =>
        Promise.resolve(called.push(name)),
  );
  await new EventInvoker(settings).invoke(delivery, {} as RedisStreamsContext, 1, handlers);
  expect(acknowledged).toHaveBeenCalledOnce();
  return called;
}

describe('another attempt of an event', () => {
  it.each([
    ['', ['first', 'second']],
    ['0', ['second']],
    ['1', ['first']],
    ['1,0', []],
  ])('after "%s" runs %j', async (state, expected) => {
    expect(await ran(state)).toEqual(expected);
  });

  it.each([',', ',,', '7', 'x'])(
    'leaves no handler out for "%s", which no attempt has left',
    async (state) => {
      expect(await ran(state)).toEqual(['first', 'second']);
    },
  );
});
