import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { shardContext } from '../../../../../../test/support/shard-context.js';
import type { Connection } from '../../../redis/connect.js';
import { CommandFailure } from '../../../redis/failure.js';
import type { LeaseBroker } from '../../../redis/lease-broker.js';
import type { Link } from '../../../redis/link.js';
import { ConnectionWatch } from './connection-watch.js';

const OWN = 1;
const GRACE = 2500;

/** An instance that looks, another one with the connections 10, 11 and 12, and a third one with 20. */
async function setup() {
  const clock = new FakeClock();
  const link = {} as Link;
  const lines: string[] = [];
  const logger = { log: (_: string, text: string) => lines.push(text) };
  const context = shardContext({ clock, options: { leaseTtl: 600_000 }, logger });
  const { identity, connections } = context;
  const told = { open: new Set([OWN, 10, 11, 12, 20]), ids: [10, 11, 12], renewals: 0, delay: 0 };
  const asked = { urgent: [] as boolean[], revoked: [] as string[], verdict: 'revoked', scans: 0 };
  let failure: Error | undefined;
  let isTold = true;
  let meanwhile = async (): Promise<void> => {};
  const leases = {
    link,
    notedConnections: async (_: number, urgent: boolean) => {
      if (failure !== undefined) throw failure;
      asked.urgent.push(urgent);
      const { ids, renewals } = told;
      const note = `${renewals} run ${GRACE} ${ids.join(' ')}`;
      return [
        { consumer: identity.consumer, note: `1 run ${GRACE} 99`, grace: GRACE, ids: [99] },
        { consumer: 'other', note, grace: GRACE, ids },
        { consumer: 'third', note: `1 run ${GRACE} 20`, grace: GRACE, ids: [20] },
      ];
    },
    openConnections: async () => {
      clock.jump(told.delay);
      await meanwhile();
      return isTold ? told.open : undefined;
    },
    revoke: async (_: unknown, dead: string) => {
      asked.revoked.push(dead);
      return asked.verdict;
    },
  };
  const reconnect = (id: number): Promise<void> =>
    connections.opened(link, { call: async () => id } as unknown as Connection);
  await reconnect(OWN);
  const hooks = { revoked: () => void asked.scans++ };
  const watch = new ConnectionWatch(context, leases as unknown as LeaseBroker, hooks);
  return {
    ...{ clock, told, asked, watch, identity, reconnect, lines },
    /** Looks, `ms` later. */
    look: (ms = 0) => {
      clock.jump(ms);
      return watch.look();
    },
    dies: () => [10, 11, 12].forEach((id) => told.open.delete(id)),
    fails: (error: Error | undefined) => (failure = error),
    during: (happens: () => Promise<void>) => (meanwhile = happens),
    tells: (does: boolean) => (isTold = does),
  };
}

describe('L23: an instance without any of its connections', () => {
  it('is revoked when all of them were gone at two looks, its grace apart', async () => {
    const { look, dies, asked } = await setup();
    await look();
    dies();
    await look(800);
    await look(GRACE - 1);
    expect(asked).toMatchObject({ revoked: [], scans: 0 });
    await look(1);
    expect(asked).toMatchObject({ revoked: ['other'], scans: 1 });
    // Who saw it gone looks again whoever looked last.
    expect(asked.urgent).toEqual([false, false, true, true]);
  });

  it('is revoked after its own grace, also when another one is revoked meanwhile', async () => {
    const { look, dies, told, asked } = await setup();
    dies();
    await look();
    told.open.delete(20);
    await look(1000);
    await look(GRACE - 1000);
    expect(asked.revoked).toEqual(['other']);
    await look(1000);
    expect(asked.revoked).toContain('third');
  });

  it('lives as long as one of them is there', async () => {
    const { look, dies, told, asked } = await setup();
    dies();
    told.open.add(12);
    for (let i = 0; i < 10; i++) await look(GRACE);
    expect(asked.revoked).toEqual([]);
  });

  it('lives when it has renewed since it was missed', async () => {
    const { look, dies, told, asked } = await setup();
    dies();
    for (let i = 0; i < 10; i++) {
      told.renewals++;
      await look(GRACE);
    }
    expect(asked.revoked).toEqual([]);
  });

  it('is not judged by looks that took too long: nobody could reconnect meanwhile', async () => {
    const { look, dies, told, asked } = await setup();
    dies();
    await look();
    told.delay = 1001;
    await look(GRACE);
    told.delay = 0;
    await look();
    expect(asked.revoked).toEqual([]);
    await look(GRACE);
    expect(asked.revoked).toEqual(['other']);
  });

  it('is not judged by a look through two connections: they may lead to different servers', async () => {
    const { look, dies, asked, during, reconnect } = await setup();
    dies();
    await look();
    during(() => reconnect(2));
    await look(GRACE);
    expect(asked.revoked).toEqual([]);
  });

  it('is not judged where it cannot be told', async () => {
    const { look, dies, tells, asked } = await setup();
    dies();
    await look();
    tells(false);
    await look(GRACE);
    tells(true);
    await look();
    expect(asked.revoked).toEqual([]);
  });

  it('is not judged by one whose own lease is in doubt', async () => {
    const { look, dies, identity, asked } = await setup();
    dies();
    await look();
    identity.invalidate();
    await look(GRACE);
    expect(asked.revoked).toEqual([]);
  });

  it('is left alone when it has come back in the last moment', async () => {
    const { look, dies, asked } = await setup();
    asked.verdict = 'alive';
    dies();
    await look();
    await look(GRACE);
    expect(asked).toMatchObject({ revoked: ['other'], scans: 0 });
  });

  it('is left to its lease where Redis does not permit the question, which is asked once a minute', async () => {
    const { look, dies, fails, asked, lines, watch, clock } = await setup();
    dies();
    fails(new CommandFailure('refused', 'NOPERM', 'NOPERM no permissions'));
    await look();
    await look(GRACE);
    expect(asked.revoked).toEqual([]);
    expect(lines).toContain(
      'who is killed is noticed only when its lease ends: NOPERM no permissions',
    );
    fails(undefined);
    watch.start();
    clock.pass(59_000);
    expect(asked.urgent).toEqual([]);
    clock.pass(2000);
    await watch.stop();
    expect(asked.urgent).toHaveLength(1);
  });
});
