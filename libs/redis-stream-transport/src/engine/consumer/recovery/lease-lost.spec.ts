import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { shardContext } from '../../../../../../test/support/shard-context.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import type { LeaseBroker } from '../../../redis/lease-broker.js';
import { TOMBSTONE } from '../../../redis/lua/fence.js';
import type { LeaseLost } from '../../../redis/owner.js';
import type { StartBroker } from '../../../redis/start-broker.js';
import { PatternState, type PatternSpec } from '../intake/pattern-state.js';
import type { Reader } from '../intake/reader.js';
import { StreamState } from '../intake/stream-state.js';
import { Auditor } from './auditor.js';
import { OrphanedRequests } from './orphaned-requests.js';
import { Reclaimer } from './reclaimer.js';

const NO_ISOLATION = { expect: () => undefined, expected: () => undefined };

class Requests extends StreamState {
  override get kind() {
    return 'r' as const;
  }
}

/** An instance to which Redis says this of its lease. */
function instance() {
  const clock = new FakeClock();
  const context = shardContext({ clock, options: { leaseTtl: 1000, maxDeliveries: 3 } });
  const doubts: LeaseLost[] = [];
  context.identity.whenDoubted((kind) => doubts.push(kind));
  return { clock, context, doubts };
}

/** Another consumer is listed, and this is what its lease holds. */
function scanning(answer: LeaseLost, value: string) {
  const { context, clock, doubts } = instance();
  const stream = new StreamState('work');
  stream.patterns.set('work', new PatternState({ concurrency: undefined } as PatternSpec));
  const broker = {
    group: 'service',
    scan: async () => [{ consumers: ['other'], broadcasts: [] }],
    claim: async () => answer,
  } as unknown as GroupBroker;
  const leases = {
    look: async () => [{ value, left: value === '' ? -2 : 1000 }],
    revoke: async () => answer,
  } as unknown as LeaseBroker;
  const reclaimer = new Reclaimer(context, { broker, leases }, () => [stream], {
    revoked: async () => {},
    claimed: () => {},
    mayClaim: () => true,
    free: () => 1,
    room: { mayPark: true, takesSuspect: true, nested: 0, isolation: NO_ISOLATION },
  });
  reclaimer.start();
  return { reclaimer, clock, doubts, context };
}

/** A lease that is missing is taken again under the same name; a fenced one is another owner's. */
describe.each(['missing', 'fenced'] as const)('a lease that is %s is told as such', (answer) => {
  it('by an audit that fetches', async () => {
    const { context, doubts } = instance();
    const broker = {
      snapshot: async () => [['1-0']],
      fetch: async () => answer,
    } as unknown as GroupBroker;
    const reader = { settled: async () => {} } as unknown as Reader;
    const of = { reader, streams: [new StreamState('s')], limit: 10 };
    const found: unknown[] = [];
    const hooks = { found: () => found.push(1), heal: async () => {}, unblock: () => {} };
    await new Auditor(context, broker, of, hooks).audit();
    expect({ doubts, found }).toEqual({ doubts: [answer], found: [] });
  });

  it('by a claim', async () => {
    const { reclaimer, doubts } = scanning(answer, TOMBSTONE);
    await reclaimer.scan();
    await reclaimer.stop();
    expect(doubts).toEqual([answer]);
  });

  it('by a revocation', async () => {
    const { reclaimer, doubts, clock, context } = scanning(answer, '');
    await reclaimer.scan();
    clock.jump(900);
    context.identity.confirm(clock.now());
    await reclaimer.scan();
    await reclaimer.stop();
    expect(doubts).toEqual([answer]);
  });

  it('by an adoption, which has then adopted nothing', async () => {
    const { context, clock, doubts } = instance();
    const broker = {
      orphans: async () => ({ next: '', ids: ['1-0'] }),
      adopt: async () => answer,
    } as unknown as StartBroker;
    let adopted = 0;
    const orphans = new OrphanedRequests(context, broker, [new Requests('s')], () => adopted++);
    await orphans.look();
    clock.jump(30_000);
    await orphans.look();
    expect({ doubts, adopted }).toEqual({ doubts: [answer], adopted: 0 });
  });
});
