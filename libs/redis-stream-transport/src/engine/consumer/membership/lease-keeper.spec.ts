import { shardContext } from '../../../../../../test/support/shard-context.js';
import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import type { LeaseAnswer, LeaseBroker } from '../../../redis/lease-broker.js';
import { LeaseKeeper } from './lease-keeper.js';

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
  const context = shardContext({ clock, options: { leaseTtl: LEASE } });
  const { identity } = context;
  const told: string[] = [];
  identity.whenDoubted((doubt) => told.push(doubt));
  const keeper = new LeaseKeeper(
    context,
    broker,
    { announcements: [], companions: [] },
    {
      renewed: () => told.push('renewed'),
      cancellations: () => {},
      membersChanged: () => {},
    },
  );
  await keeper.take();
  calls.length = told.length = 0;
  return {
    ...{ clock, calls, told, keeper, identity },
    answers: (next: LeaseAnswer['kind'], after = 0) => {
      kind = next;
      delay = after;
    },
  };
}

describe('L9: a lease', () => {
  it('lets handlers start until one lease after the last confirmed renewal was sent', async () => {
    const { clock, keeper, identity, answers } = await setup();
    clock.jump(LEASE - 1);
    expect(identity.mayStart).toBe(true);
    clock.jump(1);
    expect(identity.mayStart).toBe(false);
    // The answer was slow: what counts is when the renewal was sent.
    answers('ok', 4000);
    await keeper.renew();
    clock.jump(LEASE - 4001);
    expect(identity.mayStart).toBe(true);
    clock.jump(1);
    expect(identity.mayStart).toBe(false);
  });

  it('that was missing is taken again, and the generation rises', async () => {
    const { keeper, calls, told, identity, answers } = await setup();
    const { generation } = identity;
    answers('missing');
    await keeper.renew();
    expect(calls).toEqual(['renew', 'take']);
    expect(told).toEqual(['renewed']);
    expect(identity.generation).toBe(generation + 1);
  });

  it("that is another's or a tombstone raises a doubt", async () => {
    const { keeper, told, answers } = await setup();
    answers('fenced');
    await keeper.renew();
    expect(told).toEqual(['fenced']);
  });

  it('unconfirmed for an hour is not renewed: its tombstone may have expired', async () => {
    const { clock, keeper, calls, told } = await setup();
    clock.jump(3_600_001);
    await keeper.renew();
    expect(calls).toEqual([]);
    expect(told).toEqual(['fenced']);
  });
});
