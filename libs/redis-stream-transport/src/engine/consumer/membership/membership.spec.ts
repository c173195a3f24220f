import { shardContext } from '../../../../../../test/support/shard-context.js';
import type { LeaseBroker } from '../../../redis/lease-broker.js';
import type { AnnounceAnswer } from '../../../redis/operations/lease/announce.js';
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
    { announcements: () => [], heard: () => [], companions: [] },
    {
      ...{ renewed() {}, missing() {}, cancellations() {}, membersChanged() {}, async paused() {} },
    },
  );
  const membership = new Membership(context, keeper, leases, {
    ...{ ensureGroups: () => Promise.resolve(), registered() {} },
    leaving: () => cleaning().then(() => note('cleaned')),
  });
  await membership.join(() => Promise.resolve());
  return { membership, did, warned };
}

/** An instance that wants to join, and what Redis says to its announcements; the last answer again and again. */
function joining(...answers: AnnounceAnswer[]) {
  const did: string[] = [];
  const leases = {
    renew: async () => ({ kind: 'ok', now: 1, members: 1, notices: [] }),
    evictionPolicy: async () => 'noeviction',
    announce: async () => {
      did.push('announced');
      return (answers.length > 1 ? answers.shift() : answers[0]) as AnnounceAnswer;
    },
    release: async () => void did.push('released'),
  } as unknown as LeaseBroker;
  const context = shardContext();
  const announcements = () => [{ pattern: 'a', once: false }];
  const news = { announcements, heard: () => [], companions: [] };
  const keeper = new LeaseKeeper(context, leases, news, {
    ...{ renewed() {}, missing() {}, cancellations() {}, membersChanged() {}, async paused() {} },
  });
  const membership = new Membership(context, keeper, leases, {
    ensureGroups: async () => void did.push('groups'),
    ...{ registered() {}, leaving: async () => undefined },
  });
  const join = membership.join(() => Promise.resolve());
  join.catch(() => undefined);
  /** Lets so many milliseconds pass, in steps. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) {
      await new Promise((resolve) => setImmediate(resolve));
      context.clock.pass(50);
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { did, join, pass };
}

describe('an instance whose pattern another group answers by a wildcard', () => {
  const yields: AnnounceAnswer = { kind: 'ok', yields: { pattern: 'a', group: 'wild' } };

  it('makes its groups when that one has left it', async () => {
    const { did, join, pass } = joining(yields, yields, { kind: 'ok' });
    await pass(200);
    await join;
    expect(did).toEqual(['announced', 'announced', 'announced', 'groups']);
  });

  it('does not join if that one does not leave it within ten seconds', async () => {
    const { did, join, pass } = joining(yields);
    await pass(9000);
    expect(did.includes('released')).toBe(false);
    await pass(2000);
    await expect(join).rejects.toMatchObject({ code: 'GROUP_CONFLICT', pattern: 'a' });
    expect(did.at(-1)).toBe('released');
    expect(did.includes('groups')).toBe(false);
    // Each time all names are told again.
    expect(did.filter((what) => what === 'announced').length).toBeLessThan(20);
  });
});

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
