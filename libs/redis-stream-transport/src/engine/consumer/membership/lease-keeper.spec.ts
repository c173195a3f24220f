import { shardContext } from '../../../../../../test/support/shard-context.js';
import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import type { LeaseAnswer, LeaseBroker } from '../../../redis/lease-broker.js';
import type { Renewal } from '../../../redis/operations/lease/renew.js';
import type { Connection } from '../../../redis/connect.js';
import { LeaseKeeper } from './lease-keeper.js';

const LEASE = 9000;

async function setup() {
  const clock = new FakeClock();
  const calls: string[] = [];
  const noted: (readonly number[])[] = [];
  const notices: string[] = [];
  let meanwhile = async (): Promise<void> => {};
  let kind: LeaseAnswer['kind'] = 'ok';
  /** Milliseconds that an answer takes. */
  let delay = 0;
  const renew = async (_: unknown, { take, connections }: Renewal, by?: Connection) => {
    noted.push(connections?.ids ?? []);
    if (by !== undefined) calls.push(`by ${String(await by.call('CLIENT', 'ID'))}`);
    await meanwhile();
    calls.push(take ? 'take' : 'renew');
    clock.jump(delay);
    const answer = take ? 'ok' : kind;
    return { kind: answer, now: 1, members: 1, notices };
  };
  const broker = { renew } as unknown as LeaseBroker;
  const context = shardContext({ clock, options: { leaseTtl: LEASE, reconnectGrace: 2500 } });
  const { identity, connections } = context;
  const link = {};
  const connection = (id: number) => ({ call: async () => id }) as unknown as Connection;
  await connections.opened(link, connection(1));
  const told: string[] = [];
  identity.whenDoubted((doubt) => told.push(doubt));
  const keeper = new LeaseKeeper(
    context,
    broker,
    { announcements: () => [], heard: () => [], companions: [] },
    {
      renewed: () => told.push('renewed'),
      missing: () => told.push('missing'),
      cancellations: (texts) => told.push(...texts),
      membersChanged: () => {},
      paused: async () => {},
    },
  );
  await keeper.take();
  calls.length = told.length = noted.length = 0;
  return {
    ...{ clock, calls, told, keeper, identity, connections, noted, notices, connection },
    reconnected: (id: number) => {
      connections.ended(link);
      return connections.opened(link, connection(id));
    },
    /** What happens while Redis is asked, the first time. */
    during: (happens: () => Promise<void>) => {
      meanwhile = () => {
        meanwhile = async () => {};
        return happens();
      };
    },
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
    expect(told).toEqual(['missing', 'renewed']);
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

describe('L23: the connections', () => {
  it('are noted with each renewal, and once more when others came up while Redis was asked', async () => {
    const { keeper, noted, connections, during } = await setup();
    await keeper.renew();
    expect(noted).toEqual([[1]]);
    const second = { call: async () => 2 } as unknown as Connection;
    during(() => connections.opened({}, second));
    await keeper.renew();
    expect(noted).toEqual([[1], [1], [1, 2]]);
  });

  it('are noted by the one that has just come up, which renews the lease', async () => {
    const { clock, keeper, noted, notices, connections, connection, calls, told, identity } =
      await setup();
    clock.jump(LEASE);
    notices.push('given up');
    await connections.opened({}, connection(2));
    await keeper.renew(connection(2));
    expect(calls).toEqual(['by 2', 'renew']);
    expect(noted).toEqual([[1, 2]]);
    expect(told).toEqual(['given up']);
    expect(identity.mayStart).toBe(true);
  });

  it('that have just come up do not take a lease that is missing, and see that it is fenced', async () => {
    const { keeper, connection, told, identity, answers } = await setup();
    const { generation } = identity;
    answers('missing');
    await keeper.renew(connection(2));
    expect([told, identity.generation]).toEqual([[], generation]);
    answers('fenced');
    await keeper.renew(connection(2));
    expect(told).toEqual(['fenced']);
  });

  it('that have just come up renew nothing once the lease is given back, or too old', async () => {
    const { clock, keeper, connection, calls } = await setup();
    clock.jump(3_600_001);
    await keeper.renew(connection(2));
    keeper.stop();
    await keeper.renew(connection(2));
    expect(calls).toEqual([]);
  });

  it('are not noted as long as one of them is unknown', async () => {
    const { keeper, noted, connections } = await setup();
    const refusing = { call: () => Promise.reject(new Error('NOPERM')) } as unknown as Connection;
    await connections.opened({}, refusing);
    await keeper.renew();
    expect(noted).toEqual([[]]);
  });
});

describe('L9: who has lost all connections', () => {
  it('starts nothing after half of the grace, until a renewal is confirmed', async () => {
    const { clock, identity, keeper } = await setup();
    identity.cutOff(1250);
    clock.jump(1249);
    expect(identity.mayStart).toBe(true);
    clock.jump(1);
    expect(identity.mayStart).toBe(false);
    await keeper.renew();
    expect(identity.mayStart).toBe(true);
  });
});
