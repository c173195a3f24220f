import { shardContext } from '../../../../../../test/support/shard-context.js';
import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { CommandFailure } from '../../../redis/failure.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import type { Delivery } from '../run/delivery.js';
import { Insistence } from '../settle/insistence.js';
import type { Settler } from '../settle/settler.js';
import { UNHANDLED } from './patterns.js';
import { Unhandled } from './unhandled.js';

/** A request without a handler, and a Redis that decides which instance answers, or refuses to. */
function setup(timeout: number, decides: () => Promise<{ kind: string; to?: string }>) {
  const clock = new FakeClock();
  const told: string[] = [];
  const context = shardContext({ clock });
  context.redisClock.observe(clock.now(), clock.now());
  let asked = 0;
  const broker = {
    noHandler: () => {
      asked++;
      return decides();
    },
  } as unknown as GroupBroker;
  const settler = {
    answer: () => ({}),
    refuse: (_: Delivery, payload: string) => told.push(payload),
  } as unknown as Settler;
  const insistence = new Insistence(context, () => {});
  const handed: string[] = [];
  const unhandled = new Unhandled(
    context,
    broker,
    { insistence, settler },
    {
      handed: (consumer) => handed.push(consumer),
    },
  );
  const delivery = {
    stream: { name: 'a', holds: () => true, release: () => told.push('released') },
    ...{
      id: '1-0',
      pattern: UNHANDLED,
      entry: {},
      history: { deliveries: 1 },
      deadline: clock.now() + timeout,
    },
  } as unknown as Delivery;
  unhandled.decide(delivery, { pattern: 'a', payload: '{}', inTime: timeout > 0 });
  return { clock, told, handed, insistence, asked: () => asked };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const refused = () => Promise.reject(new CommandFailure('refused', 'NOPERM', 'NOPERM not you'));

describe('a request without a handler', () => {
  it('is let go when Redis has decided which instance answers, however late', async () => {
    const { told, handed } = setup(-1, () => Promise.resolve({ kind: 'handed', to: 'other' }));
    await turn();
    expect(told).toEqual(['released']);
    expect(handed).toEqual(['other']);
  });

  it('ends at its deadline when Redis does not decide which instance answers', async () => {
    const { clock, told, insistence, asked } = setup(1000, refused);
    await turn();
    expect(insistence.size).toBe(1);
    for (let passed = 0; passed < 12; passed++) {
      clock.pass(500);
      await turn();
    }
    expect(insistence.size).toBe(0);
    expect(asked()).toBeLessThan(5);
    expect(told.map((payload) => JSON.parse(payload) as unknown)).toEqual([
      expect.objectContaining({ code: 'TIMEOUT', outcome: 'may-have-run' }),
    ]);
  });
});
