import { shardContext } from '../../../../../../test/support/shard-context.js';
import type { LeaseBroker } from '../../../redis/lease-broker.js';
import { LeaseKeeper } from './lease-keeper.js';
import { Membership } from './membership.js';

/** An instance that has joined, and whose clean-up may fail. */
async function joined(cleaning: () => Promise<unknown>) {
  const did: string[] = [];
  const warned: string[] = [];
  const note = (what: string) => {
    did.push(what);
    return Promise.resolve();
  };
  const leases = {
    renew: () => Promise.resolve({ kind: 'ok', now: 1, members: 1, notices: [] }),
    evictionPolicy: () => Promise.resolve('noeviction'),
    release: () => note('tombstone'),
    nudge: (text: string) => note(text),
  } as unknown as LeaseBroker;
  const context = shardContext({ logger: { warn: (_, text) => warned.push(text) } });
  const keeper = new LeaseKeeper(
    context,
    leases,
    { announcements: () => [], companions: [] },
    {
      ...{ renewed() {}, cancellations() {}, membersChanged() {}, async paused() {} },
    },
  );
  const membership = new Membership(context, keeper, leases, {
    ...{ ensureGroups: () => Promise.resolve(), registered() {} },
    leaving: () => cleaning().then(() => note('cleaned')),
  });
  await membership.join(() => Promise.resolve());
  return { membership, did, warned };
}

describe('an instance that leaves', () => {
  it('cleans up, leaves the tombstone and tells other instances', async () => {
    const { membership, did, warned } = await joined(() => Promise.resolve());
    await membership.leave();
    expect(did).toEqual(['cleaned', 'tombstone', 'left']);
    expect(warned).toEqual([]);
  });

  it('leaves the tombstone all the same when something cannot be cleaned up', async () => {
    const { membership, did, warned } = await joined(() => Promise.reject(new Error('WRONGTYPE')));
    await membership.leave();
    expect(did).toEqual(['tombstone', 'left']);
    expect(warned).toEqual(['could not clean up before it left: WRONGTYPE']);
  });
});
