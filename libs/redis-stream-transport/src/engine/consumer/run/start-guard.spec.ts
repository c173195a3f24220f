import { shardContext } from '../../../../../../test/support/shard-context.js';
import type { KeyClaim, StartBroker } from '../../../redis/start-broker.js';
import type { StreamState } from '../intake/stream-state.js';
import type { Delivery } from './delivery.js';
import { StartGuard } from './start-guard.js';

/** The parts of a delivery that a start guard uses. */
function fake(changes: { key?: string; once?: boolean } = {}) {
  const delivery = {
    ...{ id: '1-0', consumer: 'me', stream: { name: 'work' } as StreamState },
    ...{ entry: { key: changes.key, data: '1' }, pattern: { spec: { pattern: 'work' } } },
    ...{ once: changes.once ?? false, ended: false, abortedBy: undefined as string | undefined },
    isRequest: true,
    recorded: undefined as string[] | undefined,
    faults: [] as string[],
    fault: (code: string) => delivery.faults.push(code),
    unstarted: (reason: string) => delivery.faults.push(`not begun: ${reason}`),
    acknowledge: () => undefined,
    value: () => delivery.faults.push('replayed'),
  };
  return delivery;
}

/** A guard and a Redis that answers when the test says so. */
function guard() {
  const told: string[] = [];
  let answer: (given: unknown) => void = () => undefined;
  const asked = vi.fn(() => new Promise((resolve) => (answer = resolve)));
  const broker = { claimKey: asked, start: asked } as unknown as StartBroker;
  const context = shardContext();
  const made = new StartGuard(context, broker, {
    run: () => told.push('run'),
    lost: () => told.push('lost'),
    wait: () => told.push('wait'),
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    ...{ told, context },
    start: async (delivery: ReturnType<typeof fake>) => {
      delivery.consumer = context.identity.consumer;
      made.start(delivery as unknown as Delivery);
      await turn();
      expect(asked).toHaveBeenCalledOnce();
    },
    answer: async (given: KeyClaim | boolean[]) => {
      answer(given);
      await turn();
    },
  };
}

type Granted = [{ key?: string; once?: boolean }, KeyClaim | boolean[]];
const keyed: Granted = [{ key: 'k' }, { kind: 'run' }];
const once: Granted = [{ once: true }, [true]];

describe('L9: a start that Redis has granted', () => {
  it.each([
    ['with a key', ...keyed],
    ['once only', ...once],
  ])('is no start while the lease is in doubt: %s', async (_, changes, granted) => {
    const { start, answer, context, told } = guard();
    await start(fake(changes));
    // The process stood still until after its lease, with the answer in its socket.
    context.clock.jump(context.options.leaseTtl);
    await answer(granted);
    expect(told).toEqual(['wait']);
  });

  it.each([
    ['with a key', ...keyed],
    ['once only', ...once],
  ])('is none when the deadline has passed meanwhile: %s', async (_, changes, granted) => {
    const { start, answer, told } = guard();
    const delivery = fake(changes);
    await start(delivery);
    delivery.abortedBy = 'deadline';
    await answer(granted);
    expect([told, delivery.faults]).toEqual([[], ['not begun: deadline']]);
  });

  it.each([
    ['with a key', ...keyed],
    ['once only', ...once],
  ])('runs otherwise: %s', async (_, changes, granted) => {
    const { start, answer, told } = guard();
    await start(fake(changes));
    await answer(granted);
    expect(told).toEqual(['run']);
  });
});

test('an entry that waits for a run with its key does not begin after its caller gave up', async () => {
  const { start, answer, told } = guard();
  const delivery = fake({ key: 'k' });
  await start(delivery);
  delivery.abortedBy = 'cancelled';
  await answer({ kind: 'wait' });
  expect([told, delivery.faults]).toEqual([[], ['not begun: cancelled']]);
});

describe('an answer about what has ended meanwhile', () => {
  it.each<[string, { key?: string; once?: boolean }, KeyClaim | boolean[]]>([
    ['run', { key: 'k' }, { kind: 'run' }],
    ['wait', { key: 'k' }, { kind: 'wait' }],
    ['another payload', { key: 'k' }, { kind: 'mismatch' }],
    ['a result', { key: 'k' }, { kind: 'stored', result: '[]' }],
    ['a start', { once: true }, [true]],
    ['no start', { once: true }, [false]],
  ])('has no effect: %s', async (_, changes, given) => {
    const { start, answer, told } = guard();
    const delivery = fake(changes);
    await start(delivery);
    delivery.ended = true;
    await answer(given);
    expect([told, delivery.faults, delivery.recorded]).toEqual([[], [], undefined]);
  });

  it('has no effect under a name that was given up', async () => {
    const { start, answer, told, context } = guard();
    await start(fake({ key: 'k' }));
    context.identity.replace();
    await answer({ kind: 'run' });
    expect(told).toEqual([]);
  });
});
