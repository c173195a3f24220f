import { shardContext } from '../../../../../../test/support/shard-context.js';
import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { CommandFailure } from '../../../redis/failure.js';
import type { FoundGroup } from '../../../redis/operations/groups/ensure-group.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import { Groups } from './ensure-groups.js';
import { StreamState } from './stream-state.js';

const WRONG: FoundGroup = { state: 'wrong', key: 'k', type: 'string' };
const HAD: FoundGroup = { state: 'had', since: undefined };

type Answers = Record<string, () => Promise<FoundGroup>>;

/** Groups of streams, with the given answers of Redis. @param later of streams that are added */
function setup(answers: Answers, later: Answers = {}) {
  const clock = new FakeClock();
  const healed: string[] = [];
  const broker = {
    ensureGroup: (name: string) => ({ ...answers, ...later })[name]?.(),
  } as unknown as GroupBroker;
  const context = shardContext({ clock, options: { history: false } });
  const streams = Object.keys(answers).map((name) => new StreamState(name));
  const groups = new Groups(context, broker, streams, {
    healing: () => Promise.resolve(),
    healed: () => healed.push('healed'),
  });
  groups.start();
  return { clock, groups, streams, healed };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the groups of a service', () => {
  it('are checked again while another type of value stands under their key', async () => {
    let found: FoundGroup = WRONG;
    const { clock, groups, streams, healed } = setup({ a: async () => found, b: async () => HAD });
    await groups.ensure(false);
    expect(streams.map(({ isBroken }) => isBroken)).toEqual([true, false]);
    found = HAD;
    clock.pass(1000);
    await turn();
    expect(streams[0]?.isBroken).toBe(false);
    expect(healed).toEqual(['healed']);
    expect(clock.timers).toBe(0);
  });

  it('are checked again where a stream could not be read from the time on at which it was added', async () => {
    let found: FoundGroup = WRONG;
    const { clock, groups, streams, healed } = setup(
      { a: async () => HAD },
      { b: async () => found },
    );
    await groups.ensure(false);
    await groups.add(new StreamState('b'));
    expect(streams.map(({ name, isBroken }) => [name, isBroken])).toEqual([
      ['a', false],
      ['b', true],
    ]);
    found = HAD;
    clock.pass(1000);
    await turn();
    expect([streams[1]?.isBroken, healed]).toEqual([false, ['healed']]);
  });

  it('are not checked again after the stop, even if a check was on its way', async () => {
    let answer: (found: FoundGroup) => void = () => {};
    const later = new Promise<FoundGroup>((resolve) => (answer = resolve));
    const { clock, groups } = setup({ a: () => later });
    const looking = groups.ensure(false);
    groups.stop();
    answer(WRONG);
    await looking;
    expect(clock.timers).toBe(0);
    await groups.ensure(true);
    expect(clock.timers).toBe(0);
    groups.start();
    expect(clock.timers).toBe(1);
    groups.stop();
    expect(clock.timers).toBe(0);
  });

  it('are still read when Redis refuses for the moment, such as writing while its memory is full', async () => {
    const full = () =>
      Promise.reject(new CommandFailure('refused', 'OOM', 'OOM command not allowed'));
    const { clock, groups, streams } = setup({ a: full, b: async () => HAD });
    await expect(groups.ensure(false)).rejects.toThrow('stream a: OOM');
    expect(streams.map(({ isBroken }) => isBroken)).toEqual([false, false]);
    expect(clock.timers).toBe(0);
  });
});
