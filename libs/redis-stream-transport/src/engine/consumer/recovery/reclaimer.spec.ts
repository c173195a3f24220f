import { shardContext } from '../../../../../../test/support/shard-context.js';
import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import type { LeaseBroker } from '../../../redis/lease-broker.js';
import { TOMBSTONE } from '../../../redis/lua/fence.js';
import { Reclaimer } from './reclaimer.js';
import { PatternState, type PatternSpec } from '../intake/pattern-state.js';
import { StreamState } from '../intake/stream-state.js';

const NO_ISOLATION = { expect: () => undefined, expected: () => undefined };

/** Dead consumers that left so many entries each, and one slot to take them over. */
function graveyard(left: Record<string, number>) {
  const stream = new StreamState('work');
  stream.patterns.set('work', new PatternState({ concurrency: undefined } as PatternSpec));
  const asked = { scan: 0, look: 0, revoke: 0, revoked: [] as string[], claimed: [] as string[] };
  let free = 1;
  const broker = {
    group: 'service',
    scan: async () => {
      asked.scan++;
      return [{ consumers: Object.keys(left), broadcasts: [] }];
    },
    claim: async (_: unknown, dead: string) => {
      if (left[dead] === 0) {
        delete left[dead];
        return 'empty';
      }
      left[dead]!--;
      asked.claimed.push(dead);
      return [{}];
    },
  };
  const leases = {
    look: async (names: readonly string[]) => {
      asked.look++;
      return names.map(() => ({ value: TOMBSTONE, left: 1000 }));
    },
    notices: async () => [],
    revoke: async () => {
      asked.revoke++;
      return 'revoked';
    },
  };
  const clock = new FakeClock();
  const context = shardContext({ clock, options: { leaseTtl: 1000, maxDeliveries: 3 } });
  const redis = { broker: broker as never as GroupBroker, leases: leases as never as LeaseBroker };
  const reclaimer = new Reclaimer(context, redis, () => [stream], {
    revoked: async (dead) => void asked.revoked.push(dead),
    claimed: () => free--,
    mayClaim: () => true,
    free: () => free,
    room: { mayPark: true, takesSuspect: true, nested: 0, isolation: NO_ISOLATION },
  });
  reclaimer.start();
  const scan = async (): Promise<void> => {
    free = 1;
    await reclaimer.scan();
  };
  return { asked, reclaimer, scan, left };
}

describe('taking over slot by slot', () => {
  it('asks for each entry where it is, which consumers are dead, and for the entry, and no more', async () => {
    const { asked, reclaimer, scan } = graveyard({ a: 3, b: 3, c: 3 });
    for (let i = 0; i < 9; i++) {
      await scan();
      expect(reclaimer.hasUnclaimed).toBe(true);
    }
    expect(asked.claimed).toHaveLength(9);
    expect(asked).toMatchObject({ scan: 9, look: 9, revoke: 0, revoked: ['a', 'b', 'c'] });
    await scan();
    expect(reclaimer.hasUnclaimed).toBe(false);
    await reclaimer.stop();
  });

  it('ends the starts of a dead consumer again when it is listed anew', async () => {
    const { asked, reclaimer, scan, left } = graveyard({ a: 0 });
    await scan();
    await scan();
    left['a'] = 0;
    await scan();
    expect(asked.revoked).toEqual(['a', 'a']);
    await reclaimer.stop();
  });
});

it('lets nothing begin while it claims a suspect, until that is here', async () => {
  const order: string[] = [];
  const stream = new StreamState('work');
  stream.patterns.set('work', new PatternState({ concurrency: undefined } as PatternSpec));
  const broker = {
    group: 'service',
    scan: async () => [{ consumers: ['dead'], broadcasts: [] }],
    claim: async (_: unknown, dead: string, _name: string, { suspects }: { suspects: boolean }) => {
      order.push(`claims ${suspects ? 'suspects' : 'others'} of ${dead}`);
      return suspects ? [{}] : 'suspects';
    },
  };
  const leases = {
    look: async () => [{ value: TOMBSTONE, left: 1000 }],
    notices: async () => [],
  };
  let isHere = false;
  const context = shardContext({ options: { leaseTtl: 1000, maxDeliveries: 3 } });
  const redis = { broker: broker as never as GroupBroker, leases: leases as never as LeaseBroker };
  const reclaimer = new Reclaimer(context, redis, () => [stream], {
    revoked: () => Promise.resolve(),
    claimed: () => {
      isHere = true;
      order.push('is here');
    },
    mayClaim: () => true,
    free: () => 1,
    room: {
      mayPark: true,
      get takesSuspect() {
        return !isHere;
      },
      nested: 0,
      isolation: {
        expect: () => void order.push('nothing begins'),
        expected: () => void order.push('others may begin'),
      },
    },
  });
  reclaimer.start();
  await reclaimer.scan();
  expect(order).toEqual([
    'claims others of dead',
    ...['nothing begins', 'claims suspects of dead', 'is here', 'others may begin'],
  ]);
  await reclaimer.stop();
});
