import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import type { LeaseAnswer, LeaseBroker } from '../../../redis/lease-broker.js';
import { LeaseKeeper } from './lease-keeper.js';
import type { ShardContext } from './shard-context.js';

const LEASE = 9000;

async function setup() {
  const clock = new FakeClock();
  const calls: string[] = [];
  let kind: LeaseAnswer['kind'] = 'ok';
  /** Milliseconds that an answer takes. */
  let delay = 0;
  const broker = {
    renew: (_: unknown, __: number, take: boolean) => {
      calls.push(take ? 'take' : 'renew');
      clock.jump(delay);
      const answer = take ? 'ok' : kind;
      return Promise.resolve({ kind: answer, now: 1, members: 1, notices: [] });
    },
  } as unknown as LeaseBroker;
  const context = {
    ...{ clock, owner: { consumer: 'me', token: 't' }, members: 1 },
    ...{ options: { leaseTtl: LEASE }, redisClock: { observe() {} }, logger: { warn() {} } },
  } as unknown as ShardContext;
  const told: string[] = [];
  const keeper = new LeaseKeeper(context, broker, [], [], {
    fenced: () => told.push('fenced'),
    doubted: () => told.push('doubted'),
    renewed: () => told.push('renewed'),
    cancellations: () => {},
    membersChanged: () => {},
  });
  await keeper.take();
  calls.length = told.length = 0;
  return {
    ...{ clock, calls, told, keeper },
    answers: (next: LeaseAnswer['kind'], after = 0) => {
      kind = next;
      delay = after;
    },
  };
}

describe('L9: a lease', () => {
  it('lets handlers start until one lease after the last confirmed renewal was sent', async () => {
    const { clock, keeper, answers } = await setup();
    clock.jump(LEASE - 1);
    expect(keeper.isValid).toBe(true);
    clock.jump(1);
    expect(keeper.isValid).toBe(false);
    // The answer took its time: what counts is when the question left.
    answers('ok', 4000);
    await keeper.renew();
    clock.jump(LEASE - 4001);
    expect(keeper.isValid).toBe(true);
    clock.jump(1);
    expect(keeper.isValid).toBe(false);
  });

  it('that was missing is taken again, and what is held is doubtful from then on', async () => {
    const { keeper, calls, told, answers } = await setup();
    answers('missing');
    await keeper.renew();
    expect(calls).toEqual(['renew', 'take']);
    expect(told).toEqual(['doubted', 'renewed']);
  });

  it("that is another's or a tombstone is given up", async () => {
    const { keeper, told, answers } = await setup();
    answers('fenced');
    await keeper.renew();
    expect(told).toEqual(['fenced']);
  });

  it('unconfirmed for an hour is not renewed: its tombstone may have ended', async () => {
    const { clock, keeper, calls, told } = await setup();
    clock.jump(3_600_001);
    await keeper.renew();
    expect(calls).toEqual([]);
    expect(told).toEqual(['fenced']);
  });
});
